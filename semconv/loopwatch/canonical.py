"""Canonical form and class of tool arguments: two spellings of one call become one text.

Rules: reference study of soft loops, items 1 and 2 (sorted keys, folded white space, ``1.0`` = ``1``).
What is missing is unknown and never equal to anything: see :func:`argument_class`.
"""

import dataclasses
import enum
import functools
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import c_make_encoder, encode_basestring  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

from loopwatch.attributes import ToolArgumentsClass

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A plain JSON value."""

CANONICAL_MAX_BYTES: Final = 4096
"""Longest canonical text: of a longer one the head is kept and a digest stands for the whole."""

_READ_MAX_CHARS: Final = 65_536
_MAX_NODES: Final = 4096
_MAX_DEPTH: Final = 32
_EXACT_FLOAT_MAX: Final = 2.0**53

ArgumentClass: TypeAlias = ToolArgumentsClass
"""How a call's arguments are to be compared."""

_OPENING: Final = ("{", "[", '"')
"""With one of which JSON begins that is worth decoding."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_CODE_KEY = re.compile(r"(?:^|_)(?:commands?|cmd|script|shell|bash|code|sql|cypher|sparql|graphql)(?:$|_)")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OPTION = re.compile(r"(?:^|\s)--?[A-Za-z]")
_CODE_MARKS: Final = frozenset("|;{}()=$\\<>[]/_#*&")
_CODE_MARKS_PER_WORD: Final = 0.12
_PROSE_WORDS: Final = 3


def canonical(arguments: object) -> str:
    """Return the one text that every spelling of *arguments* shares, at most 4 KiB of UTF-8.

    Keys are sorted, white space is folded, whole floats become integers, JSON inside JSON is decoded. A
    longer text ends in a digest of the whole. Never raises: what cannot be read is taken by its ``str()``.
    """
    return canonical_text(normalise(arguments))


def canonical_text(normal: Json) -> str:
    """Return the canonical text of arguments that :func:`normalise` has read."""
    return capped(json_text(normal))


def normalise(arguments: object) -> Json:
    """Return *arguments* as plain JSON values in canonical form: at most 4,096 of them."""
    try:
        return _Normaliser().value(arguments, 0)
    except Exception:  # noqa: BLE001 - a user's own __str__ may raise anything
        return f"<{type(arguments).__name__}>"


def argument_class(arguments: object) -> ArgumentClass:
    """Say how *arguments* are to be compared; ``None`` means that they were not captured."""
    if arguments is None:
        return ArgumentClass.UNKNOWN
    return class_of(normalise(arguments))


def class_of(normal: Json) -> ArgumentClass:
    """Return the class of arguments that :func:`normalise` has read."""
    if normal is None or normal in ("", {}, []):
        return ArgumentClass.EMPTY
    prose = False
    for path, leaf in leaves(normal):
        if not isinstance(leaf, str):
            continue
        head = leaf[:CANONICAL_MAX_BYTES]
        if (head and is_code_key(path)) or _looks_like_code(head):
            return ArgumentClass.CODE
        prose = prose or _looks_like_prose(head)
    return ArgumentClass.PROSE if prose else ArgumentClass.STRUCTURED


def leaves(normal: Json, path: str = "") -> Iterator[tuple[str, bool | int | float | str | None]]:
    """Yield (dotted path, scalar) in canonical order; the items of a list share their list's path."""
    if isinstance(normal, dict):
        for key in sorted(normal):
            item, where = normal[key], f"{path}.{key}" if path else key
            if isinstance(item, (dict, list)):
                yield from leaves(item, where)
            else:  # most are: a generator of its own for each takes twice the time
                yield where, item
    elif isinstance(normal, list):
        for item in normal:
            yield from leaves(item, path)
    else:
        yield path, normal


