"""Whether content may leave the process on spans: only when the official variable asks for it."""

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
    """Return *value* as a span carries it: JSON text, at most 4 KiB."""
    return canonical(value)
