"""The shipped rules as the tests look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from loopwatch_processor.rules import shipped_rules
from loopwatch_processor.shipped import shipped

FOLDER: Path = shipped("alert_rules")
SEVERITIES = ("critical", "warning", "info")
OF_INCIDENTS = "loopwatch-agents"
"""The group of the alerts whose severity is that of an incident."""


def rules() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every rule, with the name of its group."""
    for text in shipped_rules().values():
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                yield group["name"], rule


def alerts() -> list[Mapping[str, Any]]:
    """Every rule that is an alert."""
    return [rule for _, rule in rules() if "alert" in rule]


def severities(alert: str) -> set[str]:
    """The severities that *alert* can have."""
    found: set[str] = set()
    for group, rule in rules():
        if rule.get("alert") == alert:
            found |= set(SEVERITIES) if group == OF_INCIDENTS else {rule["labels"]["severity"]}
    return found
