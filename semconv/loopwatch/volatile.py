"""What changes at every answer without meaning anything: times, durations, addresses, ids. All of it is masked."""

import re
from collections.abc import Mapping
from typing import Final

MASK: Final = "~"
"""What stands for a volatile part."""

_DIGIT: Final = re.compile(r"\d")
_DATE: Final = r"\d{3}-\d\d-\d\d[Tt\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|\ ?[+-]\d\d:?\d\d)?"
"""Behind its first digit, as all that follows; a bare date is content."""
_TIME: Final = r"\d:\d\d:\d\d(?:[.,]\d+)?\b | (?<=0)[xX][0-9a-fA-F]+\b"
_UUID: Final = r"[0-9a-fA-F]{7}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
_DURATION: Final = r"""
    \d*[hm](?:\d+[hm])*\d+(?:\.\d+)?s\b
  | \d*(?:[.,]\d+)?\ ?(?i:[nuµm]s(?:ecs?)?|(?:nano|micro|milli)?sec(?:ond)?s?|s|mins?|minutes?)\b
    (?!\ (?:left|remaining|to\ go))
"""
_CLOCK: Final = re.compile(rf"[0-9](?<![^\W_].)(?:{_DATE} | (?<!_.)(?:{_TIME} | {_DURATION}))", re.VERBOSE)
"""What is left of `_MOMENT` where there is no long number: half of the time.

A set of characters goes first in each: to the next of them `re` skips, which saves a third.
"""
_MOMENT: Final = re.compile(
    rf"""[0-9a-fA-F](?<![^\W_].)(?:
      (?<=\d)(?:{_DATE} | (?<!_.)(?:{_TIME} | {_UUID}
        | (?=[0-9a-fA-F]{{7}})(?:\d{{11,}}|(?=\d*[a-fA-F])[0-9a-fA-F]+)\b             # the first look saves a third
        | (?<=[0-7])[0-9A-HJKMNP-TV-Z]{{25}}\b                                      # ULID
        | (?<=1)\d{{9}}(?:\.\d+|\d{{3}}|\d{{6}}|\d{{9}})?\b                         # seconds since 1970, finer too
        | {_DURATION}
      ))
    | (?<=[a-fA-F])(?<!_.)(?:{_UUID}
        | (?=[0-9a-fA-F]{{7}})(?=[a-fA-F]*\d)[0-9a-fA-F]+\b
        | (?<=e)yJ[\w-]{{8,}}(?:\.[\w-]+){{0,2}}                                    # RFC 7519: a token
    ))""",
    re.VERBOSE,
)
_OTHER_DIGIT: Final = re.compile(r"[^\D0-9]")


def _table(others: str, kinds: Mapping[str, str]) -> bytes:
    """What `bytes.translate` needs to leave of each byte its kind alone; *others* is that of bytes beyond ASCII."""
    table = bytearray("." * 0x80 + others * 0x80, "ascii")
    for kind, chars in kinds.items():
        for char in chars:
            table[ord(char)] = ord(kind)
    return bytes(table)


