"""`${env:NAME}` and `${file:PATH}` in settings: secrets come from where they are kept; as the Collector does it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopwatch_processor.config.sources import KeyPath

_REFERENCE = re.compile(r"\$(?P<plain>\$)?\{(?P<kind>env|file):(?P<name>[^{}]*)\}")
_VARIABLE_KEY = re.compile(r".*_envs?$")
"""Settings whose values are names of variables."""


class Hidden(str):
    """Text that came from elsewhere, and is never shown."""

    __slots__ = ()


@dataclass(slots=True)
class Resolved:
    """Settings with every reference replaced."""

    data: Any = None
    problems: list[tuple[KeyPath, str]] = field(default_factory=list)
    """What could not be read, by the setting; those settings are left out."""
    variables: set[str] = field(default_factory=set)
    """Environment variables that are meant for some setting."""


class _Missing(Exception):
    """Raised when a reference leads nowhere; says where to, never what is there."""


def resolved(data: Any) -> Resolved:
    """*data* as plain settings."""
    found = Resolved(variables=set(_variables(data)))
    found.data = _resolve(data, (), found)
    return found


def _resolve(value: Any, path: KeyPath, found: Resolved) -> Any:
    if isinstance(value, dict):
        return dict(_each(value.items(), path, found))
    if isinstance(value, list):
        return [item for _, item in _each(enumerate(value), path, found)]
    if isinstance(value, str) and _REFERENCE.search(value):
        text = _REFERENCE.sub(_replaced, value)
        return Hidden(text)
    return value


def _each(items: Any, path: KeyPath, found: Resolved) -> Iterator[tuple[Any, Any]]:
    for key, value in items:
        try:
            yield key, _resolve(value, (*path, key), found)
        except _Missing as missing:
            found.problems.append(((*path, key), str(missing)))


def _replaced(reference: re.Match[str]) -> str:
    if reference["plain"]:
        return reference[0][1:]
    name = reference["name"].strip()
    return _of_variable(name) if reference["kind"] == "env" else _of_file(Path(name))


def _of_variable(name: str) -> str:
    text = os.environ.get(name)
    if text is None:
        raise _Missing(f"the environment variable {name} is not set")
    return text


def _of_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:  # ValueError: neither is a name with a NUL in it one of a file
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise _Missing(f"the file {path} cannot be read: {reason}") from None


def _variables(value: Any, named: bool = False) -> Iterator[str]:
    """The environment variables that *value* names."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _variables(item, bool(_VARIABLE_KEY.fullmatch(str(key))))
    elif isinstance(value, list):
        for item in value:
            yield from _variables(item, named)
    elif isinstance(value, str):
        yield from ([value] if named else [])
        yield from (found["name"].strip() for found in _REFERENCE.finditer(value) if found["kind"] == "env")
