"""Reads the configuration: defaults, then the file, then the environment, then `--set`; the later wins."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loopwatch_processor.config import doors
from loopwatch_processor.config.access import Fault
from loopwatch_processor.config.problems import describe, located, unknown_key
from loopwatch_processor.config.references import resolved
from loopwatch_processor.config.settings import Config
from loopwatch_processor.config.sources import (
    FILE_VARIABLE,
    Layer,
    merged,
    read_environment,
    read_file,
    read_overrides,
)
from loopwatch_processor.errors import ConfigError

DEFAULT_FILE = Path("loopwatch.yaml")


def find_file(path: Path | None = None) -> Path | None:
    """The file to read: *path*, else what LOOPWATCH_CONFIG names, else ./loopwatch.yaml if there is one."""
    if path is not None:
        return path
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def load(path: Path | None = None, settings: Sequence[str] = (), *, sends: bool = True) -> Config:
    """The configuration; *settings* are the `key=value` of `--set`.

    *sends*: it is the service's, or somebody is notified with it. Where neither is so, as with a person on call who
    mutes an agent, routing keys, tokens and certificates need not be at hand: it is right that they are the service's.

    Raises:
        ConfigError: something cannot be used; it has every problem, and where each was set.
    """
    file = find_file(path)
    layers = [read_file(file) if file is not None else Layer(), read_environment(), read_overrides(settings)]
    problems = [problem for layer in layers for problem in layer.problems]
    found = resolved(merged(layers))
    data: dict[str, Any] = found.data
    problems.extend(text for layer in layers for name, text in layer.unknown.items() if name not in found.variables)
    # The journal is used by all; who sends nothing needs no other secret.
    missing = [(path, what) for path, what in found.problems if sends or path[0] == "journal"]
    problems.extend(located(what, path, layers) for path, what in missing)
    known = {key: data[key] for key in Config.model_fields if key in data}
    problems.extend(unknown_key((key,), layers) for key in data if key not in known)
    try:
        config = Config(**known)
    except ValidationError as error:
        raise ConfigError([*problems, *describe(error, data, layers)]) from error
    if sends:
        problems.extend(located(what, path, layers) for path, what in _faults(config))
    if problems:
        raise ConfigError(problems)
    return config


def _faults(config: Config) -> Iterator[Fault]:
    """What is wrong outside of the settings: with files and variables that they name."""
    yield from doors.faults(config)
    for number, route in enumerate(config.notify.routes):
        if route.fault:
            yield ("notify", "routes", number), route.fault
