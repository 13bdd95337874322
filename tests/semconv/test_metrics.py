"""The metrics of the convention are the metrics that the service serves, by the official rule for their names."""

from pathlib import Path

import pytest

from generate import prometheus_name
from loopwatch_processor.telemetry.metric import Metric
from loopwatch_processor.telemetry.table import LABELS, METRICS
from loopwatch_processor.telemetry.table import attributes as served_attributes
from registry import Item, load

MODEL = load(Path(__file__).parents[2] / "semconv")
DECLARED = {prometheus_name(item): item for item in MODEL.items["metrics"].values()}
SERVED = {metric.served_name: metric for metric in METRICS}
BOTH = sorted(DECLARED.keys() & SERVED.keys())


def attributes(item: Item) -> list[str]:
    """The attributes of a metric of the model."""
    return [ref["ref"] for ref in MODEL.refs(item)]


@pytest.mark.parametrize(
    ("name", "instrument", "unit", "served"),
    [
        ("loopwatch.steps", "counter", "{step}", "loopwatch_steps_total"),
        ("loopwatch.sessions.open", "gauge", "{session}", "loopwatch_sessions_open"),
        ("loopwatch.stream.ttft", "histogram", "s", "loopwatch_stream_ttft_seconds"),
        ("loopwatch.requests.received", "counter", "By", "loopwatch_requests_received_bytes_total"),
        ("loopwatch.fill", "gauge", "1", "loopwatch_fill_ratio"),
        ("loopwatch.cost", "counter", "{USD}", "loopwatch_cost_usd_total"),
    ],
)
def test_names_follow_the_rule(name: str, instrument: str, unit: str, served: str) -> None:
    """Underscores for dots, the unit in words but for counts, `_total` on counters alone; dollars are kept."""
    assert prometheus_name({"name": name, "instrument": instrument, "unit": unit}) == served


def test_what_is_served_is_declared_and_the_reverse() -> None:
    """Every metric of the table is in semconv/model by the name it is served by, and nothing else is there.

    The table is all that loopwatch itself serves; what the Prometheus client adds (`process_*`) is not ours.
    """
    assert SERVED.keys() - DECLARED.keys() == set(), "add them to semconv/model/metrics.yaml"
    assert DECLARED.keys() - SERVED.keys() == set(), "nothing serves them: take them out of semconv/model"


@pytest.mark.parametrize("name", BOTH)
def test_instrument_unit_and_meaning_are_the_same(name: str) -> None:
    """What the model says of a metric is what a scrape says of it."""
    item, metric = DECLARED[name], SERVED[name]
    assert (item["instrument"], item["unit"], item["brief"]) == (metric.kind, metric.unit, metric.help)


@pytest.mark.parametrize("name", BOTH)
def test_labels_are_the_attributes(name: str) -> None:
    """Each label stands for one attribute of the metric, in the same order, and each attribute is a label."""
    assert list(served_attributes(SERVED[name])) == attributes(DECLARED[name])


@pytest.mark.parametrize("name", DECLARED)
def test_notes_tell_the_cardinality(name: str) -> None:
    """Who sizes a Prometheus reads how many series there can be."""
    assert "series" in DECLARED[name].get("note", "")


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric.buckets], ids=lambda m: m.name)
def test_histograms_hold_fractions(metric: Metric) -> None:
    """Times, ratios and money are doubles; only what is counted is whole."""
    value_type = DECLARED[metric.served_name]["annotations"]["code_generation"]["metric_value_type"]
    assert value_type == ("int" if metric.unit == "{step}" else "double")


def test_every_label_is_used() -> None:
    """The table of labels holds none that no metric has."""
    assert {label for metric in METRICS for label in metric.labels} == LABELS.keys()
