"""The shipped Collector configurations, before anything runs: a real Collector takes each of them as it stands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from stack import collector
from tests.alert_rules.conftest import needed
from tests.stack.processes import ROOT

SHIPPED = sorted(path.name for path in ROOT.glob("otel-collector*.yaml"))
ALERT = "CollectorDropsSpansForLoopwatch"
COUNTERS = (
    "otelcol_exporter_enqueue_failed_spans",
    "otelcol_exporter_send_failed_spans",
    "otelcol_exporter_send_failed_log_records",
    "otelcol_exporter_enqueue_failed_spans_total",
)
WATCHED = re.compile(r"\botelcol_\w+")


def test_all_three_are_there() -> None:
    """Beside, between, and before several: no more files than this suite runs."""
    assert SHIPPED == ["otel-collector.inline.yaml", "otel-collector.replicas.yaml", "otel-collector.yaml"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_collector_takes_it_without_a_word(otelcol_contrib: Path, tmp_path: Path, name: str) -> None:
    """No environment variable is needed, but for a folder that exists on no test machine; nothing in it is unknown."""
    command = [otelcol_contrib, "validate", f"--config={ROOT / name}"]
    done = subprocess.run(command, capture_output=True, text=True, env={"QUEUE_DIR": str(tmp_path)}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_collector_takes_the_resolver_for_kubernetes(otelcol_contrib: Path, tmp_path: Path) -> None:
    """The line that is commented out, in the place of the list of replicas."""
    text = (ROOT / "otel-collector.replicas.yaml").read_text()
    (line,) = re.findall(r"^    #   (dns: .*)$", text, re.MULTILINE)
    config = yaml.safe_load(text)
    config["exporters"]["load_balancing"]["resolver"] = yaml.safe_load(line)
    path = tmp_path / "collector.yaml"
    path.write_text(yaml.safe_dump(config))
    subprocess.run([otelcol_contrib, "validate", f"--config={path}"], check=True, env={})


@pytest.mark.parametrize("name", SHIPPED)
def test_the_limiter_stands_first_and_the_own_metrics_are_served(name: str) -> None:
    """What bounds the memory of a Collector helps only before everything else, and drops only where they are read."""
    config = yaml.safe_load((ROOT / name).read_text())
    assert {pipeline["processors"][0] for pipeline in config["service"]["pipelines"].values()} == {"memory_limiter"}
    (reader,) = config["service"]["telemetry"]["metrics"]["readers"]
    assert reader["pull"]["exporter"]["prometheus"]["port"] == "${env:COLLECTOR_METRICS_PORT:-8888}"


def test_the_page_names_the_metrics_that_the_files_name() -> None:
    """Who reads docs/collector.md finds every metric that a comment tells to watch."""
    page = (ROOT / "docs" / "collector.md").read_text()
    named = {metric for name in SHIPPED for metric in WATCHED.findall((ROOT / name).read_text())}
    assert named <= set(WATCHED.findall(page))


def test_the_alert_of_the_page_fires_while_spans_are_dropped(tmp_path: Path) -> None:
    """From the first drop on, for a quarter of an hour; not for other exporters."""
    page = (ROOT / "docs" / "collector.md").read_text()
    (tmp_path / "rules.yaml").write_text(page.rpartition("```yaml\n")[2].partition("```")[0])
    tests = tmp_path / "tests.yaml"
    tests.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "tests": [dropped(name) for name in COUNTERS]}))
    done = subprocess.run([needed("promtool"), "test", "rules", tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def dropped(counter: str) -> dict[str, object]:
    """A test for promtool: *counter* appears in the tenth minute, and another exporter's grows all the time."""
    where = {"job": "otel-collector", "instance": "a:8888"}
    labels = ", ".join(f'{key}="{value}"' for key, value in where.items())
    expected = {
        "exp_labels": {"alertname": ALERT, "severity": "warning", "exporter": "otlp/loopwatch", **where},
        "exp_annotations": {
            "summary": "The Collector drops what loopwatch should see",
            "description": "otlp/loopwatch: 83 spans and log records since it started.",
        },
    }
    return {
        "interval": "1m",
        "input_series": [
            {"series": f'{counter}{{exporter="otlp/loopwatch", {labels}}}', "values": "_x9 83x40"},
            {"series": f'{counter}{{exporter="otlp/backend", {labels}}}', "values": "0+5x50"},
        ],
        "alert_rule_test": [
            {"alertname": ALERT, "eval_time": "8m30s", "exp_alerts": []},
            {"alertname": ALERT, "eval_time": "12m30s", "exp_alerts": [expected]},
            {"alertname": ALERT, "eval_time": "40m30s", "exp_alerts": []},
        ],
    }


def test_the_manifest_is_of_one_release() -> None:
    """Core and contrib of different releases do not fit together; the providers have the stable line's number."""
    versions = set(re.findall(r"gomod: \S+ (v\S+)", collector.MANIFEST.read_text()))
    minor = collector.VERSION.split(".")[1]
    assert versions == {collector.VERSION, f"v1.{int(minor) - 94}.0"}
