"""What the operations page says of settings and metrics exists under these names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from loopwatch_processor.receive.outcome import Outcome
from loopwatch_processor.telemetry import table
from loopwatch_processor.telemetry.counting import FORGETTABLE

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
DEFAULTS = yaml.safe_load((ROOT / "loopwatch.example.yaml").read_text("utf-8"))
_CODE = re.compile(r"`([^`]+)`")


def _bounds() -> list[list[str]]:
    section = PAGE.split("## What is bounded", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


def _matches(pattern: str, names: list[str]) -> bool:
    return any(re.fullmatch(pattern.replace("*", ".*"), name) for name in names)


@pytest.mark.parametrize("row", _bounds(), ids=lambda row: row[0])
def test_every_bound_names_settings_that_exist(row: list[str]) -> None:
    """The first setting of a row names its section, the others stand beside it."""
    first, *others = _CODE.findall(row[1])
    *path, key = first.split(".")
    section = DEFAULTS
    for part in path:
        section = section[part] or _commented(part)
    assert all(_matches(name, list(section)) for name in (key, *others)), row[1]


def _commented(section: str) -> dict[str, object]:
    """Fields of a section that is null by default."""
    from loopwatch_processor.config import service

    return dict.fromkeys(getattr(service, section.capitalize()).model_fields)


@pytest.mark.parametrize("row", _bounds(), ids=lambda row: row[0])
def test_every_bound_is_counted_by_a_metric_that_is_served(row: list[str]) -> None:
    """Names, and the values of reason and outcome, are those of /metrics."""
    served = {metric.name for metric in vars(table).values() if isinstance(metric, table.Metric)}
    for name in _CODE.findall(row[3]):
        if not name.startswith("loopwatch_"):
            continue
        metric, _, labels = name.partition("{")
        assert metric.removesuffix("_total") in served, name
        for label, value in re.findall(r'(\w+)="([^"]+)"', labels):
            known = list(Outcome) if label == "outcome" else list(FORGETTABLE)
            assert _matches(value.replace("…", "*"), [str(item) for item in known]), name


def test_the_page_links_to_files_that_exist() -> None:
    """Every relative link leads somewhere."""
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
