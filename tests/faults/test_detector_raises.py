"""A detector with a bug: it is counted, the spans go on unchanged, and the others find what they find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.app import Service
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.baselines import Baselines
from loopwatch_processor.config import Config
from loopwatch_processor.detectors.budget import BudgetDetector
from loopwatch_processor.detectors.lifecycle import LifecycleDetector
from loopwatch_processor.detectors.loop import LoopDetector
from loopwatch_processor.finding import Finding, RaisedFinding
from loopwatch_processor.receive.intake import Signal
from tests.faults.counting import Counts
from tests.faults.load import arrived_at, calls, ids_of, request_of
from tests.open_spans.cases import BEAT, STARTED, Listening, event
from tests.paging.spans import ended, looping
from tests.receive.harness import Receivers, loop_in_thread, receivers

REQUESTS, EVERY = 40, 3
OVERFULL = 125_000
"""Tokens that fill more than 90 % of the window of gpt-4o-mini."""


class Heard:
    """A sink that keeps what was found."""

    name = "heard"

    def __init__(self) -> None:
        self.found: list[RaisedFinding] = []

    def emit(self, raised: RaisedFinding) -> None:
        """Keep it."""
        self.found.append(raised)


class Failing:
    """Takes the place of a detector's `update`, and raises in every *every*-th call."""

    def __init__(self, update: Any, every: int) -> None:
        self.calls = self.raised = 0
        self._update, self._every = update, every

    def __call__(self, detector: Any, *of: Any) -> Iterable[Finding]:
        self.calls += 1
        if self.calls % self._every == 0:
            self.raised += 1
            raise ZeroDivisionError("a bug")
        found: Iterable[Finding] = self._update(detector, *of)
        return found


@contextmanager
def inline(heard: Heard) -> Iterator[tuple[Service, Receivers]]:
    """A whole service between two ports, without a journal."""
    with receivers() as downstream, loop_in_thread() as run:
        settings = {
            "receive": {"grpc_port": 0, "http_port": 0},
            "forward": {"endpoint": f"http://{downstream.target}"},
            "journal": {"enabled": False},
            "sinks": {"log": {"enabled": False}},
        }

        async def begin() -> Service:
            service = Service(Config.model_validate(settings), heard)
            await service.start()
            return service

        service = run(begin())
        try:
            yield service, downstream
        finally:
            run(service.stop())


def bodies() -> list[bytes]:
    """Healthy sessions, one that loops, and one whose context is nearly full."""
    full: list[Span] = calls("full", spans=1, agent="reader")
    usage = next(pair for pair in full[0].attributes if pair.key == "gen_ai.usage.input_tokens")
    usage.value.int_value = OVERFULL
    healthy = [request_of(calls(f"healthy-{number}")) for number in range(REQUESTS)]
    return [*healthy, request_of(looping("loops")), request_of(full)]


@pytest.mark.parametrize(
    ("detector", "every", "still"),
    [(LoopDetector, 1, {"context"}), (LoopDetector, 5, {"context"}), (BudgetDetector, EVERY, {"context", "loop"})],
    ids=["loop, always", "loop, once in five", "budget, once in three"],
)
def test_a_detector_that_raises(
    monkeypatch: pytest.MonkeyPatch, counts: Counts, detector: Any, every: int, still: set[str]
) -> None:
    """Counted each time; every span is answered OK, scored, and arrives, as it was sent where nothing was found."""
    failing, heard, sent = Failing(detector.update, every), Heard(), bodies()
    monkeypatch.setattr(detector, "update", lambda *of: failing(*of))  # noqa: PLW0108 - a function binds
    with inline(heard) as (service, downstream):
        url, headers = f"http://127.0.0.1:{service.http_port}/v1/traces", {"content-type": "application/x-protobuf"}
        with httpx.Client(headers=headers, trust_env=False) as client:
            answers = Counter(client.post(url, content=body).status_code for body in sent)
        value = service.telemetry.registry.get_sample_value
        failed = value("loopwatch_scoring_failures_total", {"part": "detector", "name": detector.name}) or 0
        scored = sum(session.totals.steps for session in service.pipeline.sessions.open.values())
        arrived = [body for kind, body in downstream.intake.bodies if kind is Signal.traces]
        lost = ids_of(sent).keys() - arrived_at(downstream)

    counts.add(
        sent=ids_of(sent).total(),
        answered=dict(answers),
        not_downstream=len(lost),
        scored=scored,
        raised=failing.raised,
        counted=int(failed),
        found_by=sorted({item.finding.detector for item in heard.found}),
    )
    assert answers == {200: len(sent)}
    assert failing.raised > 0
    assert failed == failing.raised
    assert scored == ids_of(sent).total()
    assert not lost
    assert arrived[:REQUESTS] == sent[:REQUESTS]
    assert still <= {item.finding.detector for item in heard.found}


def test_a_run_whose_end_cannot_be_counted(monkeypatch: pytest.MonkeyPatch, counts: Counts) -> None:
    """The loop that ended with it is over all the same."""
    failing = Failing(Baselines.learn, 1)
    monkeypatch.setattr(Baselines, "learn", lambda *of: failing(*of))  # noqa: PLW0108 - a function binds
    pipeline = build_pipeline(Config.model_validate({"incidents": {"hold_s": 1, "settle_s": 0}}))
    pipeline.feed_traces(request_of([*looping("loops"), ended("loops")]), 0.0)
    opened = len(pipeline.incidents.open())
    for now_s in range(1, 20):
        pipeline.tick(float(now_s))
    value = pipeline.telemetry.registry.get_sample_value
    failed = value("loopwatch_scoring_failures_total", {"part": "pipeline", "name": "tick"}) or 0

    counts.add(raised=failing.raised, counted=int(failed), opened=opened, open=len(pipeline.incidents.open()))
    assert failing.raised > 0
    assert failed == failing.raised
    assert opened == 1
    assert not pipeline.incidents.open()


def test_a_detector_of_workers_that_raises(monkeypatch: pytest.MonkeyPatch, counts: Counts) -> None:
    """A stream that stalls is found all the same, while another worker is silent and nobody can judge it."""
    failing = Failing(LifecycleDetector.lost, 1)
    monkeypatch.setattr(LifecycleDetector, "lost", lambda *of: failing(*of))  # noqa: PLW0108 - a function binds
    here = Listening()
    here.hear(event(STARTED, 1, 0.0, worker="w2", trace=2))
    here.hear(event(STARTED, 1, 0.0))
    for beat in range(1, 60):
        here.wait_until(beat * 10.0)
        here.hear(event(BEAT, 1, beat * 10.0, loopwatch__stream__current_gap=beat * 10.0))
    value = here.scorer.telemetry.registry.get_sample_value
    failed = value("loopwatch_scoring_failures_total", {"part": "detector", "name": "lifecycle"}) or 0

    counts.add(raised=failing.raised, counted=int(failed), found_by=sorted({r.finding.detector for r in here.raised}))
    assert failing.raised > 0
    assert failed == failing.raised
    assert {item.finding.detector for item in here.raised} == {"stream"}
