"""Canonical form of results and errors: what changes at every call without meaning anything is masked."""

import re
from typing import Final

from loopwatch.canonical import capped, json_text, normalise

_VOLATILE: Final = re.compile(
    r"\b(?=[0-9a-fA-F])(?:"  # this look-ahead makes it eight times faster on prose
    r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|\d\d:\d\d:\d\d(?:\.\d+)?)"
    r"|(?P<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<hex>0x[0-9a-fA-F]{6,}\b|(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}\b)"
    r"|(?P<duration>\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|sec|seconds|minutes)\b))"
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_PATH: Final = re.compile(r"(?:[\w.~-]+)?(?:/[\w.~-]+)+|[A-Za-z]:\\\S+")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_ERROR_KEY_CHARS: Final = 300


def canonical_result(result: object) -> str:
    """Return *result* in canonical form with time stamps, UUIDs, long hexadecimal ids and durations masked.

    At most 4 KiB; of a longer one the head and a digest of the whole.
    """
    return capped(_VOLATILE.sub(lambda match: f"<{match.lastgroup}>", json_text(normalise(result))))


def error_key(text: str) -> str:
    """Return what two failures of one kind share: also quotes, paths and numbers masked, 300 characters at most."""
    masked = canonical_result(text)
    for pattern, mask in ((_QUOTED, "<quoted>"), (_PATH, "<path>"), (_NUMBER, "0")):
        masked = pattern.sub(mask, masked)
    return masked[:_ERROR_KEY_CHARS]
