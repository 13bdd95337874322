"""What a call seems to do, by its own words: change something, only let time pass, or neither."""

import functools
import re
from collections.abc import Iterable
from typing import Final

from loopwatch.attributes import ToolArgumentsEffect
from loopwatch.canonical import CANONICAL_MAX_BYTES, ArgumentClass, Json, leaves

_NAME_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAME_MAX_CHARS: Final = 80
_CONTAINERS: Final = frozenset({dict, list})
_VERBS: Final = """
add append apply book cancel change commit copy create delete deploy drop edit insert install merge migrate modify move
overwrite patch post publish push put refactor remove rename replace reply restart restore revert rewrite rollback save
send set submit transfer undo update upgrade upload write
"""
_WRITE_VERBS: Final = frozenset(_VERBS.split())
"""Verbs of HTTP, SQL, file systems and version control that change something."""
_READS: Final = frozenset({"get", "read", "show", "list", "what", "now", "latest", "current", "head"})
"""Words with which tools begin that tell what there is, or what is newest: our own choice."""
_NAMESPACE: Final = re.compile(r".*(?:__|[./:])")
_STATES: Final = frozenset({"progress", "state", "status"})
_VERB_KEYS: Final = frozenset({"action", "operation", "op", "method", "verb"})
_CODE: Final = ArgumentClass.CODE
_WAITS: Final = re.compile(
    r"^\s*(?:sleep|wait)(?:[_\s]*(?:for)?[_\s]*(?:\d[\d.]*)?[smh]?|_seconds)?\s*$", re.IGNORECASE
)
_COMMANDS: Final = r"(?:sudo\s+)?(?:rm|mv|cp|mkdir|touch|patch|chmod|ln)\s"
_BEGINS_WITH_WRITE: Final = re.compile(rf"{_COMMANDS}|\s*(?:insert|update|delete|create|alter|drop|merge)\s")
_QUERY: Final = re.compile(r"\s*select\s[^;]*;?\s*")
"""SQL that only reads: what redirects in a shell compares in it."""
_GIT: Final = (
    r"\bgit\s+(?:add|am|apply|bisect|checkout|cherry-pick|commit|merge|mv|pull|push|rebase|reset|restore|revert|rm|stash"
    r"|switch)\b"
)
_WRITES: Final = tuple(
    (mark, re.compile(pattern))
    for marks, pattern in (
        ((">",), r">(?<![0-9&>].)>?(?!\s*/dev/null|&|=)"),
        (("<<",), r"<<-?\s*['\"]?\w"),
        ((";",), rf";\s*{_COMMANDS}"),
        (("&",), rf"&\s*{_COMMANDS}"),
        (("|",), rf"\|\s*{_COMMANDS}"),
        (("sed ",), r"\bsed\s+(?:-\w+\s+)*-i"),
        (("tee ",), r"\btee\s"),
        (("vim ", "vi "), r"\bvim?\s"),
        (("perl ",), r"\bperl\s+(?:-\w+\s+)*-\w*i"),
        (("git ",), _GIT),
        (
            ("install", "add", "remove"),
            r"\b(?:pip3?|npm|yarn|apt(?:-get)?|cargo|uv)\s+(?:\w+\s+)?(?:install|add|remove)\b",
        ),
        (("open(",), r"""(?:\bopen\([^)]*,|\.open\()\s*(?:mode\s*=\s*)?['"][wa]b?\+?['"]"""),
        ((".write",), r"\.write(?:_text|_bytes)?\("),
    )
    for mark in marks
)
"""Each with a text that must be there: looking for these first is much cheaper."""


def effect_of(normal: Json, kind: ArgumentClass) -> ToolArgumentsEffect | None:
    """Return what arguments that are to be compared as *kind* seem to do; None for what is no command and no verb."""
    if writes(normal, kind):
        return ToolArgumentsEffect.WRITE
    if any(waits(text) for text in texts_of(normal)):
        return ToolArgumentsEffect.WAIT
    return ToolArgumentsEffect.READ if kind is ArgumentClass.CODE else None


def writes(normal: Json, kind: ArgumentClass) -> bool:
    """Say whether the call changes something: by its verb, or by its command where it is code."""
    if isinstance(normal, dict) and not _VERB_KEYS.isdisjoint(normal):
        for key in _VERB_KEYS:
            if key in normal and has_write_verb(str(normal[key])):
                return True
    if kind is not _CODE:
        return False
    for text in texts_of(normal):  # noqa: SIM110 - a generator takes twice as long
        if _command_writes(text[:CANONICAL_MAX_BYTES].lower()):
            return True
    return False


def _command_writes(text: str) -> bool:
    if _BEGINS_WITH_WRITE.match(text) is not None:
        return True
    if _QUERY.fullmatch(text) is not None:
        return False
    for mark, pattern in _WRITES:  # noqa: SIM110 - a generator takes twice as long
        if mark in text and pattern.search(text) is not None:
            return True
    return False


def waits(text: str) -> bool:
    """Say whether *text*, a command or the name of a tool, only lets time pass."""
    return _WAITS.search(text) is not None


def asks_for_state(name: str) -> bool:
    """Say whether *name*, of a tool, ends in what it asks for: the state of something, however that is called."""
    found = _words_of(name[-_NAME_MAX_CHARS:])
    return bool(found) and found[-1] in _STATES


def has_write_verb(name: str) -> bool:
    """Say whether *name*, of a tool or an action, has a verb in it that changes something."""
    return not _WRITE_VERBS.isdisjoint(_words_of(name[:_NAME_MAX_CHARS]))


def begins_with_reading(name: str) -> bool:
    """Say whether *name*, of a tool, begins with a word that only reads; behind its namespace, as `server__get_head`.

    Elsewhere in a name such a word says what is done to what: `pay_now`, `notify_list`, `run_latest`.
    """
    found = _words_of(_NAMESPACE.sub("", name[-_NAME_MAX_CHARS:]))
    return bool(found) and found[0] in _READS


@functools.lru_cache(maxsize=1024)  # tools are called again and again: a tenth of the time
def _words_of(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _NAME_WORD.findall(name))


def texts_of(normal: Json) -> Iterable[str]:
    """Return the texts in arguments that :func:`loopwatch.canonical.normalise` has read."""
    if isinstance(normal, dict) and _CONTAINERS.isdisjoint(map(type, normal.values())):
        return [value for _, value in sorted(normal.items()) if isinstance(value, str)]  # half of the time of `leaves`
    return (leaf for _, leaf in leaves(normal) if isinstance(leaf, str))
