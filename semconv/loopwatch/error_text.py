"""The class of a failure by what its text says: a rule for errors of which nothing but words is known."""

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
        for name, pattern in _CLASSES:
            if said and pattern.search(said):
                return name
    return ToolErrorClass.OTHER
