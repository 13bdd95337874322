"""What every dashboard has around its panels: identity, variables, links."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATASOURCE
from dashboards.queries import CRITICAL, incidents

TAG = "loopwatch"
RUNBOOKS = "https://github.com/loopwatch/loopwatch/blob/main/alert_rules/runbooks"
"""Where runbooks are until the variable says otherwise; `loopwatch serve` has them at http://host:4318/runbooks."""
_FIRST_SEEN = "loopwatch_steps_total"
"""The metric whose labels fill the choice of agents: every agent that ever called a model or a tool has it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; "" is no heading."""

    title: str
    panels: tuple[Builder[models.Panel], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard."""

    uid: str
    """Never to change: alerts and bookmarks lead to it. Also the name of its file."""
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Builder[models.VariableModel], ...]
    period: str = "now-6h"
    marks_incidents: bool = True


def agent_variables() -> tuple[Builder[models.VariableModel], ...]:
    """The data source, then the choice of environment, service and agent, each within those before it."""
    chosen: list[str] = []
    variables: list[Builder[models.VariableModel]] = []
    for label in ("environment", "service", "agent"):
        within = f"{{{', '.join(chosen)}}}" if chosen else ""
        # All also has to match what lacks the label: an agent whose name nobody told.
        variables.append(_label_variable(label, f"{_FIRST_SEEN}{within}").all_value(".*"))
        chosen.append(f'{label}=~"${label}"')
    return (_datasource(), *variables, _runbooks())


def target_variables() -> tuple[Builder[models.VariableModel], ...]:
    """The data source, then the choice of scraped loopwatches."""
    # Without a value of its own, All is what there is to choose from: other programs have the same process_* metrics.
    job = _label_variable("job", "loopwatch_build_info")
    return (_datasource(), job, _label_variable("instance", 'loopwatch_build_info{job=~"$job"}'), _runbooks())


def render(board: Board) -> str:
    """The JSON that Grafana imports."""
    built: dict[str, Any] = json.loads(json.dumps(_dashboard(board).build(), cls=JSONEncoder))
    for number, panel in enumerate(built["panels"], start=1):
        panel["id"] = number
    for item in _placed(built):
        # The SDK's default hides links and annotations in a menu of Grafana's newest versions.
        del item["placement"]
    return json.dumps(built, indent=2, ensure_ascii=False) + "\n"


def _dashboard(board: Board) -> grafana.Dashboard:
    dashboard = grafana.Dashboard(f"loopwatch / {board.title}").uid(board.uid).description(board.description)
    dashboard.tags([TAG]).readonly().time(board.period, "now").refresh("30s").timezone("browser")
    dashboard.tooltip(models.DashboardCursorSync.CROSSHAIR).variables(list(board.variables))
    if board.marks_incidents:
        dashboard.annotation(_critical())
    others = grafana.DashboardLink("loopwatch").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    runbooks = grafana.DashboardLink("Runbooks").url("${runbooks}/README.md").icon("doc").target_blank(True)
    dashboard.links([others.as_dropdown(True).include_vars(True).keep_time(True), runbooks])
    for row in board.rows:
        if row.title:
            dashboard.with_row(grafana.Row(row.title))
        for panel in row.panels:
            dashboard.with_panel(panel)
    return dashboard


def _critical() -> grafana.AnnotationQuery:
    """Marks when a critical incident was open, on every graph."""
    annotation = grafana.AnnotationQuery().name("Critical incidents").datasource(DATASOURCE).icon_color("red")
    annotation.expr(f"{incidents(CRITICAL)} == 1").step("1m").enable(True)
    return annotation.title_format("{{agent}}").text_format("{{detector}}/{{pattern}}").tag_keys("severity")


def _label_variable(label: str, series: str) -> grafana.QueryVariable:
    """A choice among the values of *label* in *series*: several, or all."""
    query = f"label_values({series}, {label})"
    variable = grafana.QueryVariable(label).label(label.capitalize()).datasource(DATASOURCE).definition(query)
    variable.query({"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"})
    everything = models.VariableOption(True, ["All"], ["$__all"])
    variable.multi(True).include_all(True).current(everything).sort(models.VariableSort.ALPHABETICAL_ASC)
    return variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)


def _datasource() -> grafana.DatasourceVariable:
    return grafana.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _runbooks() -> grafana.TextBoxVariable:
    """Hidden: another base is given in the URL, as var-runbooks, or in a copy of the dashboard."""
    variable = grafana.TextBoxVariable("runbooks").label("Runbooks").default_value(RUNBOOKS)
    return variable.hide(models.VariableHide.HIDE_VARIABLE).current(models.VariableOption(True, RUNBOOKS, RUNBOOKS))


def _placed(built: dict[str, Any]) -> Iterator[dict[str, Any]]:
    links = (link for holder in (built, *built["panels"]) for link in holder.get("links", ()))
    return (item for item in chain(links, built["annotations"].get("list", ())) if "placement" in item)
