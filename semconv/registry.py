"""Reads the convention in model/ and holds it against its rules.

The format is weaver's `definition/2`. The rules that weaver leaves to its policies (names, periods, units, no
name that is also a namespace) are held here too. Problems are told together, with file, place and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PREFIX = "loopwatch."
NAME = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
UNIT = re.compile(r"1|s|By|\{[A-Za-z_]+\}")
SEMVER_URL = re.compile(r"https://\S+/\d+\.\d+\.\d+(-[a-z0-9.]+)?")
SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "double": (int, float),
    "boolean": (bool,),
}
UNIT_WORDS = ("total", "seconds", "bytes", "ratio", "usd")
"""What Prometheus names end with, and OpenTelemetry names do not."""
KINDS = ("internal", "client", "server", "producer", "consumer")
INSTRUMENTS = ("counter", "updowncounter", "gauge", "histogram")
STABILITIES = ("development", "alpha", "beta", "release_candidate", "stable")
EMITTED = "1.41"
"""The generation of official names that our own spans, events and metrics may use."""
LEVELS = ("required", "recommended", "opt_in")
LEVELS_WITH_REASON = ("conditionally_required", "recommended", "opt_in")

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """Which key names one kind of item, and which keys it must and may have."""

    name: str
    required: frozenset[str]
    optional: frozenset[str]


def _shape(name: str, required: str, optional: str = "") -> Shape:
    return Shape(name, frozenset(required.split()) | {name}, frozenset(optional.split()))


_SIGNAL = "brief stability requirement_level"
_EXTRAS = "note deprecated annotations"
SHAPES = {
    "attributes": _shape("key", "type brief stability", f"examples {_EXTRAS}"),
    "attribute_groups": _shape("id", "visibility attributes"),
    "spans": _shape("type", f"kind name attributes {_SIGNAL}", _EXTRAS),
    "events": _shape("name", f"attributes {_SIGNAL}", _EXTRAS),
    "metrics": _shape("name", f"instrument unit {_SIGNAL}", f"attributes {_EXTRAS}"),
}
MEMBER = _shape("id", "value brief stability", _EXTRAS)
REF = _shape("ref", "requirement_level", "brief note examples annotations")


class ModelError(Exception):
    """The model breaks its rules; `problems` holds one line each: file, place, what is wrong, what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Model:
    """The convention: items by kind and name, the file each came from, and the official names beside it."""

    official: Item
    items: dict[str, dict[str, Item]] = field(default_factory=lambda: {kind: {} for kind in SHAPES})
    files: dict[str, str] = field(default_factory=dict)

    @property
    def attributes(self) -> dict[str, Item]:
        return self.items["attributes"]

    def refs(self, item: Item) -> Iterator[Item]:
        """The item's attribute references, with its groups opened."""
        for entry in item.get("attributes", []):
            if "ref_group" in entry:
                yield from self.refs(self.items["attribute_groups"].get(entry["ref_group"], {}))
            else:
                yield entry


def load(folder: Path) -> Model:
    """The checked convention of `folder` (model/**/*.yaml and official.yaml); raises ModelError.

    The form of every item is checked first; names and references only once all items have their form.
    """
    model = Model(official=_read(folder / "official.yaml"))
    problems = _check_official(model.official)
    problems += _check_manifest(_read(folder / "model" / "manifest.yaml"), model.official)
    for path in sorted((folder / "model").rglob("*.yaml")):
        if path.name != "manifest.yaml":
            problems += _add_file(model, path.relative_to(folder).as_posix(), _read(path))
    _raise_if(problems)
    _raise_if([*_check_names(model), *_check_clashes(model), *_check_refs(model), *_check_aliases(model)])
    _raise_if(list(_check_twice(model)))
    return model


def _raise_if(problems: list[str]) -> None:
    if problems:
        raise ModelError(problems)


