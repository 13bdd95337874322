"""Whether content may leave the process on spans: only when the official variable asks for it."""

import json
import os
from typing import Final

from loopwatch.canonical import canonical

CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Official variable: NO_CONTENT (the default), SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT; formerly true."""

_ON_SPANS: Final = frozenset({"span_only", "span_and_event", "true", "1"})


def captures_content() -> bool:
    """Say whether arguments, results and error messages are put on spans."""
    return os.environ.get(CAPTURE_VARIABLE, "").strip().lower() in _ON_SPANS


def as_content(value: object) -> str:
    """Return *value* as a span carries it: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, or an object inside itself
        return canonical(value)
