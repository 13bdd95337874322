"""The kinds of panels that loopwatch's dashboards are made of, each with its look in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heat_looks
from grafana_foundation_sdk.models import prometheus as prom

DATASOURCE = looks.DataSourceRef(type_val="prometheus", uid="${datasource}")
SEVERITY_COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
Step = tuple[float | None, str]
"""A threshold and the colour from it on; None, only for the first, is below all others (green where nobody says)."""
Link = tuple[str, str]
"""A title and where it leads."""


@dataclass(frozen=True, slots=True)
class Query:
    """One line of PromQL and the name of its series."""

    expr: str
    legend: str = "__auto"
    exemplars: bool = False
    """Whether its metric carries exemplars: the trace of a step that was counted."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is optional about a graph."""

    thresholds: tuple[Step, ...] = ()
    """Drawn as dashed lines."""
    stacked: bool = False
    bars: bool = False
    max: float | None = None
    min_step: str = "1m"
    """Windows shorter than it would only show noise."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Fixed colours by series."""
    no_value: str = ""
    """Said where there is nothing, and nothing is no fault."""


Text = tuple[str, str]
"""A panel's title and description."""


def board_url(uid: str, *variables: str) -> str:
    """A link to another of the dashboards that keeps the time, the data source and the choice of agents."""
    return "&".join((f"/d/{uid}?${{__url_time_range}}", *(variables or ("${__all_variables}",))))


def number(
    text: Text,
    unit: str,
    expr: str,
    *,
    steps: Sequence[Step] = (),
    decimals: int | None = None,
    filled: bool = False,
    link: Link | None = None,
    no_value: str = "no data",
    width: int = 4,
) -> stat.Panel:
    """One number as it is now: instant, so that an old value is never shown for a new one."""
    panel = stat.Panel().with_target(target(Query(expr), instant=True)).unit(unit).height(4).span(width)
    panel.graph_mode(looks.BigValueGraphMode.NONE).no_value(no_value).thresholds(_steps(steps))
    panel.color_mode(looks.BigValueColorMode.BACKGROUND if filled else looks.BigValueColorMode.VALUE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if decimals is not None:
        panel.decimals(decimals)
    if link is not None:
        panel.links([grafana.DashboardLink(link[0]).url(link[1])])
    return panel.title(text[0]).description(text[1]).datasource(DATASOURCE)


def graph(text: Text, unit: str, *queries: Query, look: Look | None = None, width: int = 12) -> timeseries.Panel:
    """Lines or bars over time."""
    look = look or Look()
    panel = timeseries.Panel().title(text[0]).description(text[1]).datasource(DATASOURCE)
    panel.targets([target(query, ref) for query, ref in zip(queries, REFS, strict=False)])
    panel.unit(unit).height(8).span(width).min(0).interval(look.min_step).thresholds(_steps(look.thresholds))
    panel.legend(_legend("mean", "max", "lastNotNull"))
    panel.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
    panel.line_width(1).fill_opacity(12).show_points(looks.VisibilityMode.AUTO)
    if look.bars:
        panel.draw_style(looks.GraphDrawStyle.BARS).fill_opacity(70).line_width(0)
    if look.stacked:
        panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    if look.max is not None:
        panel.max(look.max)
    if look.no_value:
        panel.no_value(look.no_value)
    if look.thresholds:
        dashed = looks.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashed))
    for name, colour in look.colours.items():
        panel.override_by_name(name, [models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})])
    return panel


def heat(text: Text, unit: str, buckets: str, *, exemplars: bool = False, width: int = 12) -> heatmap.Panel:
    """How the observations of a histogram spread over its buckets, over time."""
    panel = heatmap.Panel().title(text[0]).description(text[1]).datasource(DATASOURCE)
    query = target(Query(buckets, "{{le}}", exemplars)).format(prom.PromQueryFormat.HEATMAP)
    panel.with_target(query).height(8).span(width).interval("5m").max_data_points(72).unit("short")
    colours = heatmap.HeatmapColorOptions().mode(heat_looks.HeatmapColorMode.SCHEME).scheme("Oranges")
    panel.color(colours.scale(heat_looks.HeatmapColorScale.EXPONENTIAL).exponent(0.5).steps(64))
    panel.y_axis(heatmap.YAxisConfig().unit(unit)).cell_values(heatmap.CellValues().unit("short").decimals(1))
    return panel.tooltip(heatmap.HeatmapTooltip().mode(looks.TooltipDisplayMode.SINGLE).y_histogram(True))


def ranking(text: Text, unit: str, query: Query, *, colour: str = "blue", width: int = 8) -> bargauge.Panel:
    """The largest of something, as bars."""
    panel = bargauge.Panel().title(text[0]).description(text[1]).datasource(DATASOURCE)
    panel.with_target(target(query, instant=True)).unit(unit).height(8).span(width).min(0)
    panel.orientation(looks.VizOrientation.HORIZONTAL).display_mode(looks.BarGaugeDisplayMode.BASIC)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.value_mode(looks.BarGaugeValueMode.TEXT).show_unfilled(True).color_scheme(
        grafana.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(colour)
    )
    return panel.thresholds(_steps(())).no_value("none")


REFS = "ABCDEFGHIJ"


def target(query: Query, ref: str = "A", *, instant: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(DATASOURCE)
    target.editor_mode(prom.QueryEditorMode.CODE).legend_format(query.legend)
    if query.exemplars:
        target.exemplar(True)
    return target.instant() if instant else target.range()


def _steps(steps: Sequence[Step]) -> grafana.ThresholdsConfig:
    base: list[Step] = [] if steps and steps[0][0] is None else [(None, "green" if steps else "text")]
    all_steps = [models.Threshold(value, colour) for value, colour in (*base, *steps)]
    return grafana.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(all_steps)


def _legend(*calcs: str) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).display_mode(looks.LegendDisplayMode.TABLE)
    return legend.placement(looks.LegendPlacement.BOTTOM).calcs(list(calcs)).sort_by("Last *").sort_desc(True)
