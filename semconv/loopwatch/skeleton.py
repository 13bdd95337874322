"""The skeleton of a call: equal for two calls that differ in numbers only, and name the same thing."""

import re
from typing import Final

from loopwatch.canonical import Json, leaves

NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
"""A number as it stands in arguments."""

_NAMES_AN_ITEM: Final = re.compile(r"(?:^|[_.])(?:id|ids|no|nr|number|code|sku|key|ref|index|row|day|date|year)$|Id$")


def skeleton(text: str, normal: Json) -> str:
    """Return canonical *text* with every number replaced by 0, but for those that name an item of a list.

    *normal* are the arguments that :func:`loopwatch.canonical.normalise` made and *text* was written from.
    """
    bare = NUMBER.sub("0", text)
    if bare == text:
        return text
    items = [str(value) for path, value in leaves(normal) if _NAMES_AN_ITEM.search(path)]
    return "\0".join((bare, *items))
