"""Writes what follows from the convention in model/.

`python semconv/generate.py` writes loopwatch/attributes.py and the tables in docs/;
`python semconv/generate.py --check` writes nothing, names every stale file and exits 1.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from registry import PREFIX, Item, Model, ModelError, load

HERE = Path(__file__).resolve().parent
COMMAND = "python semconv/generate.py"
HEADER = f'''"""Names of the loopwatch convention, and the official names it stands on.

Generated from semconv/model by `{COMMAND}`; do not edit.
"""

from enum import StrEnum
from typing import Final
'''
PROMETHEUS_UNITS = {"s": "seconds", "By": "bytes", "1": "ratio", "{USD}": "usd"}
BLOCK = re.compile(r"(<!-- generated: (?P<name>\S+) -->\n).*?(<!-- end generated -->)", re.DOTALL)


def main(argv: list[str] | None = None) -> int:
    """Write the outputs, or with --check say which are stale; the exit code of the process."""
    parser = argparse.ArgumentParser(description="Write attributes.py and the tables of docs/ from model/*.yaml.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    parser.add_argument("--folder", type=Path, default=HERE, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    try:
        outputs = render(options.folder)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    stale = [path for path, text in outputs.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if options.check:
            print(f"{path.relative_to(options.folder)} is stale: run `{COMMAND}`", file=sys.stderr)
        else:
            path.write_text(outputs[path], "utf-8")
    return int(options.check and bool(stale))


def render(folder: Path) -> dict[Path, str]:
    """Every generated file with the text it should have; raises ModelError."""
    model = load(folder)
    tables = _tables(model)
    outputs = {folder / "loopwatch" / "attributes.py": attributes_module(model)}
    for path in sorted((folder / "docs").glob("*.md")):
        outputs[path] = _fill(path, tables)
    return outputs


def attributes_module(model: Model) -> str:
    """The text of loopwatch/attributes.py."""
    parts = [
        HEADER,
        _constant(
            "SCHEMA_URL",
            model.official["schema_url"],
            "The schema of the official names that the helpers emit.",
        ),
        "# Our attributes.\n",
        *(_attribute(item) for _, item in sorted(model.attributes.items()) if _has_constant(item)),
        "# Our events.\n",
        *(_event(item) for _, item in sorted(model.items["events"].items())),
        "# The official names that we emit or read.\n",
        *(_official(item) for item in model.official["attributes"]),
        *_enums(model),
    ]
    return "\n".join(parts)


def prometheus_name(metric: Item) -> str:
    """The name that Prometheus knows a metric of the model by.

    The rule of OpenTelemetry (specification, compatibility/prometheus_and_openmetrics): underscores for dots, the
    unit in words, `_total` for counters; units in braces are dropped. `{USD}` alone is kept, as `_usd`: money is no
    count, and an amount without its currency cannot be read.
    """
    words = [metric["name"].replace(".", "_"), PROMETHEUS_UNITS.get(metric["unit"], "")]
    words.append("total" if metric["instrument"] == "counter" else "")
    return "_".join(word for word in words if word)


def _has_constant(item: Item) -> bool:
    return not item.get("annotations", {}).get("code_generation", {}).get("exclude", False)


def _constant(name: str, value: str, doc: str) -> str:
    return f'{name}: Final = "{value}"\n{_docstring(doc)}\n'


def _docstring(text: str, indent: str = "") -> str:
    lines = textwrap.wrap(text, 104, initial_indent=indent + '"""', subsequent_indent=indent)
    return "\n".join(lines) + '"""'


def _shouted(name: str) -> str:
    return name.upper().replace(".", "_")


def _attribute(item: Item) -> str:
    unit = item.get("annotations", {}).get("unit")
    kind = f"Type: {_type_name(item)}" + (f", unit: {unit}." if unit else ".")
    return _constant(_shouted(item["key"]), item["key"], f"{item['brief']} {kind}")


def _event(item: Item) -> str:
    name = item["name"].removeprefix(PREFIX)
    return _constant(f"EVENT_{_shouted(name)}", item["name"], item["brief"])


def _official(item: Item) -> str:
    doc = f"{item['brief']} Type: {item['type']}. Generation: {item['generation']}."
    return _constant(_shouted(item["key"]), item["key"], doc)


