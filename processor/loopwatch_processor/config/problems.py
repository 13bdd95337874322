"""What is wrong with settings, in sentences that say where and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from loopwatch_processor.config.nearest import nearest
from loopwatch_processor.config.references import Hidden
from loopwatch_processor.config.settings import INHERITED, Config
from loopwatch_processor.config.sources import KeyPath, Layer, place_of
from loopwatch_processor.redact import redacted

_NOT_SHOWN = frozenset({"headers", "apprise", "heartbeat_url"})
_WANTED = {
    "model_type": "should be a mapping of settings",
    "model_attributes_type": "should be a mapping of settings",
    "dict_type": "should be a mapping",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "string_type": "should be text",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "finite_number": "should be a finite number",
}
"""pydantic's kinds of errors that it tells in Python's words, in YAML's."""
_OF_SEVERAL = frozenset({"model_type", "model_attributes_type", "dict_type", "list_type", "tuple_type"})
_RULE_DEPTH = 3
"""A path into a rule's own section is longer than agents, index, section."""


def describe(error: ValidationError, data: Any, layers: Sequence[Layer]) -> list[str]:
    """Every problem that *error* found in *data*, which comes from *layers*."""
    return [
        _sentence(detail, path, layers)
        for detail in error.errors()
        if not _is_inherited(path := tuple(part for part in detail["loc"] if part != "[key]"), data)
    ]


def _is_inherited(path: KeyPath, data: Any) -> bool:
    """Whether a rule's problem is one of the top-level settings below it, which is told there."""
    if path[:1] != ("agents",) or len(path) <= _RULE_DEPTH or path[2] not in INHERITED:
        return False
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return True
    return False


def unknown_key(path: KeyPath, layers: Sequence[Layer]) -> str:
    """The problem that nobody reads *path*."""
    return located(_unknown(path), path, layers)


def _sentence(detail: ErrorDetails, path: KeyPath, layers: Sequence[Layer]) -> str:
    return located(_what(detail, path), path, layers)


def located(what: str, path: KeyPath, layers: Sequence[Layer]) -> str:
    """The problem *what* with the setting at *path*, and where that was set."""
    where = ".".join(str(part) for part in path)
    place = place_of(path, layers)
    return f"{where or 'the settings'}: {what}{f' ({place})' if place else ''}"


def _unknown(path: KeyPath) -> str:
    known = list(_keys_at(path[:-1]))
    guess = nearest(str(path[-1]), known)
    return f"unknown key, did you mean {guess}?" if guess else f"unknown key, there are {', '.join(known)}"


def _what(detail: ErrorDetails, path: KeyPath) -> str:
    if detail["type"] == "extra_forbidden":
        return _unknown(path)
    if detail["type"] == "missing":
        return "is required"
    message = _WANTED.get(detail["type"]) or detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    given = detail["input"]
    if detail["type"] == "value_error" or isinstance(given, BaseModel | Hidden) or not _NOT_SHOWN.isdisjoint(path):
        return message
    if detail["type"] in _OF_SEVERAL and isinstance(given, str):
        return f"{message}, not text"  # it may be an address with a password in it, or a key
    return f"{message}, not {_short(given)}"


def _short(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    value = redacted(value) if isinstance(value, str) else value
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _keys_at(path: KeyPath) -> Iterator[str]:
    """The keys that the section at *path* may have."""
    annotation: Any = Config
    for part in path:
        model = _model(annotation)
        if model is not None:
            item = model.model_fields.get(str(part))
            annotation = item.annotation if item is not None else None
        else:
            annotation = _element(annotation)
    model = _model(annotation)
    yield from model.model_fields if model is not None else ()


def _model(annotation: Any) -> type[BaseModel] | None:
    """The section that *annotation* is, also where it may be null."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return next((found for item in get_args(annotation) if (found := _model(item)) is not None), None)
    return None


def _element(annotation: Any) -> Any:
    """What a list or mapping holds."""
    arguments = get_args(annotation)
    if not arguments:
        return None
    origin = get_origin(annotation)
    return arguments[1] if isinstance(origin, type) and issubclass(origin, Mapping) else arguments[0]
