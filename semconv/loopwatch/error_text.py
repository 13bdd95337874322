"""The class of a failure by what its text says: a rule for errors of which nothing but words is known."""

import functools
import re
from typing import Final

from loopwatch.attributes import ToolErrorClass

_CLASSES: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (ToolErrorClass.RATE_LIMIT, r"rate.?limit|too.?many.?requests|\b429\b|quota|throttl"),
        (ToolErrorClass.AUTH, r"unauthori[sz]ed|authentication|invalid.?api.?key|\b401\b|expired token"),
        (ToolErrorClass.DENIED, r"permission|forbidden|denied|\b403\b|not.?allowed"),
        (ToolErrorClass.TIMEOUT, r"time.?out|timed out|deadline"),
        (
            ToolErrorClass.SCHEMA,
            r"validation.?error|schema|missing \d* ?required|unexpected keyword|invalid.?arg|badrequest",
        ),
        (ToolErrorClass.NOT_FOUND, r"not.?found|no such|unknown tool|\b404\b"),
        (ToolErrorClass.INVALID_OUTPUT, r"jsondecode|invalid.?output|output.?pars"),
        (ToolErrorClass.UNAVAILABLE, r"unavailable|connection|\b50[0234]\b|overloaded|internal.?server"),
    )
)


def error_class(error_type: str, message: str) -> ToolErrorClass:
    """Return the class of an error by its type, else by its message; OTHER where neither tells."""
    for said in (error_type, message):
        found = _class_in(said) if len(said) <= _KNOWN_MAX_CHARS else _search(said)
        if found is not None:
            return found
    return ToolErrorClass.OTHER


def _search(said: str) -> ToolErrorClass | None:
    for name, pattern in _CLASSES:
        if said and pattern.search(said):
            return name
    return None


_KNOWN_MAX_CHARS: Final = 256
_class_in: Final = functools.lru_cache(maxsize=1_024)(_search)
"""An agent in trouble fails again and again in the same words, and eight searches take 10 µs."""
