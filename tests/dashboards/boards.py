"""The committed dashboards as data, for tests that look into them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "dashboards"
FILES = tuple(sorted(FOLDER.glob("*.json")))
UIDS = ("context", "fleet", "jobs", "loops", "money", "self", "streams")
_METRIC = re.compile(r"\b(loopwatch_\w+|process_\w+|up)\b\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_MADE = re.compile(r'"(alert|key)"')


@dataclass(frozen=True, slots=True)
class Target:
    """One query of one panel."""

    board: str
    panel: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def expr(self) -> str:
        return str(self.data["expr"])

    def __str__(self) -> str:
        return f"{self.board} / {self.panel.get('title')} / {self.data['refId']}"


def load(file: Path) -> dict[str, Any]:
    """The dashboard in *file*."""
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything that shows data: all but the headings of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets() -> Iterator[Target]:
    """Every query of every dashboard."""
    for file in FILES:
        for panel in panels(load(file)):
            for data in panel.get("targets", ()):
                yield Target(file.stem, panel, data)


def variables(board: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Template variables by name."""
    return {item["name"]: item for item in board["templating"]["list"]}


def marks(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What marks moments on every graph."""
    return list(board["annotations"].get("list", ()))


def selected(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each metric in *expression*, with the labels that are matched on it."""
    for name, matchers in _METRIC.findall(expression):
        yield name, frozenset(_MATCHER.findall(matchers))


def grouped(expression: str) -> frozenset[str]:
    """The labels by which *expression* groups or joins, but for those it makes itself."""
    labels = {label.strip() for group in _GROUPING.findall(expression) for label in group.split(",")}
    return frozenset(labels - set(_MADE.findall(expression)) - {""})
