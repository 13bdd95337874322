"""The secrets among the settings, so that nothing that is logged holds one, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, SecretStr

from loopwatch_processor.config.settings import Config
from loopwatch_processor.redactor import Redactor

_PASSWORD = re.compile(r"://[^/\s]*?:([^/\s]+)@")
_IN_QUERY = re.compile(r"[?&](?:\w*password|\w*token|\w*key|\w*secret)=([^&\s]+)", re.IGNORECASE)
_SHORTEST_CHARACTERS = 4
"""A shorter one would be found in every second word."""


def redactor_of(config: Config) -> Redactor:
    """What *config* says must not come out, beside what never does."""
    return Redactor(config.capture.redact_keys, config.capture.redact_patterns, secrets_of(config))


def secrets_of(config: BaseModel) -> frozenset[str]:
    """What *config* hides, the last word of each (a token behind Bearer), and passwords in URLs."""
    return frozenset(text for text in _of(config) if len(text) >= _SHORTEST_CHARACTERS)


def _of(value: Any) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _of(getattr(value, name))
    elif isinstance(value, dict):
        yield from _of_all(value.values())
    elif isinstance(value, list | tuple):
        yield from _of_all(value)
    elif isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield from (text, text.rpartition(" ")[2])
        yield from _in_url(text)
    elif isinstance(value, str):
        yield from _in_url(value)


def _of_all(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _of(value)


def _in_url(text: str) -> Iterator[str]:
    yield from _PASSWORD.findall(text)
    yield from _IN_QUERY.findall(text)