def _enums(model: Model) -> Iterator[str]:
    for key, item in sorted(model.attributes.items()):
        if isinstance(item["type"], dict) and _has_constant(item):
            members = [(m["id"], m["value"], m["brief"]) for m in item["type"]["members"]]
            yield _enum(key.removeprefix(PREFIX), f"{item['brief']} Values of {key}.", members)
    for item in model.official["attributes"]:
        if "members" in item:
            members = [(value, value, "") for value in item["members"]]
            yield _enum(item["key"], f"{item['brief']} Official values of {item['key']}.", members)


def _enum(name: str, doc: str, members: Iterable[tuple[str, str, str]]) -> str:
    title = "".join(word.capitalize() for word in re.split(r"[._]", name))
    lines = [f"\nclass {title}(StrEnum):", _docstring(doc, "    "), ""]
    for id_, value, brief in members:
        lines.append(f'    {_shouted(id_)} = "{value}"')
        if brief:
            lines.append(_docstring(brief, "    "))
    return "\n".join(lines) + "\n"


def _type_name(item: Item) -> str:
    return "string (enum)" if isinstance(item["type"], dict) else item["type"]


def _fill(path: Path, tables: dict[str, str]) -> str:
    """The page with its generated blocks renewed and its prose untouched."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in tables:
            raise ModelError([f"docs/{path.name}: no table is called {name}; use one of {', '.join(tables)}"])
        return f"{match[1]}\n{tables[name]}\n{match[3]}"

    return BLOCK.sub(block, path.read_text("utf-8"))


def _tables(model: Model) -> dict[str, str]:
    files = sorted({file for key, file in model.files.items() if key in model.attributes})
    tables = {Path(file).stem: _attribute_table(model, file) for file in files}
    tables |= {kind: _signal_sections(model, kind) for kind in ("spans", "events")}
    tables |= {
        "metrics": _metric_table(model),
        "aliases": _alias_table(model),
        "official": _official_table(model),
    }
    return tables


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _attribute_table(model: Model, file: str) -> str:
    items = [item for key, item in model.attributes.items() if model.files[key] == file]
    rows = [
        [f"`{i['key']}`", _type_name(i), i.get("annotations", {}).get("unit", ""), _meaning(i), _examples(i)]
        for i in items
    ]
    text = _table(["attribute", "type", "unit", "meaning", "examples"], rows)
    return text + "".join(_member_table(i) for i in items if isinstance(i["type"], dict))


def _meaning(item: Item) -> str:
    return f"{item['brief']} {item['note']}" if item.get("note") else item["brief"]


def _examples(item: Item) -> str:
    examples = item.get("examples", [])
    return ", ".join(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in examples)


def _member_table(item: Item) -> str:
    rows = [[f"`{m['value']}`", m["brief"]] for m in item["type"]["members"]]
    return f"\nValues of `{item['key']}`:\n\n" + _table(["value", "meaning"], rows)


def _signal_sections(model: Model, kind: str) -> str:
    return "\n".join(_signal_section(model, name, item) for name, item in model.items[kind].items())


def _signal_section(model: Model, name: str, item: Item) -> str:
    named = f" Span name: {item['name']['note']}; kind {item['kind']}." if "kind" in item else ""
    rows = [[f"`{ref['ref']}`", _level(ref["requirement_level"])] for ref in model.refs(item)]
    return f"### `{name}`\n\n{_meaning(item)}{named}\n\n{_table(['attribute', 'requirement'], rows)}"


def _level(level: str | dict[str, str]) -> str:
    if isinstance(level, str):
        return level.replace("_", " ")
    ((word, condition),) = level.items()
    return f"{word.replace('_', ' ')}: {condition}"


def _metric_table(model: Model) -> str:
    rows = [
        [
            f"`{name}`",
            f"`{prometheus_name(m)}`",
            m["instrument"],
            f"`{m['unit']}`",
            _meaning(m),
            ", ".join(f"`{r['ref']}`" for r in model.refs(m)),
        ]
        for name, m in model.items["metrics"].items()
    ]
    return _table(["metric", "in Prometheus", "instrument", "unit", "meaning", "attributes"], rows)


def _alias_table(model: Model) -> str:
    rows = [[f"`{a['name']}`", f"`{a['read_as']}`", a["source"]] for a in model.official["aliases"]]
    return _table(["name on the wire", "read as", "where it comes from"], rows)


def _official_table(model: Model) -> str:
    rows = [[f"`{i['key']}`", i["type"], i["generation"], i["brief"]] for i in model.official["attributes"]]
    return _table(["attribute", "type", "generation", "meaning"], rows)


if __name__ == "__main__":
    sys.exit(main())
