"""What a call says in sentences: its prose, the sentences that code hands on, and the names in them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from loopwatch.canonical import CANONICAL_MAX_BYTES, ArgumentClass, class_of
from loopwatch.words import FieldText

FEW_NAMES: Final = 3
"""From so many names on they tell what a request is about."""

_PROSE_SPACES: Final = 2

_QUOTED: Final = re.compile(
    r"""(["'](?<![^\s(\[{,=+:].)(?:
        (?<=")(?:""(.*?)"{3}|([^"\\]*(?:\\.[^"\\]*)*)")
      | (?<=')(?:''(.*?)'{3}|([^'\\]*(?:\\.[^'\\]*)*)')))""",
    re.DOTALL | re.VERBOSE,
)
"""A text literal of any common language; the apostrophe of a word begins none."""
TASK_MIN_CHARS: Final = 20
"""Shorter literals hand on no task."""
HERE_DOCUMENT: Final = "<<'"
"""Two in five scripts that are mostly between quotes have one; to find all of their literals takes 10 µs."""
_NAME: Final = re.compile(r"[A-Z\d](?<!\w.)(?<!\A.)(?<![.!?:]\s.)(?:(?<=\d)[\w.]*|(?<!\d)\w+)")
"""A word that stands for a particular thing: capitalised within a sentence, or with a number."""


def quoted_sentences(texts: Sequence[str]) -> str:
    """Return the sentences that code hands on, where *texts* are little more than that: a task for another agent.

    "" for anything else. At most the first 4,096 characters of each text are read.
    """
    if not may_be_mostly_quoted(texts):
        return ""
    heads = [text[:CANONICAL_MAX_BYTES] for text in texts]
    literals = [literal for head in heads for literal in _QUOTED.findall(head)]
    total = sum(map(len, heads))
    code = total - sum([len(whole) for whole, *_ in literals])
    if 2 * code > total:  # most code ends here
        return ""
    found = "".join(["".join(said) for _, *said in literals])
    is_task = len(found) >= max(code, TASK_MIN_CHARS) and class_of(found) is ArgumentClass.PROSE
    return found if is_task else ""


def may_be_mostly_quoted(texts: Sequence[str]) -> bool:
    """Return False where what lies between the first and the last quote is too little for `quoted_sentences`.

    Or where a script writes a file or feeds a program: what it quotes is not put to anybody.
    """
    quoted = spaces = total = 0
    for text in texts:
        if HERE_DOCUMENT in text:
            return False
        total += len(text)
        double, single = text.find('"'), text.find("'")
        if double >= 0 or single >= 0:
            first = min(double, single) if double >= 0 and single >= 0 else max(double, single)
            last = max(text.rfind('"'), text.rfind("'"))
            quoted += last - first
            spaces += text.count(" ", first, last)
    return quoted >= TASK_MIN_CHARS and spaces >= _PROSE_SPACES and 2 * quoted >= total


def is_sentence(value: str) -> bool:
    """Say whether the *value* of a field that is no code is prose."""
    return value.count(" ") >= _PROSE_SPACES


def prose_of(fields: Iterable[FieldText]) -> str:
    """Return the sentences in *fields* as one text."""
    return " ".join(field.value for field in fields if is_sentence(field.value))


def names_in(text: str) -> frozenset[str]:
    """Return the names and numbers in the sentences of *text*, in lower case, but for those that begin one."""
    return frozenset(map(str.lower, _NAME.findall(text)))
