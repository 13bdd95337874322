"""When the steps of labelled sessions ran, and in which run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.corpus import UnusableCorpus, read, requests
from loopwatch_processor.otlp import Span, decode_traces


def spans(tmp_path: Path, *steps: dict[str, Any]) -> list[Span]:
    """What a session of *steps* sends, in the order in which it arrives."""
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"id": "s", "steps": [{"kind": "tool", **step} for step in steps]}))
    (session,) = read(path)
    sent = [span for _, body, _ in requests(session) for span in decode_traces(body)]
    assert all(isinstance(span, Span) for span in sent)
    return [span for span in sent if isinstance(span, Span)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"start": 100, "end": 160.5}, {"start": 1900, "end": 1901}),
        ({"start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:01:00.5Z"}, {"start": "2026-03-01T11:30:00+01:00"}),
    ],
)
def test_steps_run_when_they_say(tmp_path: Path, first: dict[str, Any], second: dict[str, Any]) -> None:
    """In seconds or in ISO 8601: what lies between them is kept."""
    one, other, root = spans(tmp_path, {"name": "a", **first}, {"name": "b", **second})
    assert one.end_ns - one.start_ns == 60_500_000_000
    assert other.start_ns - one.start_ns == 1_800_000_000_000
    assert root.end_ns > other.end_ns


def test_calls_at_the_same_time_arrive_as_they_end(tmp_path: Path) -> None:
    """The longer one started first and is told last."""
    sent = spans(tmp_path, {"name": "slow", "start": 0, "end": 9}, {"name": "fast", "start": 1, "end": 2})
    assert [span.name for span in sent] == ["execute_tool fast", "execute_tool slow", "invoke_agent"]


def test_steps_that_do_not_say_follow_one_another(tmp_path: Path) -> None:
    """Also after one that does."""
    one, other, _ = spans(tmp_path, {"name": "a", "start": 50, "end": 70}, {"name": "b"})
    assert one.end_ns < other.start_ns < other.end_ns


def test_each_run_is_a_trace_of_its_own(tmp_path: Path) -> None:
    """With its own root, in one conversation."""
    sent = spans(tmp_path, {"name": "a", "run": 1}, {"name": "b", "run": 1}, {"name": "a", "run": 2})
    assert [span.name for span in sent] == [
        "execute_tool a",
        "execute_tool b",
        "invoke_agent",
        "execute_tool a",
        "invoke_agent",
    ]
    assert len({span.trace_id for span in sent[:3]}) == 1
    assert len({span.trace_id for span in sent}) == 2
    assert {span.get("gen_ai.conversation.id") for span in sent} == {"s"}


@pytest.mark.parametrize("value", ["soon", True, [1]])
def test_what_is_no_time_is_refused(tmp_path: Path, value: object) -> None:
    """In one sentence that says where."""
    with pytest.raises(UnusableCorpus, match=r"steps\[0\]\.start needs to be seconds or an ISO 8601 time"):
        spans(tmp_path, {"name": "a", "start": value})


def test_a_step_may_say_how_far_the_work_is(tmp_path: Path) -> None:
    """Its state, its score, or nothing; the span of the run says neither."""
    first, second, third, root = spans(
        tmp_path, {"name": "a", "state_hash": "s1", "progress": 0.25}, {"name": "b", "progress": 1}, {"name": "c"}
    )
    told = [(span.get("loopwatch.state.hash"), span.get("loopwatch.progress.score")) for span in (first, second)]
    assert told == [("s1", 0.25), (None, 1.0)]
    assert all(span.get("loopwatch.progress.score") is None for span in (third, root))


@pytest.mark.parametrize("value", ["half", True, [1]])
def test_what_is_no_score_is_refused(tmp_path: Path, value: object) -> None:
    """With the place and what is needed there."""
    with pytest.raises(UnusableCorpus, match=r"steps\[0\]\.progress needs to be a number from 0 to 1"):
        spans(tmp_path, {"name": "a", "progress": value})
