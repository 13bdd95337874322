"""The skeleton of a call: equal for two calls that differ in numbers only, and name the same thing."""

import re
from typing import Final

from loopwatch.canonical import Json, leaves

NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
"""A number as it stands in arguments."""

_ITEM_DIGITS: Final = 5
"""A whole number of so many digits is an id or a moment; a shorter one may be an offset, a size or a measure."""

_NAMES_AN_ITEM: Final = re.compile(
    r"(?:^|[_.])(?:id|ids|no|nr|number|code|sku|key|ref|index|item|row|line|day|date|year)$|Id$"
)


def skeleton(text: str, normal: Json) -> str:
    """Return canonical *text* with numbers replaced by 0, but for those that name an item of a list.

    These are whole numbers of five digits or more (our own choice), and fields called id, row, year and the like.

    *normal* are the arguments that :func:`loopwatch.canonical.normalise` made and *text* was written from.
    """
    bare = NUMBER.sub(_bare, text)
    if bare == text:
        return text
    items = [str(value) for path, value in leaves(normal) if _NAMES_AN_ITEM.search(path)]
    return "\0".join((bare, *items))


def _bare(number: re.Match[str]) -> str:
    found = number[0]
    return "0" if len(found) < _ITEM_DIGITS or "." in found else found
