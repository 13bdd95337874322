"""Histories that grow: each call of a conversation repeats the messages of the last one, which are not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from loopwatch_processor.conversation import Message, Transcript
from loopwatch_processor.dialects.reading import is_huge

WORTH_CHARS = 4_096
"""Shorter ones are read again in the time that finding them takes."""
_KNOWN_MAX = 512
_KEPT_MAX_CHARS = 16_384
"""Of what one holds that is kept."""
_TAIL_CHARS = 48
_ENDS_MAX = 64
"""Looked at, the last one first: so many messages, or parts of them, may have come since."""

Reader = Callable[[Any], list[Message]]
"""What makes messages of the objects in a list, of each by itself."""


@dataclass(slots=True)
class _Known:
    """What was heard up to the end of one message."""

    digest: int
    """Of the text, or the items, up to there. `hash` is keyed with a secret of the process: nobody can choose one."""
    transcript: Transcript


_Key = tuple[Reader, int, str | int]
"""Who read it, where it ends, and how: in these characters of a text, or with this digest of a list of items."""

_known: dict[_Key, _Known] = {}


def heard(text: str, read: Reader) -> Transcript | None:
    """What the messages in *text*, a JSON array of objects, tell; None where it is none, or too short to be looked up.

    So the sixtieth turn of a conversation takes 0.3 ms instead of 1.5.
    """
    if len(text) < WORTH_CHARS or not text.startswith("[{") or is_huge(text):
        return None
    transcript, end = _begun(text, read)
    try:
        new = orjson.loads("[" + text[end:]) if end else orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if new:
        if not isinstance(new[0], dict):
            return None
        transcript.take(read(new), ())
    elif text[end - 1] == ",":
        return None  # nothing after a comma is no JSON
    _keep(text, read, transcript)
    return transcript


WORTH_ITEMS = 16
"""Fewer are read again."""
_CHECKED_MAX = 64
"""Of the newest items, as many as ends of a text."""


def listed(items: Sequence[Any], read: Reader) -> Transcript:
    """What the messages in *items* tell, each of which *read* takes by itself, and which grow as a history does.

    For histories that do not come as a JSON array of their own; an item is JSON, or what can be hashed.
    """
    transcript, begun, digests = Transcript(), 0, _digests(items) if len(items) >= WORTH_ITEMS else []
    for end in range(len(digests), max(0, len(digests) - _CHECKED_MAX), -1):
        known = _known.get((read, end, digests[end - 1]))
        if known is not None:
            transcript, begun = known.transcript.copy(), end
            break
    transcript.take(read(items[begun:]), ())
    if digests:
        _remember((read, len(items), digests[-1]), digests[-1], transcript)
    return transcript


def _begun(text: str, read: Reader) -> tuple[Transcript, int]:
    """The transcript of what is known of *text*, and where the next object begins; 0 where nothing is known."""
    for end in _ends(text):
        known = _known.get((read, end, text[end - _TAIL_CHARS : end]))
        if known is not None and known.digest == hash(text[:end]):
            return known.transcript.copy(), end + (text[end] == ",")
    return Transcript(), 0


def _ends(text: str) -> Iterator[int]:
    """Where objects end after which others, or nothing, follow; some of them are parts of a message."""
    end = len(text.rstrip()) - 1
    if text[end - 1 : end + 1] == "}]":
        yield end
    for _ in range(_ENDS_MAX):
        end = text.rfind("},", _TAIL_CHARS, end) + 1
        if not end:
            return
        yield end


def _keep(text: str, read: Reader, transcript: Transcript) -> None:
    end = len(text.rstrip()) - 1
    if text[end - 1 : end + 1] == "}]":
        _remember((read, end, text[end - _TAIL_CHARS : end]), hash(text[:end]), transcript)


def _remember(key: _Key, digest: int, transcript: Transcript) -> None:
    if transcript.size > _KEPT_MAX_CHARS:
        return
    _known.pop(key, None)  # what was met last is forgotten last
    if len(_known) >= _KNOWN_MAX:
        del _known[next(iter(_known))]
    _known[key] = _Known(digest, transcript.copy())


def _digests(items: Sequence[Any]) -> list[int]:
    """Of the items up to each one; none where one of them cannot be told from others."""
    digests, digest = [], 0
    for item in items:
        try:
            digest = hash((digest, orjson.dumps(item) if isinstance(item, dict) else item))
        except (TypeError, RecursionError):  # nested deeper than orjson writes
            return []
        digests.append(digest)
    return digests