class _Normaliser:
    """One pass over one value; counts nodes so that a huge or endless object costs a bounded time."""

    def __init__(self) -> None:
        self._nodes_left = _MAX_NODES

    def value(self, raw: object, depth: int) -> Json:
        self._nodes_left -= 1
        if raw is None or isinstance(raw, bool):
            return raw
        if self._nodes_left < 0 or depth > _MAX_DEPTH:
            return "…"
        if type(raw) is str:  # as nearly all are: whether it is an enumeration takes longer to ask than to read it
            return self._text(raw, depth)
        if type(raw) is dict:  # nor what else it may be
            return self._mapping(raw, depth + 1)
        return self._other(raw, depth)

    def _other(self, raw: object, depth: int) -> Json:
        if isinstance(raw, enum.Enum):
            return self.value(raw.value, depth + 1)
        if isinstance(raw, str):
            return self._text(raw, depth)
        if isinstance(raw, (int, float)):
            return _number(raw)
        return self._container(raw, depth + 1)

    def _container(self, raw: object, depth: int) -> Json:
        if isinstance(raw, Mapping):
            return self._mapping(raw, depth)
        if isinstance(raw, (list, tuple)):
            return [self.value(item, depth) for item in _bounded(raw, self._nodes_left)]
        if isinstance(raw, (set, frozenset)):
            items = [self.value(item, depth) for item in _bounded(raw, self._nodes_left)]
            return sorted(items, key=json_text)
        if isinstance(raw, (bytes, bytearray)):
            return self._text(raw.decode("utf-8", "replace"), depth)
        if dataclasses.is_dataclass(raw) and not isinstance(raw, type):
            fields = {field.name: getattr(raw, field.name) for field in dataclasses.fields(raw)}
            return self.value(fields, depth)
        return _ADDRESS.sub("", _fold(str(raw)))

    def _mapping(self, raw: Mapping[Any, Any], depth: int) -> Json:
        found: dict[str, Json] = {}
        is_small = type(raw) is dict and len(raw) <= self._nodes_left
        for key, item in raw.items() if is_small else _bounded(raw.items(), self._nodes_left):
            # Plain texts, as nearly all arguments are, without three calls for each: it takes two thirds of the time.
            if type(item) is str and len(item) <= _READ_MAX_CHARS and self._nodes_left > 0 and depth <= _MAX_DEPTH:
                folded = _fold(item)
                if folded[:1] not in _OPENING:
                    self._nodes_left -= 1
                    found[_fold(str(key))] = folded
                    continue
            found[_fold(str(key))] = self.value(item, depth)
        return found

    def _text(self, raw: str, depth: int) -> Json:
        if len(raw) > _READ_MAX_CHARS:
            return _fold(raw[:CANONICAL_MAX_BYTES]) + "…" + _digest(raw)
        text = raw.strip()
        if text[:1] in _OPENING:
            decoded = _decoded(text)
            if decoded is not None:
                return self.value(decoded, depth + 1)
        return _fold(text)


def _bounded(items: Iterable[Any], limit: int) -> Iterable[Any]:
    return itertools.islice(items, max(limit + 1, 0))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(raw: int | float) -> Json:  # compiled, what is a `float` alone loses digits of integers from 2**53
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() and abs(raw) < _EXACT_FLOAT_MAX else raw + 0.0
    return raw if abs(raw) < 1 << 256 else hex(raw)  # str() of a huge integer raises


def _fold(text: str) -> str:
    folded = " ".join(text.split())
    return folded if folded.isascii() else folded.encode("utf-8", "replace").decode()


def json_text(normal: Json) -> str:
    """Return what :func:`normalise` has read as text of any length: a text as it is, anything else as JSON."""
    if isinstance(normal, str):
        return normal
    return "".join(_ENCODE(normal, 0)) if _ENCODE is not None else _ENCODER.encode(normal)


_ENCODER: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_ENCODE: Final[Any] = c_make_encoder and c_make_encoder(
    None, _ENCODER.default, encode_basestring, None, ":", ",", True, False, True
)
"""What the encoder makes anew at every call, which takes twice as long as most arguments do; None outside CPython."""


def capped(text: str) -> str:
    """Return *text* in at most 4 KiB of UTF-8: of a longer one the head and a digest of the whole."""
    if len(text) * 4 <= CANONICAL_MAX_BYTES:
        return text
    data = text.encode()
    if len(data) <= CANONICAL_MAX_BYTES:
        return text
    head = data[: CANONICAL_MAX_BYTES - 40].decode("utf-8", "ignore")
    return head + "…" + _digest(text)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


@functools.lru_cache(maxsize=1024)
def is_code_key(path: str) -> bool:
    """Say whether the field at dotted *path* holds code, by its name."""
    return _CODE_KEY.search(_CAMEL.sub("_", path.rpartition(".")[2]).lower()) is not None


def _looks_like_code(leaf: str) -> bool:
    """A single word (a path, a URL, an id) is a literal however many marks it has."""
    words = leaf.count(" ") + 1
    return words >= _PROSE_WORDS and sum(map(leaf.count, _CODE_MARKS)) > _CODE_MARKS_PER_WORD * words


def _looks_like_prose(leaf: str) -> bool:
    return leaf.count(" ") + 1 >= _PROSE_WORDS and _OPTION.search(leaf) is None
