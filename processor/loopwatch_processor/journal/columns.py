"""Column types that take whatever agents and clients send: what a database cannot hold must not undo a transaction."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import orjson
from sqlalchemy import BigInteger, Float, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

KEY_CHARACTERS = 255
"""Far below what an index of PostgreSQL takes; clients choose session and call ids as long as they like."""
_REFUSED = re.compile("[\0\ud800-\udfff]")
_INT64_MAX = 2**63 - 1


class Words(TypeDecorator[str]):
    """Text, without NUL (PostgreSQL has none) and lone surrogates (UTF-8 has none)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)


class Key(TypeDecorator[str]):
    """Text that identifies a row; the end of a long one is a digest of all of it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable_key(value)


class Count(TypeDecorator[int]):
    """A whole number; one beyond 64 bits is the largest that fits."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else max(-_INT64_MAX, min(value, _INT64_MAX))


class Amount(TypeDecorator[float]):
    """A number; one that is not finite is unknown."""

    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        return value if value is not None and math.isfinite(value) else None


def storable(text: str) -> str:
    """*text* with U+FFFD for each character that some database refuses."""
    if text.isascii() and "\0" not in text:
        return text  # nearly all is so: looking for the characters took half of writing a snapshot of 4 KB
    return _REFUSED.sub("\ufffd", text)


def storable_key(text: str) -> str:
    """*text* as a key column holds it."""
    if len(text) > KEY_CHARACTERS:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        text = f"{text[: KEY_CHARACTERS - len(digest) - 1]}~{digest}"
    return storable(text)


def to_json(document: Any) -> str:
    """*document* as JSON that every database takes: what is not finite is null."""
    try:
        return orjson.dumps(document).decode()
    except TypeError:  # a lone surrogate, a whole number beyond 64 bits: rare, and slower
        return json.dumps(_plain(document), allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int():
            return value
        case _:
            return storable(str(value))
