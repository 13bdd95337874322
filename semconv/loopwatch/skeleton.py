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

_NAME_WORD: Final = re.compile(r"[A-Za-z][a-z]*")
_WALK_NAMES: Final = """
after around before context depth end from limit lines max offset page pages since skip start timeout top until wait
zoom
"""
WALKED: Final = frozenset(_WALK_NAMES.split())
"""What numbers are called by which one walks through a result or looks farther, in common interfaces."""
_RANGE_NAMES: Final = """
count days delay distance height hours k level margin min minutes n radius range resolution results scale score seconds
size stop threshold to width window
"""
RANGES: Final = WALKED.union(_RANGE_NAMES.split())
"""And by which one says how much; in even steps these may name items, such as sizes or levels. Others may anyhow."""
_DATE: Final = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_QUANTITY: Final = re.compile(
    rf"""(?:(?P<bound>after|before|end|from|since|start|to|until)["':=\ ]{{1,4}})?
        (?<!\d)(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)
        (?:[T\ ](?P<hour>\d\d):(?P<minute>\d\d)(?::\d\d)?)?
      | {NUMBER.pattern}""",
    re.VERBOSE | re.IGNORECASE,
)
_OPTION: Final = "-"
"""What the name of a number begins with where it is an option of a command."""


class Day(float):
    """A date as a number: days of a calendar whose months have 31 days each, with the time as a fraction."""

    is_bound: bool = False
    """Whether one looks from or up to it; any other date names a day."""


def quantities(text: str) -> tuple[float, ...]:
    """Return the numbers in *text* in order; a date is one, a `Day`."""
    if _DATE.search(text) is None:
        return tuple(map(float, NUMBER.findall(text)))
    return tuple(_day(found) if found["year"] else float(found[0]) for found in _QUANTITY.finditer(text))


def _day(found: re.Match[str]) -> Day:
    year, month, day, hour, minute = (int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute"))
    moment = Day(372 * year + 31 * month + day + hour / 24 + minute / 1440)
    moment.is_bound = found["bound"] is not None
    return moment


def is_called(path: str, names: frozenset[str]) -> bool:
    """Say whether the field at dotted *path* has one of *names* in its own, or is an option."""
    name = path.rpartition(".")[2]
    return name.startswith(_OPTION) or any(word.lower() in names for word in _NAME_WORD.findall(name))


def walk_skeleton(text: str, normal: Json) -> str:
    """Return what calls share that differ in how far they look only: as `skeleton`, with all other numbers kept.

    It stands for the arguments where only its hash is sent, and nobody can ask which number moved. A command tells no
    names, so all of its numbers are replaced.
    """
    fields = list(leaves(normal))
    if any(is_code_key(path) for path, _ in fields):
        return skeleton(text, normal)
    kept = [str(value) for path, value in fields if _has_number(value) and not is_called(path, WALKED)]
    return "\0".join((skeleton(text, normal), *kept))


def _has_number(value: object) -> bool:
    return not isinstance(value, bool) and NUMBER.search(str(value)) is not None


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
