"""The counters against the sessions, over recordings of real instrumentations."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.replay import read_file, replay
from loopwatch_processor.telemetry import Telemetry
from tests.shared import SPANS, needs_recordings

FILES = sorted(path for path in SPANS.glob("*.jsonl") if not path.stem.endswith((".logs", ".metrics")))


def total(telemetry: Telemetry, name: str, **labels: str) -> float:
    """The sum of the series of *name* that have *labels*."""
    return sum(
        sample.value
        for metric in telemetry.registry.collect()
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@needs_recordings
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_counters_agree_with_the_sessions(path: Path) -> None:
    """What is counted as it arrives is what the sessions hold in the end: each step, token and dollar once."""
    pipeline = build_pipeline(Config())
    sessions = replay(pipeline, read_file(str(path), lambda fault: pytest.fail(str(fault))))
    telemetry, totals = pipeline.telemetry, [session.totals for session in sessions]
    assert total(telemetry, "loopwatch_steps_total") == sum(each.steps for each in totals)
    tokens = {"input": 0, "output": 0}
    for each in totals:
        tokens["input"] += each.usage.input_tokens
        tokens["output"] += each.usage.output_tokens
    for direction, expected in tokens.items():
        assert total(telemetry, "loopwatch_tokens_total", direction=direction) == expected
    assert total(telemetry, "loopwatch_cost_usd_total") == pytest.approx(sum(each.cost_usd for each in totals))
    assert total(telemetry, "loopwatch_runs_ended_total") == sum(len(session.runs) for session in sessions)
