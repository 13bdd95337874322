"""The skeleton of a call: equal for two calls that differ in numbers only, and name the same thing."""

import re
from typing import Final

from loopwatch.canonical import Json, is_code_key, leaves

NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
"""A number as it stands in arguments."""

_ITEM_DIGITS: Final = 5
"""A whole number of so many digits is an id or a moment; a shorter one may be an offset, a size or a measure."""
_ROUND_END: Final = "000"

_NAMES_AN_ITEM: Final = re.compile(
    r"(?:^|[_.])(?:id|ids|no|nr|number|code|sku|key|ref|index|item|row|line|day|date|year"
    r"|week|month|version|entry|batch|part|chapter|section|floor|room|seat)$|Id$"
)
_ITEM: Final = re.compile(r"[^\W\d_]+[-_#]?\d+")
"""A name with a number at its end; a measure has its unit there, as 30s and 8px do."""


def skeleton(text: str, normal: Json) -> str:
    """Return canonical *text* with numbers replaced by 0, but for those that name an item of a list.

    These are whole numbers of five digits or more (our own choice) that are not in thousands, as sizes and limits are,
    fields called id, row, year and the like, and, beside no command, words that end in a number, as R-7 and build12 do.

    *normal* are the arguments that :func:`loopwatch.canonical.normalise` made and *text* was written from.
    """
    bare = NUMBER.sub(_bare, text)
    if bare == text:
        return text
    found = list(leaves(normal))
    is_code = any(is_code_key(path) for path, _ in found)
    items = [str(value) for path, value in found if _is_item(path, value, is_code)]
    return "\0".join((bare, *items))


def _is_item(path: str, value: object, is_code: bool) -> bool:
    if _NAMES_AN_ITEM.search(path) is not None:
        return True
    return not is_code and isinstance(value, str) and _ITEM.fullmatch(value) is not None


def _bare(number: re.Match[str]) -> str:
    found = number[0]
    return "0" if len(found) < _ITEM_DIGITS or "." in found or found.endswith(_ROUND_END) else found
