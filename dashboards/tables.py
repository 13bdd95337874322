"""Tables: labels first, then one column for each query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prom

from dashboards.panels import DATASOURCE, REFS, SEVERITY_COLOURS, Link, Query, Text, target


@dataclass(frozen=True, slots=True)
class Column:
    """One column of values in a table: a query whose series have the labels of the table's keys."""

    name: str
    expr: str
    unit: str = "short"
    decimals: int | None = None
    values: Mapping[int, str] | None = None
    """Words for numbers, in the colours of severities."""


def listing(
    text: Text,
    keys: Sequence[str],
    *columns: Column,
    links: Mapping[str, Sequence[Link]] | None = None,
    hidden: Sequence[str] = (),
    sort_by: str = "",
    no_value: str = "none",
    width: int = 24,
) -> table.Panel:
    """A table: a column for each label in *keys*, then one for each query; one that shows words comes first.

    *links* lead from the cells of a key; *hidden* are the labels of the series that are no column.
    """
    panel = table.Panel().title(text[0]).description(text[1]).datasource(DATASOURCE)
    for column, ref in zip(columns, REFS, strict=False):
        panel.with_target(target(Query(column.expr), ref, instant=True).format(prom.PromQueryFormat.TABLE))
    panel.height(8).span(width).unit("short").no_value(no_value).filterable(True).cell_height(looks.TableCellHeight.SM)
    values = {_value(ref, len(columns)): column for column, ref in zip(columns, REFS, strict=False)}
    panel.with_transformation(models.DataTransformerConfig("merge", options={}))
    panel.with_transformation(models.DataTransformerConfig("organize", options=_organized(keys, values, hidden)))
    for column in columns:
        panel.override_by_name(column.name, _column_look(column))
    for key, led in (links or {}).items():
        panel.override_by_name(_titled(key), [_property("links", [_data_link(*link) for link in led])])
    if sort_by:
        panel.sort_by([common.TableSortByFieldState().display_name(sort_by).desc(True)])
    return panel


def _property(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(name, value)


def _titled(label: str) -> str:
    return label.replace("_", " ").capitalize()


def _value(ref: str, columns: int) -> str:
    """What Grafana calls the values of a query: only several queries have theirs numbered."""
    return "Value" if columns == 1 else f"Value #{ref}"


def _organized(keys: Sequence[str], values: Mapping[str, Column], hidden: Sequence[str]) -> dict[str, object]:
    shown = {value: column.name for value, column in values.items()}
    words = [value for value, column in values.items() if column.values is not None]
    names = {**{value: shown[value] for value in words}, **{key: _titled(key) for key in keys}, **shown}
    return {
        "excludeByName": dict.fromkeys(("Time", *hidden), True),
        "indexByName": {name: index for index, name in enumerate(names)},
        "renameByName": names,
    }


def _column_look(column: Column) -> list[models.DynamicConfigValue]:
    properties = [_property("unit", column.unit)]
    if column.decimals is not None:
        properties.append(_property("decimals", column.decimals))
    if column.values is not None:
        options = {
            str(number): {"text": word, "color": SEVERITY_COLOURS[word]} for number, word in column.values.items()
        }
        properties.append(_property("custom.cellOptions", {"type": "color-text"}))
        properties.append(_property("mappings", [{"type": "value", "options": options}]))
    return properties


def _data_link(title: str, url: str) -> dict[str, object]:
    return {"title": title, "url": url, "targetBlank": not url.startswith("/d/")}
