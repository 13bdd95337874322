"""The rules of Grafana's dashboard-linter, and some of our own, for every panel."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from tests.dashboards.boards import FILES, load, marks, panels, variables

UNITS = {"short", "percentunit", "currencyUSD", "s", "bytes", "dtdurations"}
"""Those that are used, of the linter's list."""
each_board = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@each_board
def test_the_data_source_is_chosen_once(file: Path) -> None:
    """template-datasource: the first variable is the data source, and it is a Prometheus."""
    first = load(file)["templating"]["list"][0]

    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")


@each_board
def test_variables_offer_several_values_and_all(file: Path) -> None:
    """Every query variable asks the chosen data source.

    "All" also matches an agent that has no name yet, but no target of Prometheus that is another program.
    """
    queried = [item for item in variables(load(file)).values() if item["type"] == "query"]

    assert queried
    for item in queried:
        assert item["datasource"]["uid"] == "${datasource}"
        assert (item["multi"], item["includeAll"]) == (True, True)
        assert item.get("allValue") == (None if item["name"] in ("job", "instance") else ".*")
        assert item["query"]["query"] == item["definition"]


@each_board
def test_no_variable_is_unused_or_undeclared(file: Path) -> None:
    """Each variable of our own in a query or link exists, and each one that exists is used."""
    built_in = {"__rate_interval", "__range", "__interval", "__url_time_range", "__all_variables", "__value"}
    text = file.read_text("utf-8")
    used = {one or other for one, other in re.findall(r"\$\{(\w+)[^}]*\}|\$(\w+)", text)} - built_in - {"__all"}

    assert used == set(variables(load(file)))


@each_board
def test_nobody_edits_it_in_place(file: Path) -> None:
    """uneditable: a change belongs into a copy, or it is lost with the next version."""
    assert load(file)["editable"] is False


@each_board
def test_annotations_use_the_chosen_data_source(file: Path) -> None:
    """Critical incidents are marked from the same Prometheus that the panels ask."""
    assert all(item["datasource"]["uid"] == "${datasource}" for item in marks(load(file)))


@each_board
def test_panels_have_ids_of_their_own(file: Path) -> None:
    """Links to a panel lead to one."""
    ids = [panel["id"] for panel in load(file)["panels"]]

    assert len(ids) == len(set(ids))


@each_board
def test_panels_do_not_overlap(file: Path) -> None:
    """Every panel has a place of its own within the 24 columns, and no row has a hole at its end."""
    board = load(file)["panels"]

    for one, other in combinations(board, 2):
        assert not _overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])
    width_by_line: dict[int, int] = {}
    for panel in board:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        width_by_line[place["y"]] = width_by_line.get(place["y"], 0) + place["w"]
    assert set(width_by_line.values()) == {24}


@each_board
def test_panels_say_what_they_show(file: Path) -> None:
    """panel-title-description: a title, and a sentence for those who do not know the metric."""
    for panel in panels(load(file)):
        assert panel["title"], panel["title"]
        assert len(panel["description"].split()) >= 5, panel["title"]
        assert panel["description"].endswith("."), panel["title"]


@each_board
def test_panels_use_the_chosen_data_source(file: Path) -> None:
    """panel-datasource, for the panel and each of its queries."""
    for panel in panels(load(file)):
        for holder in (panel, *panel["targets"]):
            assert holder["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]


@each_board
def test_panels_have_a_unit(file: Path) -> None:
    """panel-units: one that Grafana knows, for the panel and for columns of their own."""
    for panel in panels(load(file)):
        properties = [item for override in panel["fieldConfig"]["overrides"] for item in override["properties"]]
        units = [item["value"] for item in properties if item["id"] == "unit"]

        assert {panel["fieldConfig"]["defaults"]["unit"], *units} <= UNITS, panel["title"]


@each_board
def test_panels_have_queries(file: Path) -> None:
    """panel-no-targets; and each query has a name of its own."""
    for panel in panels(load(file)):
        refs = [target["refId"] for target in panel["targets"]]

        assert refs, panel["title"]
        assert len(refs) == len(set(refs)), panel["title"]


@each_board
def test_graphs_have_a_legend_with_figures(file: Path) -> None:
    """Who reads a graph wants its last and its largest value as numbers."""
    for panel in panels(load(file)):
        if panel["type"] == "timeseries":
            legend = panel["options"]["legend"]
            assert legend["showLegend"] is True, panel["title"]
            assert {"lastNotNull", "max"} <= set(legend["calcs"]), panel["title"]


@each_board
def test_drawn_thresholds_rise(file: Path) -> None:
    """Grafana wants them sorted, the first without a value."""
    for panel in panels(load(file)):
        if "thresholds" in panel["fieldConfig"]["defaults"]:
            first, *steps = (step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
            assert first is None, panel["title"]
            assert steps == sorted(set(steps)), panel["title"]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (apart_x or apart_y)
