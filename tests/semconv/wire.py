"""What is on the wire, held against what the convention declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from registry import Item, load

MODEL = load(Path(__file__).parents[2] / "semconv")
OFFICIAL: dict[str, Item] = {item["key"]: item for item in MODEL.official["attributes"]}
OPEN_SETS = {"loopwatch.agent.type"}
"""Enums to which writers may add values of their own."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "double": (float,),
    "boolean": (bool,),
    "any": (str,),
}


def decoded(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """OTLP attributes by key; none may be there twice."""
    listed = list(pairs)
    found = {pair.key: _value(pair.value) for pair in listed}
    assert len(found) == len(listed)
    return found


def misfits(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes whose value has not the declared type, or is none of the declared members."""
    return {key: value for key, value in attributes.items() if not _fits(key, value)}


def undeclared(attributes: Mapping[str, Any], item: Item) -> set[str]:
    """The attributes that *item* of the convention does not list."""
    return attributes.keys() - {ref["ref"] for ref in MODEL.refs(item)}


def missing(attributes: Mapping[str, Any], item: Item, *levels: str) -> set[str]:
    """The attributes that *item* lists at one of these requirement levels and that are not there."""
    wanted = {ref["ref"] for ref in MODEL.refs(item) if _level(ref) in levels}
    return wanted - attributes.keys()


def _level(ref: Item) -> str:
    level = ref["requirement_level"]
    return level if isinstance(level, str) else next(iter(level))


def _fits(key: str, value: Any) -> bool:
    item = MODEL.attributes.get(key) or OFFICIAL.get(key) or _template_of(key)
    if item is None:
        return False
    kind = item["type"]
    if isinstance(kind, dict):
        members = [member["value"] for member in kind["members"]]
        return type(value) is str and (key in OPEN_SETS or value in members)
    kind = kind.removeprefix("template[").removesuffix("]") if kind.startswith("template[") else kind
    if kind.endswith("[]"):
        return isinstance(value, tuple) and all(type(inner) in _TYPES[kind[:-2]] for inner in value)
    return type(value) in _TYPES[kind]


def _template_of(key: str) -> Item | None:
    item = MODEL.attributes.get(key.rpartition(".")[0])
    return item if item is not None and str(item["type"]).startswith("template[") else None


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind is not None
    if kind == "array_value":
        return tuple(_value(inner) for inner in value.array_value.values)
    return getattr(value, kind)