class _UniqueKeys(yaml.SafeLoader):
    """Takes a key written twice as an error, where YAML would silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"{key!r} is written twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> Item:
    try:
        content = _UniqueKeys(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, yaml.YAMLError) as error:
        raise ModelError([f"{path.name}: cannot be read: {error}"]) from error
    if not isinstance(content, dict):
        raise ModelError([f"{path.name}: is not a map; write `file_format: definition/2` and the items below it"])
    return content


def _add_file(model: Model, file: str, content: Item) -> list[str]:
    problems = []
    if content.get("file_format") != "definition/2":
        problems.append(f"{file}: file_format is {content.get('file_format')!r}; write `file_format: definition/2`")
    for kind, items in content.items():
        if kind == "file_format":
            continue
        if kind not in SHAPES or not isinstance(items, list):
            problems.append(f"{file}: {kind}: not a list of items we know; use {', '.join(SHAPES)}")
            continue
        for index, item in enumerate(items):
            problems += _add_item(model, file, kind, index, item)
    return problems


def _add_item(model: Model, file: str, kind: str, index: int, item: Any) -> list[str]:
    shape = SHAPES[kind]
    if not isinstance(item, dict) or not isinstance(item.get(shape.name), str):
        return [f"{file}: {kind}[{index}]: has no `{shape.name}`; give it one"]
    name = item[shape.name]
    at = f"{file}: {name}"
    if name in model.items[kind]:
        return [f"{at}: already defined in {model.files[name]}; remove one"]
    model.items[kind][name] = item
    model.files[name] = file
    return [f"{at}: {problem}" for problem in (*_check_shape(shape, item), *_check_item(kind, item))]


def _check_shape(shape: Shape, item: Item) -> Iterator[str]:
    for key in sorted(shape.required - item.keys()):
        yield f"`{key}` is missing; add it"
    for key in sorted(item.keys() - shape.required - shape.optional):
        yield f"`{key}` is not a key here; use one of {', '.join(sorted(shape.required | shape.optional))}"
    if "brief" in item and not str(item["brief"]).endswith("."):
        yield "`brief` does not end with a period; make it one sentence"
    if "stability" in item and item["stability"] not in STABILITIES:
        yield f"`stability` is {item['stability']!r}; use one of {', '.join(STABILITIES)}"


def _check_item(kind: str, item: Item) -> Iterator[str]:
    if kind == "attributes" and "type" in item:
        yield from _check_type(item)
    if kind == "attribute_groups" and item.get("visibility") != "internal":
        yield "`visibility` is not `internal`; groups here only shorten our own files"
    if kind == "spans" and item.get("kind") not in KINDS:
        yield f"`kind` is {item.get('kind')!r}; use one of {', '.join(KINDS)}"
    if kind == "spans" and not (isinstance(item.get("name"), dict) and item["name"].get("note")):
        yield "`name` says nothing; write `name: {note: how the span is named}`"
    if kind == "metrics":
        yield from _check_metric(item)
    if "requirement_level" in item and item["requirement_level"] not in ("recommended", "opt_in"):
        yield f"`requirement_level` of a signal is {item['requirement_level']!r}; use recommended or opt_in"
    if not isinstance(item.get("attributes", []), list):
        yield "`attributes` is not a list; give one `- ref:` or `- ref_group:` per line"
        return
    for index, entry in enumerate(item.get("attributes", [])):
        yield from (f"attributes[{index}]: {problem}" for problem in _check_ref(entry))


def _check_metric(item: Item) -> Iterator[str]:
    if item.get("instrument") not in INSTRUMENTS:
        yield f"`instrument` is {item.get('instrument')!r}; use one of {', '.join(INSTRUMENTS)}"
    if not UNIT.fullmatch(str(item.get("unit"))):
        yield f"`unit` is {item.get('unit')!r}; use UCUM: 1, s, By, or a singular annotation as {{call}}"
    if (word := re.split(r"[._]", item["name"])[-1]) in UNIT_WORDS:
        yield f"`name` ends with {word}, which Prometheus names alone do; leave it to `unit` and `instrument`"


def _check_type(item: Item) -> Iterator[str]:
    kind, annotations = item["type"], item.get("annotations", {})
    if not isinstance(annotations, dict) or not UNIT.fullmatch(str(annotations.get("unit", "1"))):
        yield f"`annotations` is {annotations!r}; write `annotations: {{unit: …}}` with a UCUM unit"
    if isinstance(kind, dict):
        yield from _check_members(kind.get("members"))
    elif not isinstance(kind, str) or _plain(kind).removesuffix("[]") not in SCALARS:
        yield f"`type` is {kind!r}; use {', '.join(SCALARS)}, one of them with [] or in template[], or members"
    elif not item.get("examples"):
        yield "`examples` is missing; give a list of values"
    elif not isinstance(item["examples"], list) or not all(
        _fits(example, _plain(kind)) for example in item["examples"]
    ):
        yield f"`examples` do not fit the type {kind}; give a list of such values"


def _plain(kind: str) -> str:
    """The type of the values: `template[T]` stands for many attributes of type T, each the key, a dot and a word."""
    return kind.removeprefix("template[").removesuffix("]") if kind.startswith("template[") else kind


def _fits(example: Any, kind: str) -> bool:
    if kind.endswith("[]"):
        return isinstance(example, list) and all(_fits(value, kind[:-2]) for value in example)
    return isinstance(example, SCALARS[kind]) and (kind == "boolean" or not isinstance(example, bool))


def _check_members(members: Any) -> Iterator[str]:
    if not isinstance(members, list) or not members:
        yield "`type.members` is not a list of members; give at least one"
        return
    ids = [member.get("id") if isinstance(member, dict) else None for member in members]
    for id_, member in zip(ids, members, strict=True):
        if not isinstance(id_, str) or not NAME.fullmatch(id_):
            yield f"member {id_!r}: `id` is not a lower-case name; write one, in quotes"
            continue
        yield from (f"member {id_}: {problem}" for problem in _check_shape(MEMBER, member))
        if not isinstance(member.get("value"), str):
            yield f"member {id_}: `value` is {member.get('value')!r}, not a string; put it in quotes"
        if ids.count(id_) > 1:
            yield f"member {id_}: is there twice; remove one"


def _check_ref(entry: Any) -> Iterator[str]:
    named = entry.get("ref", entry.get("ref_group")) if isinstance(entry, dict) else None
    if not isinstance(named, str):
        yield f"is {entry!r}; write `ref:` or `ref_group:` and a name"
    elif "ref_group" in entry:
        if entry.keys() != {"ref_group"}:
            yield "`ref_group` stands alone; move the other keys to a `ref`"
    else:
        yield from _check_shape(REF, entry)
        if "requirement_level" in entry and not _is_level(entry["requirement_level"]):
            yield (
                f"`requirement_level` is {entry['requirement_level']!r}; use {', '.join(LEVELS)}, or one of "
                f"{', '.join(LEVELS_WITH_REASON)} with the condition as its text"
            )


def _is_level(level: Any) -> bool:
    if isinstance(level, dict):
        return len(level) == 1 and all(k in LEVELS_WITH_REASON and isinstance(v, str) for k, v in level.items())
    return level in LEVELS


def _check_names(model: Model) -> Iterator[str]:
    for kind in ("attributes", "spans", "events", "metrics"):
        for name in model.items[kind]:
            at = f"{model.files[name]}: {name}"
            if not NAME.fullmatch(name):
                yield f"{at}: not a name of lower-case words with dots and underscores; rename it"
            if not name.startswith(PREFIX):
                yield f"{at}: not under `{PREFIX}`; official namespaces are not ours to extend"
            if kind != "attributes" and name in model.attributes:
                yield f"{at}: is an attribute too; give the signal a name of its own"


def _check_clashes(model: Model) -> Iterator[str]:
    names = sorted(model.attributes.keys() | model.items["metrics"].keys())
    # Attributes become labels and metrics become metrics: where dots go, each kind clashes with its own only.
    flat: dict[tuple[bool, str], str] = {}
    for name in names:
        at = f"{model.files[name]}: {name}"
        for other in names:
            if other.startswith(name + "."):
                yield f"{at}: is also the namespace of {other}; rename one"
        twin = flat.setdefault((name in model.attributes, name.replace(".", "_")), name)
        if twin != name:
            yield f"{at}: reads as {twin} when dots become underscores; rename one"


def _check_refs(model: Model) -> Iterator[str]:
    known = model.attributes.keys() | {i["key"] for i in model.official["attributes"] if i["generation"] == EMITTED}
    groups = model.items["attribute_groups"]
    for kind in ("attribute_groups", "spans", "events", "metrics"):
        for name, item in model.items[kind].items():
            for entry in item.get("attributes", []):
                at = f"{model.files[name]}: {name}"
                if "ref" in entry and entry["ref"] not in known:
                    yield f"{at}: ref {entry['ref']} is not ours and not in official.yaml; correct it"
                elif "ref_group" in entry and entry["ref_group"] not in groups:
                    yield f"{at}: ref_group {entry['ref_group']} is not defined; add it to attribute_groups"
                elif kind == "attribute_groups" and _reaches(groups, entry.get("ref_group"), name):
                    yield f"{at}: ref_group {entry['ref_group']} leads back here; take it out"


def _reaches(groups: dict[str, Item], start: str | None, goal: str, seen: tuple[str, ...] = ()) -> bool:
    """Whether group `start` is, or opens into, group `goal`."""
    if start is None or start in seen or start not in groups:
        return False
    inner = [entry.get("ref_group") for entry in groups[start]["attributes"]]
    return start == goal or any(_reaches(groups, group, goal, (*seen, start)) for group in inner)


def _check_twice(model: Model) -> Iterator[str]:
    for kind in ("spans", "events", "metrics"):
        for name, item in model.items[kind].items():
            refs = [entry["ref"] for entry in model.refs(item)]
            for ref in sorted({ref for ref in refs if refs.count(ref) > 1}):
                yield f"{model.files[name]}: {name}: has {ref} twice; remove one, or the group that brings it"


def _check_official(official: Item) -> list[str]:
    if missing := {"schema_url", "generations", "attributes", "aliases"} - official.keys():
        return [f"official.yaml: `{key}` is missing; add it" for key in sorted(missing)]
    problems = []
    for item in official["attributes"]:
        missing = {"key", "generation", "type", "brief"} - item.keys()
        if missing or item["generation"] not in official["generations"]:
            problems.append(f"official.yaml: {item.get('key')}: give key, type, brief and one of the generations")
    return problems


def _check_aliases(model: Model) -> Iterator[str]:
    for alias in model.official["aliases"]:
        if alias["read_as"] not in model.attributes:
            yield f"official.yaml: {alias['name']}: read_as {alias['read_as']} is not ours; correct it"


def _check_manifest(manifest: Item, official: Item) -> list[str]:
    at = "model/manifest.yaml"
    if not SEMVER_URL.fullmatch(str(manifest.get("schema_url"))):
        return [f"{at}: `schema_url` is {manifest.get('schema_url')!r}; write https://host/path/<version>"]
    needed = [dependency.get("schema_url") for dependency in manifest.get("dependencies", [])]
    if official.get("schema_url") not in needed:
        return [f"{at}: does not depend on the schema_url of official.yaml, {official.get('schema_url')}; pin it"]
    return []
