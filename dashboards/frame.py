"""What every dashboard has around its panels: identity, variables, links."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATASOURCE

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


def agent_variables() -> tuple[Builder[models.VariableModel], ...]:
    """The data source, then the choice of environment, service and agent, each within those before it."""
    chosen: list[str] = []
    variables: list[Builder[models.VariableModel]] = []
    for label in ("environment", "service", "agent"):
        within = f"{{{', '.join(chosen)}}}" if chosen else ""
        variables.append(label_variable(label, f"{_FIRST_SEEN}{within}", label))
        chosen.append(f'{label}=~"${label}"')
    return (_datasource(), *variables, _runbooks())


def target_variables() -> tuple[Builder[models.VariableModel], ...]:
    """The data source, then the choice of scraped loopwatches."""
    job = label_variable("job", "loopwatch_build_info", "job")
    return (
        _datasource(),
        job,
        label_variable("instance", 'loopwatch_build_info{job=~"$job"}', "instance"),
        _runbooks(),
    )


def label_variable(name: str, series: str, label: str) -> grafana.QueryVariable:
    """A choice among the values of *label* in *series*: several, or all."""
    query = f"label_values({series}, {label})"
    variable = grafana.QueryVariable(name).label(name.capitalize()).datasource(DATASOURCE).definition(query)
    variable.query({"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"})
    variable.multi(True).include_all(True).all_value(".*").sort(models.VariableSort.ALPHABETICAL_ASC)
    everything = models.VariableOption(True, ["All"], ["$__all"])
    return variable.current(everything).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)


def render(board: Board) -> str:
    """The JSON that Grafana imports."""
    built: dict[str, Any] = json.loads(json.dumps(_dashboard(board).build(), cls=JSONEncoder))
    for number, panel in enumerate(built["panels"], start=1):
        panel["id"] = number
    for link in _links(built):
        # The SDK's default hides links in a menu of Grafana's newest versions.
        del link["placement"]
    return json.dumps(built, indent=2, ensure_ascii=False) + "\n"


def _dashboard(board: Board) -> grafana.Dashboard:
    dashboard = grafana.Dashboard(f"loopwatch / {board.title}").uid(board.uid).description(board.description)
    dashboard.tags([TAG]).readonly().time(board.period, "now").refresh("30s").timezone("browser")
    dashboard.tooltip(models.DashboardCursorSync.CROSSHAIR).variables(list(board.variables))
    others = grafana.DashboardLink("loopwatch").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    runbooks = grafana.DashboardLink("Runbooks").url("${runbooks}/README.md").icon("doc").target_blank(True)
    dashboard.links([others.as_dropdown(True).include_vars(True).keep_time(True), runbooks])
    for row in board.rows:
        if row.title:
            dashboard.with_row(grafana.Row(row.title))
        for panel in row.panels:
            dashboard.with_panel(panel)
    return dashboard


def _datasource() -> grafana.DatasourceVariable:
    return grafana.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _runbooks() -> grafana.TextBoxVariable:
    """Hidden: another base is given in the URL, as var-runbooks, or in a copy of the dashboard."""
    variable = grafana.TextBoxVariable("runbooks").label("Runbooks").default_value(RUNBOOKS)
    return variable.hide(models.VariableHide.HIDE_VARIABLE).current(models.VariableOption(True, RUNBOOKS, RUNBOOKS))


def _links(built: dict[str, Any]) -> Iterator[dict[str, Any]]:
    holders: Sequence[dict[str, Any]] = (built, *built["panels"])
    return (link for holder in holders for link in holder.get("links", ()) if "placement" in link)
