"""The alert rules that ship with loopwatch, with links of your own."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from loopwatch_processor.shipped import shipped

RUNBOOKS = "https://github.com/loopwatch/loopwatch/blob/main/alert_rules/runbooks/{alert}.md"
DASHBOARDS = "http://localhost:3000/d/{uid}"
"""Where the rules' links lead as they ship."""

_RUNBOOK = re.compile(re.escape(RUNBOOKS).replace(r"\{alert\}", r"(\w+)"))
_DASHBOARD = re.compile(re.escape(DASHBOARDS).replace(r"\{uid\}", r"([\w-]+)(\??)"))
_ON_TOP = "groups:\n"
_URL = re.compile(r"https?://[^\s\"'`<>|\\{}#]+")
_PRELUDE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: loopwatch
spec:
  groups:
"""


class BadLink(ValueError):
    """Raised when a link to runbooks or dashboards cannot be put into the rules."""


def shipped_rules() -> dict[str, str]:
    """The text of every file of rules, by its name.

    Raises:
        FileNotFoundError: The installation lacks them.
    """
    return {file.name: file.read_text("utf-8") for file in sorted(shipped("alert_rules").glob("*.rules.yaml"))}


def linked(text: str, runbooks: str = RUNBOOKS, dashboards: str = DASHBOARDS) -> str:
    """Rules whose links lead to *runbooks* and *dashboards*.

    Each is a URL with {alert} or {uid} where the name goes; without, `/<alert>.md` or `/<uid>` is put behind it.

    Raises:
        BadLink: one of them is no URL, or needs quotes in YAML.
    """
    to_runbook = _pattern(runbooks, "{alert}", "/{alert}.md")
    to_dashboard = _pattern(dashboards, "{uid}", "/{uid}")
    # The rules choose the agent by a query, which a query of the user's own goes on with.
    query = "&" if "?" in to_dashboard else "?"
    text = _RUNBOOK.sub(lambda found: to_runbook.replace("{alert}", found[1]), text)
    return _DASHBOARD.sub(lambda found: to_dashboard.replace("{uid}", found[1]) + (query if found[2] else ""), text)


def one_file(rules: Mapping[str, str]) -> str:
    """All *rules* as a file for Prometheus, comments and all."""
    return _ON_TOP + "\n".join(_groups(text) for text in rules.values())


def kubernetes(rules: Mapping[str, str]) -> str:
    """All *rules* as a PrometheusRule, the resource that the Prometheus Operator reads."""
    return _PRELUDE + textwrap.indent("\n".join(_groups(text) for text in rules.values()), "  ")


def _pattern(link: str, place: str, behind: str) -> str:
    pattern = link if place in link else link.rstrip("/") + behind
    if not _URL.fullmatch(pattern.replace(place, "x")):
        raise BadLink(
            f"{link!r} is no link to write into rules: begin with http:// or https://, encode spaces and quotes, "
            f"and leave no braces but {place}"
        )
    return pattern


def _groups(text: str) -> str:
    """The groups of a file, below what its head says."""
    head, groups = text.split(_ON_TOP, 1)
    return textwrap.indent(head, "  ") + groups
