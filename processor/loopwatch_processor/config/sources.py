"""Where settings come from: a YAML file, environment variables, `--set`. Each is one layer that knows its places."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from loopwatch_processor.config.nearest import nearest
from loopwatch_processor.config.section import laid_over
from loopwatch_processor.config.settings import ENV_DELIMITER, ENV_PREFIX, Config

FILE_VARIABLE = "LOOPWATCH_CONFIG"
_NOT_SETTINGS = frozenset(
    {
        FILE_VARIABLE,
        *("LOOPWATCH_TOKEN", "LOOPWATCH_SKETCH_KEY", "LOOPWATCH_INFLIGHT", "LOOPWATCH_INFLIGHT_ENDPOINT"),
        *("LOOPWATCH_GRPC", "LOOPWATCH_OTELCOL", "LOOPWATCH_PROMETHEUS", "LOOPWATCH_ALERTMANAGER"),
        *("LOOPWATCH_REQUIRE_STACK", "LOOPWATCH_SHARED", "LOOPWATCH_PROMTOOL"),
    }
)
"""Variables of the helpers, of the command line, of the Collector's files and the stack, and of our own tests."""
_SERVICE_LINK = re.compile(r".*(SERVICE_HOST|SERVICE_PORT(_.+)?|_PORT|_PORT_\d+_(TCP|UDP|SCTP)(_.+)?)$")
"""What Kubernetes sets in every pod beside a service named loopwatch: not meant for us."""

KeyPath = tuple[str | int, ...]


@dataclass(slots=True)
class Layer:
    """Settings from one source, nested like the configuration."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, str] = field(default_factory=dict)
    """Where each key was set, in words."""
    problems: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    """The problem with each variable that is no setting, if none names it."""

    def place(self, path: KeyPath) -> str | None:
        """Where *path*, or something in it, was set here; None where it was not."""
        inside = (place for known, place in self.places.items() if known[: len(path)] == path)
        return self.places.get(path) or next(inside, None)


def read_file(path: Path) -> Layer:
    """The settings of the YAML file *path*."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return Layer(problems=[f"{path}: cannot be read: {reason}"])
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else {}
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return Layer(problems=[f"{path}{_line_of(error)}: is not YAML: {_reason(error)}"])
    if not isinstance(data, dict):
        return Layer(problems=[f"{path}: must be a mapping of settings, such as `receive:`"])
    layer = Layer(data)
    if node is not None:
        _locate(node, (), layer, str(path), set())
    return layer


def read_environment() -> Layer:
    """The settings of the `LOOPWATCH_*` environment variables; lists and mappings are written as YAML."""
    layer = Layer()
    layer.data = _Environment(layer)()
    for name in sorted(os.environ):
        if not name.upper().startswith(ENV_PREFIX) or name.upper() in _NOT_SETTINGS:
            continue
        path = tuple(name[len(ENV_PREFIX) :].lower().split(ENV_DELIMITER))
        if path[0] in Config.model_fields:
            if path[0] in layer.data:
                layer.places[path] = name
        elif not _SERVICE_LINK.fullmatch(name.upper()):
            guess = nearest(path[0], Config.model_fields)
            hint = f", did you mean {ENV_PREFIX}{guess.upper()}?" if guess else ""
            layer.unknown[name] = f"{name}: there is no such setting{hint}"
    return layer


def read_overrides(settings: Iterable[str]) -> Layer:
    """The settings of `--set dotted.key=value`; values are YAML."""
    layer = Layer()
    for setting in settings:
        key, equals, text = setting.partition("=")
        path = tuple(key.strip().split("."))
        flag = f"--set {key.strip()}"
        if not equals or not all(path):
            # The value may be a secret.
            layer.problems.append(f"{flag}{equals}: write it as key.key=value")
            continue
        try:
            # To YAML a bare - is a list of nothing, to whoever types it standard output.
            _put(layer.data, path, "-" if text.strip() == "-" else yaml.safe_load(text))
        except yaml.YAMLError as error:
            layer.problems.append(f"{flag}: the value is not YAML: {_reason(error)}")
            continue
        layer.places[path] = flag
    return layer


def place_of(path: KeyPath, layers: Sequence[Layer]) -> str | None:
    """Where *path*, or the nearest thing around it, was set; the later of *layers* win."""
    for length in range(len(path), 0, -1):
        for layer in reversed(layers):
            if (place := layer.place(path[:length])) is not None:
                return place
    return None


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """The data of all *layers*, the later ones laid over the earlier ones."""
    data: dict[str, Any] = {}
    for layer in layers:
        data = laid_over(data, layer.data)
    return data


class _Environment(EnvSettingsSource):
    """pydantic's reader of variables, with YAML for lists and mappings, and with problems collected."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(Config)
        self._layer = layer

    def prepare_field_value(self, field_name: str, field: FieldInfo, value: Any, value_is_complex: bool) -> Any:
        """The value of one top-level setting; None where its text is not YAML."""
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except (yaml.YAMLError, ValueError) as error:
            self._layer.problems.append(f"{ENV_PREFIX}{field_name.upper()}: the value is not YAML: {_reason(error)}")
            return None

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002
        """A list or mapping, written as YAML, of which JSON is a part."""
        return yaml.safe_load(value)


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        inner = data.get(key)
        if not isinstance(inner, dict):
            inner = data[key] = {}
        data = inner
    data[path[-1]] = laid_over(data.get(path[-1]), value)


def _locate(node: yaml.Node, path: KeyPath, layer: Layer, name: str, seen: set[int]) -> None:
    """Note the line of every key below *node*, and the keys that a mapping has twice."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner, place = (*path, str(key.value)), f"{name}:{key.start_mark.line + 1}"
            if inner in layer.places and key.value != "<<":
                layer.problems.append(f"{_dotted(inner)}: is set twice: {layer.places[inner]} and {place}")
            layer.places[inner] = place
            _locate(value, inner, layer, name, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            layer.places[(*path, index)] = f"{name}:{item.start_mark.line + 1}"
            _locate(item, (*path, index), layer, name, seen)


def _dotted(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark is not None else ""


def _reason(error: Exception) -> str:
    return getattr(error, "problem", None) or str(error).partition("\n")[0] or type(error).__name__