_DIGITS: Final = "0123456789"
_KINDS: Final = _table("s", {"0": _DIGITS, " ": " ", "-": "-", ":": ":", "x": "xX", "h": "h", "s": "nNuUmMsS"})
"""An "s" may begin a unit of time, or be the "m" of minutes."""
_CLOCK_PARTS: Final = (b"0s", b"0 s", b"0h0", b"0x", b"0-00-00", b"00:00:00")
_HEXADECIMAL: Final = _table(".", {"h": _DIGITS + "abcdefABCDEF"})
_HEXADECIMAL_PART: Final = b"h" * 8
_ULID: Final = _table(".", {"u": _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
_ULID_PART: Final = b"u" * 26
_LABEL: Final = r"""\b(?:
    r(?:un[_\ -]?id|eq(?:uest)?[_\ -]?id|etry(?:[_\ -]?count)?)
  | s(?:ession(?:[_\ -]?id)?|pan[_\ -]?id|eq(?:(?:uence)?[_\ -]?(?:id|no|num|number))?)
  | m(?:essage|sg)[_\ -]?id | t(?:race[_\ -]?id|ook_?ms) | c(?:all|orrelation)[_\ -]?id
  | e(?:vent[_\ -]?id|lapsed(?:_?m?s)?) | p(?:rocess[_\ -]?id|id) | duration(?:_?m?s)? | latency(?:_?ms)?
  | uptime | nonce | attempts?
)"""
"""Names under which logs, queues and HTTP clients tell what is new each time; by first letters, which is fastest."""

_LOWER_LABEL: Final = re.compile(_LABEL, re.VERBOSE)
"""Looking for a label in lower case first takes a third of the time."""
_LOWER_IN_SEVERAL_WAYS: Final = ("\u0131", "\u017f", "\u0307")
_LABEL_PARTS: Final = (
    *("retr", "session", "elapsed", "duration", "latency", "uptime", "nonce", "attempt", "took", "seq"),
    *_LOWER_IN_SEVERAL_WAYS,
)
_ID_AND_NUMBER: Final = re.compile(r"""id["']?\s?[:= ]\s?["']?[a-z_.-]*\d""")
"""One of these parts, or this, is in each labelled number: looking for them takes a third of looking for labels."""
_LABELLED: Final = re.compile(_LABEL + r"""["']?\s?[:=\ ]\s?["']?[a-z_.-]*\d[\w.-]*""", re.VERBOSE | re.IGNORECASE)
_MILLISECONDS: Final = re.compile(
    r""""(?!\w*(?:eta|left|offset|position|remaining))\w+(?:_ms|Ms)"\s?:\s?\d+(?:\.\d+)?""", re.IGNORECASE
)
"""A duration under a name for it: what is measured so finely is no state, unless it says what is left or reached."""
VOLATILE_CHARS: Final = bytes({*range(0x28), *b"+,-.:=~_", *b"0123456789", *range(0x7F, 0x100)}) + (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
"""All that may stand in what `steady` masks, and its mask; of what is in UTF-8 beyond ASCII every byte."""


_CALENDAR_NAMES: Final = """
jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october
november december mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday
"""
_CALENDAR: Final = frozenset(_CALENDAR_NAMES.split())
_ZONE_NAMES: Final = "utc gmt z am pm bst cdt cest cet cst edt est ist jst mdt mst pdt pst"
_ZONES: Final = frozenset(_ZONE_NAMES.split())
"""What `date`, RFC 5322 and people write beside a time; a number beside the name of a month is its day, or a year."""
_ALPHANUMERICS: Final = re.compile(r"[^\W_]+")
_ALONE_MAX_CHARS: Final = 200
_YEAR_DIGITS: Final = 4
_CLOCK_TIME: Final = re.compile(r".*\d:\d\d.*|1[5-9]\d{8}(?:\.\d+|\d{3})?")
"""Of what is masked that which a clock tells. Numbers as long may be ids: only those of 2017 to 2033 are Unix times."""


def is_moment(text: str) -> bool:
    """Say whether *text* is nothing but times of day, with their dates: what a clock tells."""
    if not is_moment_or_id(text):
        return False
    return all(_CLOCK_TIME.fullmatch(found[0]) is not None for found in _MOMENT.finditer(text))


def is_moment_or_id(text: str) -> bool:
    """Say whether *text* is nothing but times, durations and ids, with their dates: what is masked is all it tells."""
    moment = _moment_in(text) if len(text) <= _ALONE_MAX_CHARS else None
    if moment is None:
        return False
    rest = moment.sub(" ", text)
    words = set(_ALPHANUMERICS.findall(rest.lower())) - _ZONES
    if words.isdisjoint(_CALENDAR):
        return not words and rest != text
    return rest != text and all(word in _CALENDAR or (word.isdecimal() and len(word) <= _YEAR_DIGITS) for word in words)


def steady(text: str) -> str:
    """Return *text* with times, durations, addresses and ids masked, which change while nothing else does."""
    if _DIGIT.search(text) is None:
        return text
    moment = _moment_in(text)
    if moment is not None:
        text = moment.sub(MASK, text)
    if '_ms"' in text or 'Ms"' in text:
        text = _MILLISECONDS.sub(MASK, text)
    lowered = text.lower()
    if not _may_hold_label(lowered) or _LOWER_LABEL.search(lowered) is None:
        return text
    return _LABELLED.sub(MASK, text)


def _moment_in(text: str) -> re.Pattern[str] | None:
    """What finds the moments in *text*; None where no part is there that moments are made of.

    That takes a fifth of the time of looking for them.
    """
    data = text.encode(errors="replace")
    if _HEXADECIMAL_PART in data.translate(_HEXADECIMAL) or _ULID_PART in data.translate(_ULID) or b"eyJ" in data:
        return _MOMENT
    if len(data) > len(text) and _OTHER_DIGIT.search(text) is not None:
        return _MOMENT
    kinds = data.translate(_KINDS)
    for part in _CLOCK_PARTS:
        if part in kinds:
            return _CLOCK
    return None


def _may_hold_label(lowered: str) -> bool:
    """False where no label with a number behind it can be."""
    for part in _LABEL_PARTS:
        if part in lowered:
            return True
    return _ID_AND_NUMBER.search(lowered) is not None
