"""There is a runbook for everything that may wake a person, and each is whole."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from loopwatch.attributes import StopReason
from loopwatch_processor import alerts
from loopwatch_processor.alerts import alert_name
from loopwatch_processor.finding import Severity
from loopwatch_processor.runbooks import anchors, links
from loopwatch_processor.telemetry import table
from tests.runbooks.texts import FOLDER, NAMES, ROOT, headings, languages, text_of

HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Escalation"]
RULES = sorted((ROOT / "alert_rules").glob("*.rules.yaml"))
DETECTORS = (
    "budget",
    "context",
    "jobs",
    "lifecycle",
    "loop",
    "outliers",
    "progress",
    "stream",
    "one without an alert of its own",
)
RUNBOOKS = [name for name in NAMES if name != "README"]
METRIC = re.compile(r"\bloopwatch_[a-z_]+[a-z]\b")
MAX_LINES = 90
"""About two screens: who is on call reads no more."""


def alerts_of_rules() -> dict[str, set[str]]:
    """Each alert with the severities that its rules give it; none where it has its incident's."""
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    found: dict[str, set[str]] = {}
    for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        found.setdefault(rule["alert"], set()).update(filter(None, [rule.get("labels", {}).get("severity")]))
    return found


def alerts_of_incidents() -> set[str]:
    patterns = ("ttft", "max_gap", "other")
    named = {alert_name(*case) for case in product(DETECTORS, patterns, Severity)}
    return named | {alerts.FALLBACK}


def test_every_alert_has_a_runbook() -> None:
    """Of the rules and of what is pushed; and no runbook is for an alert that does not exist."""
    assert set(alerts_of_rules()) | alerts_of_incidents() == {name for name in RUNBOOKS if "/" not in name}


def test_the_names_of_pushed_alerts_are_those_of_detectors_that_exist() -> None:
    """So that a new detector with an alert of its own is asked for its runbook here."""
    assert {*alerts._BY_DETECTOR, "budget", "context"} == set(DETECTORS[:-1])


def test_every_stop_reason_has_a_runbook() -> None:
    """One page each, and none for a reason that does not exist."""
    pages = {name.removeprefix("stop-reasons/") for name in RUNBOOKS if "/" in name}

    assert pages == {reason.value for reason in StopReason}


@pytest.mark.parametrize("name", RUNBOOKS)
def test_runbook_is_whole(name: str) -> None:
    """Its own name on top, the five headings in order, and short enough to be read at night."""
    assert headings(name, "h1") == [name.rpartition("/")[2]]
    assert headings(name) == HEADINGS
    assert len(text_of(name).splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", RUNBOOKS)
def test_no_part_of_a_runbook_is_empty(name: str) -> None:
    """Every heading has something to say."""
    parts = re.split(r"^## .*$", text_of(name), flags=re.MULTILINE)[1:]

    assert all(len(part.split()) >= 5 for part in parts), [part for part in parts if len(part.split()) < 5]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    """To a file of the repository, and to a heading that it has."""
    for href in links(text_of(name)):
        parts = urlsplit(href)
        if parts.scheme:
            continue
        own = FOLDER / f"{name}.md"
        file = (own.parent / parts.path).resolve() if parts.path else own
        assert file.is_file(), f"{href} leads nowhere"
        assert ROOT in file.parents
        if parts.fragment:
            assert parts.fragment in anchors(file.read_text("utf-8")), f"{href}: there is no such heading"


def test_the_index_leads_to_every_runbook() -> None:
    """Nobody has to guess a name."""
    led_to = {str(Path(href).with_suffix("")) for href in links(text_of("README")) if not urlsplit(href).scheme}

    assert set(RUNBOOKS) <= led_to


def test_the_index_knows_how_severe_an_alert_is() -> None:
    """As the rules say."""
    rows = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| ([a-z, ]+) \|", text_of("README"), re.MULTILINE)
    told = {name: set(severities.split(", ")) for name, severities in rows}

    assert told.keys() == {name for name in RUNBOOKS if "/" not in name}
    ruled = {name: severities for name, severities in alerts_of_rules().items() if severities}
    assert {name: told[name] for name in ruled} == ruled


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_in_a_runbook_is_served(name: str) -> None:
    """Also those outside of queries."""
    served = {name for metric in table.METRICS for name in (metric.name, metric.served_name)}
    parts = {f"{metric.name}_{part}" for metric in table.METRICS for part in ("bucket", "sum", "count")}
    allowed = served | parts | {"loopwatch_processor"}

    assert set(METRIC.findall(text_of(name))) <= allowed


def test_every_block_says_what_it_is() -> None:
    """A block that is neither run (sh) nor asked of Prometheus (promql) is an example (text) or a setting (yaml)."""
    assert languages() <= {"sh", "promql", "text", "yaml", "python"}
