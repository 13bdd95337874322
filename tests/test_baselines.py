"""What is usual for whom, how long it is remembered, and what survives a restart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.baselines import MAX_PEERS, OTHERS, Baselines, Norm, Peers, peers_of
from loopwatch_processor.bounds import Counts
from loopwatch_processor.quantiles import RELATIVE_ERROR
from loopwatch_processor.run import Run, Totals
from loopwatch_processor.session import Session

DAY_S = 86_400.0
NOW = 20_000 * DAY_S
RESEARCH: Peers = ("research", "", "")


def ended(steps: int = 10, duration_s: float = 60.0) -> Run:
    """A run that took so much."""
    return Run("run", started_ns=10**18, ended_ns=10**18 + round(duration_s * 1e9), totals=Totals(steps=steps))


def learned(*runs: Run, peers: Peers = RESEARCH) -> Baselines:
    """What is known after *runs* of today."""
    baselines = Baselines()
    baselines.pass_time(NOW)
    for run in runs:
        baselines.learn(peers, run)
    return baselines


def test_agents_of_a_type_are_peers_wherever_they_run() -> None:
    """Without a type only the same agent of the same service is."""
    typed = Session("s", service="a", agent_type="research")
    untyped = Session("s", service="a", agent="refunds")
    assert peers_of(typed, Run("r", agent="x")) == peers_of(Session("t", agent_type="research"), Run("r"))
    assert peers_of(untyped, Run("r", agent="x")) == ("", "a", "x")
    assert peers_of(untyped, Run("r")) == ("", "a", "refunds")
    assert peers_of(Session("s", service="b"), Run("r", agent="x")) != peers_of(untyped, Run("r", agent="x"))


def test_a_norm_is_the_99th_percentile_of_steps_and_of_durations() -> None:
    """Of 200 runs the third longest."""
    norm = learned(*(ended(steps=n, duration_s=n * 2.0) for n in range(1, 201))).norm(RESEARCH)
    assert norm.runs == 200
    assert norm.steps == pytest.approx(198, rel=RELATIVE_ERROR)
    assert norm.duration_s == pytest.approx(396, rel=RELATIVE_ERROR)


def test_one_outlier_does_not_move_the_norm() -> None:
    """A run that went on for a week of steps leaves the next one as remarkable as itself."""
    norm = learned(*(ended() for _ in range(99)), ended(steps=1_000_000, duration_s=1e6)).norm(RESEARCH)
    assert norm.steps == pytest.approx(10, rel=RELATIVE_ERROR)
    assert norm.duration_s == pytest.approx(60, rel=RELATIVE_ERROR)


def test_peers_do_not_blur_each_other() -> None:
    """And nobody is known who did nothing."""
    baselines = learned(ended(steps=500))
    assert baselines.norm(("batch", "", "")) == Norm()
    baselines.learn(("batch", "", ""), ended(steps=3))
    assert baselines.norm(("batch", "", "")).steps == pytest.approx(3, rel=RELATIVE_ERROR)


def test_what_is_a_week_past_is_forgotten() -> None:
    """Day by day, and a look back may be shorter than the week."""
    baselines = learned(ended(steps=100))
    for day in range(1, 7):
        baselines.pass_time(NOW + day * DAY_S)
        baselines.learn(RESEARCH, ended(steps=10))
        assert baselines.norm(RESEARCH).runs == day + 1
    assert baselines.norm(RESEARCH, days=2).runs == 2
    baselines.pass_time(NOW + 7 * DAY_S)
    assert baselines.norm(RESEARCH).runs == 6
    baselines.pass_time(NOW + 30 * DAY_S)
    assert baselines.norm(RESEARCH) == Norm()
    assert baselines.as_dict() == {"groups": []}


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=400))
def test_a_norm_that_is_asked_for_again_and_again_is_never_more_than_a_hundredth_behind(steps: list[int]) -> None:
    """It is computed anew only once enough runs have ended to move it."""
    baselines = learned()
    for number, each in enumerate(steps, 1):
        baselines.learn(RESEARCH, ended(steps=each))
        assert number / 1.01 - 1 <= baselines.norm(RESEARCH).runs <= number


def test_beyond_the_bound_agents_share_a_baseline_and_that_is_counted() -> None:
    """Agents that make up names fill no memory, and those that were there first keep their own."""
    counts = Counts()
    baselines = Baselines(counts)
    baselines.pass_time(NOW)
    for number in range(MAX_PEERS + 5):
        baselines.learn(("", "svc", f"agent-{number}"), ended(steps=number))
    assert counts.forgotten["baselines"] == 5
    assert len(baselines.as_dict()["groups"]) == MAX_PEERS + 1
    assert baselines.norm(("", "svc", "agent-0")).runs == 1
    assert baselines.norm(("", "svc", "never seen")) == baselines.norm(OTHERS)
    assert baselines.norm(OTHERS).runs == 5


@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 1e6), st.integers(0, 3)), max_size=60))
def test_baselines_survive_the_journal(runs: list[tuple[int, float, int]]) -> None:
    """Through JSON, and to the same norms."""
    baselines = learned()
    for steps, duration_s, agent in runs:
        baselines.learn(("", "svc", str(agent)), ended(steps, duration_s))
    restored = Baselines()
    restored.restore(json.loads(json.dumps(baselines.as_dict())), NOW)
    assert restored.as_dict() == baselines.as_dict()
    for agent in range(4):
        assert restored.norm(("", "svc", str(agent))) == baselines.norm(("", "svc", str(agent)))


def test_what_is_restored_late_is_forgotten() -> None:
    """A service that was down for a month starts afresh."""
    restored = Baselines()
    restored.restore(learned(ended()).as_dict(), NOW + 30 * DAY_S)
    assert restored.norm(RESEARCH) == Norm()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"groups": 3},
        {"groups": [{"peers": ["a"], "days": {}}]},
        {"groups": [{"peers": ["a", "", ""], "days": {"x": {"steps": {}, "duration_s": {}}}}]},
        {"groups": [{"peers": ["a", "", ""], "days": {"1": {"steps": {"999999999": 1}, "duration_s": {}}}}]},
        {"groups": [{"peers": ["a", "", ""], "days": {"1": {"steps": {"1": -1}, "duration_s": {}}}}]},
    ],
)
def test_what_is_no_baseline_is_refused_and_changes_nothing(data: dict[str, object]) -> None:
    """A damaged journal costs the past, not the service."""
    baselines = learned(ended())
    with pytest.raises(ValueError, match="these are no baselines"):
        baselines.restore(data, NOW)
    assert baselines.norm(RESEARCH).runs == 1
