"""Money, steps, tool calls, tokens and time beyond what somebody allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor.detectors.budget import BudgetDetector
from loopwatch_processor.detectors.budget_settings import Budgets, BudgetSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.session import Session
from loopwatch_processor.step import Limits, Step, StepKind
from tests.builders import Watch, model_step, step, tool_step, turn_step


def _watch(agent_type: str = "", **budgets: Any) -> Watch:
    detector = BudgetDetector(BudgetSettings(), Budgets.model_validate(budgets))
    return Watch(detector, Session("session", agent_type=agent_type))


def _paid(usd: float | None, at_s: float = 0.0, **fields: Any) -> Step:
    return model_step(input_tokens=1_000, cost_usd=usd, at_s=at_s, **fields)


@pytest.mark.parametrize(("agent_type", "limit_usd"), [("research", 5.0), ("operational", 0.5)])
def test_a_built_in_session_limit_warns_and_never_pages(agent_type: str, limit_usd: float) -> None:
    """Nobody asked for this limit, so it is a ticket however far it is exceeded."""
    watch = _watch(agent_type)
    assert watch.feed(_paid(limit_usd)) == []
    (finding,) = watch.feed(_paid(limit_usd * 100, at_s=10))
    assert (finding.pattern, finding.severity, finding.stop_reason) == ("session_usd", Severity.WARNING, "cost_budget")
    assert finding.threshold == limit_usd
    assert f"built-in limit for {agent_type} agents" in finding.summary


def test_a_built_in_turn_limit_holds_each_turn_of_a_conversation() -> None:
    """Ten cents a turn: many cheap turns are fine, one dear turn is not."""
    watch = _watch("conversational")
    assert [watch.feed(_paid(0.09, at_s=10 * turn), run=f"turn-{turn}") for turn in range(20)] == [[]] * 20
    (finding,) = watch.feed(_paid(0.11, at_s=300), run="turn-20")
    assert (finding.pattern, finding.severity) == ("turn_usd", Severity.WARNING)


@pytest.mark.parametrize("agent_type", ["", "coding", "batch", "acme-special"])
def test_an_agent_of_another_type_has_no_built_in_limit(agent_type: str) -> None:
    """What is normal for it is unknown."""
    assert _watch(agent_type).feed(_paid(1_000.0)) == []


def test_there_are_no_built_in_limits_on_steps_tokens_or_time() -> None:
    """Healthy coding runs make hundreds of calls over hours."""
    watch = _watch("research")
    steps = [tool_step(at_s=60 * index) for index in range(300)]
    assert watch.feed(*steps, model_step(input_tokens=10**9, at_s=20_000)) == []


_OVER = [
    ("usd", "cost_budget", {"max_usd": 1.0}, [_paid(0.6), _paid(0.6, at_s=2)]),
    ("steps", "step_budget", {"max_steps": 2}, [model_step(), tool_step(at_s=2), model_step(at_s=4)]),
    ("tool_calls", "tool_budget", {"max_tool_calls": 1}, [tool_step(), model_step(at_s=2), tool_step(at_s=4)]),
    ("tokens", "token_budget", {"max_tokens": 1_500}, [_paid(None), _paid(None, at_s=2)]),
    ("seconds", "time_budget", {"max_seconds": 60.0}, [tool_step(), tool_step(at_s=60.5)]),
]


@pytest.mark.parametrize("scope", ["turn", "session"])
@pytest.mark.parametrize(("unit", "reason", "limits", "steps"), _OVER, ids=[item[0] for item in _OVER])
def test_a_limit_of_the_user_pages_when_it_is_exceeded(
    scope: str, unit: str, reason: str, limits: dict[str, float], steps: list[Step]
) -> None:
    """For every resource, for a turn and for a session: critical at the step that goes over, not before."""
    budgets: dict[str, Any] = {f"per_{scope}": limits}
    watch = _watch(**budgets)
    watch.feed(*steps[:-1])
    assert all(finding.severity < Severity.CRITICAL for finding in watch.findings)
    (finding,) = watch.feed(steps[-1])
    assert (finding.pattern, finding.severity, finding.stop_reason) == (f"{scope}_{unit}", Severity.CRITICAL, reason)
    assert finding.score == 1.0
    assert finding.values[f"limit_{unit}"] == next(iter(limits.values()))
    assert finding.span_ids == (steps[-1].span_id,)


@pytest.mark.parametrize(("unit", "reason", "limits", "steps"), _OVER, ids=[item[0] for item in _OVER])
def test_a_limit_on_the_span_pages_as_one_in_the_configuration(
    unit: str, reason: str, limits: dict[str, Any], steps: list[Step]
) -> None:
    """The agent's own span says what its run may use; it arrives when the run ends."""
    watch = _watch()
    watch.feed(*steps)
    (finding,) = watch.feed(turn_step(limits=Limits(**limits), span_id="run"))
    assert (finding.pattern, finding.severity, finding.stop_reason) == (f"turn_{unit}", Severity.CRITICAL, reason)


def test_the_tighter_of_two_limits_counts() -> None:
    """Configuration allows ten dollars, the caller two: two it is."""
    watch = _watch(per_turn={"max_usd": 10.0})
    watch.feed(_paid(3.0))
    (finding,) = watch.feed(turn_step(limits=Limits(max_usd=2.0), at_s=5))
    assert finding.threshold == 2.0


def test_spending_a_limit_to_the_last_cent_does_not_exceed_it() -> None:
    """Ten times ten cents is a dollar, whatever floats say."""
    watch = _watch(per_session={"max_usd": 1.0})
    watch.feed(*(_paid(0.1, at_s=2 * index) for index in range(10)))
    assert {finding.severity for finding in watch.findings} == {Severity.INFO}


def test_an_approaching_limit_is_context_once() -> None:
    """From 80 % on, said once, so that the way to the page can be seen."""
    watch = _watch(per_session={"max_usd": 1.0})
    assert watch.feed(_paid(0.79)) == []
    (finding,) = watch.feed(_paid(0.01, at_s=2))
    assert finding.severity is Severity.INFO
    assert finding.score == pytest.approx(0.8)
    assert "used 80% of your limit" in finding.summary
    assert watch.feed(_paid(0.05, at_s=4)) == []


def test_a_finished_run_approaches_nothing() -> None:
    """Nine of ten steps used, and done: that is a good budget."""
    watch = _watch()
    steps = [tool_step(at_s=2 * index) for index in range(9)]
    assert watch.feed(*steps, turn_step(limits=Limits(max_steps=10), span_id="run", at_s=20)) == []


def test_a_run_that_its_own_limit_stopped_is_no_page() -> None:
    """The caller's guard held, a little over because the last call settled higher: a ticket at most."""
    watch = _watch()
    watch.feed(_paid(1.02))
    end = turn_step(limits=Limits(max_usd=1.0), stop_reason="cost_budget", span_id="run", at_s=5)
    (finding,) = watch.feed(end)
    assert finding.severity is Severity.WARNING


def test_a_limit_of_zero_allows_nothing() -> None:
    """No tool calls allowed: the first one is one too many; none at all is fine."""
    limits = Limits(max_tool_calls=0)
    assert _watch().feed(model_step(), turn_step(limits=limits, span_id="run", at_s=5)) == []
    (finding,) = _watch().feed(tool_step(), turn_step(limits=limits, span_id="run", at_s=5))
    assert (finding.severity, finding.score) == (Severity.CRITICAL, 1.0)


def test_a_limit_of_the_user_replaces_the_built_in_one() -> None:
    """Whoever allows twenty dollars does not want to hear about five."""
    watch = _watch("research", per_session={"max_usd": 20.0})
    assert watch.feed(_paid(15.0)) == []


def test_one_step_may_cost_too_much() -> None:
    """A limit on a single call finds the one dear call in a cheap session."""
    watch = _watch(per_step={"max_usd": 0.5})
    assert watch.feed(_paid(0.4), _paid(0.4, at_s=2), tool_step(at_s=4)) == []
    (finding,) = watch.feed(_paid(0.6, at_s=6))
    assert (finding.pattern, finding.severity) == ("step_usd", Severity.CRITICAL)


def test_a_tools_own_cost_counts() -> None:
    """A paid search API burns the same money."""
    watch = _watch(per_session={"max_usd": 1.0})
    (finding,) = watch.feed(tool_step(cost_usd=1.5))
    assert finding.pattern == "session_usd"


def test_a_job_is_held_to_the_limit_of_a_task() -> None:
    """Once the job's span is seen, its run is a task: the limit of a turn no longer applies."""
    watch = _watch(per_task={"max_usd": 5.0}, per_turn={"max_usd": 1.0})
    assert watch.feed(step(StepKind.JOB), _paid(3.0, at_s=2)) == []
    (finding,) = watch.feed(_paid(3.0, at_s=4))
    assert finding.pattern == "task_usd"


def test_a_conversational_job_has_no_built_in_turn_limit() -> None:
    """A job is not a turn of a conversation."""
    assert _watch("conversational").feed(step(StepKind.JOB), _paid(3.0, at_s=2)) == []


def test_two_agents_of_a_session_say_it_once() -> None:
    """The session's limit is one fact, however many agents go on spending."""
    watch = _watch(per_session={"max_usd": 1.0})
    assert len(watch.feed(_paid(2.0), agent="planner")) == 1
    assert watch.feed(_paid(2.0, at_s=2), agent="worker") == []


def test_burn_rate_and_time_to_exhaustion_are_told() -> None:
    """40 cents in the first minute and 40 in the second: 40 cents a minute, so 20 cents last 30 s."""
    watch = _watch(per_session={"max_usd": 1.0})
    (finding,) = watch.feed(_paid(0.4, duration_s=60), _paid(0.4, at_s=60, duration_s=60))
    assert finding.values["burn_usd_per_minute"] == pytest.approx(0.4)
    assert finding.values["exhausted_in_s"] == pytest.approx(30.0)


def test_the_burn_rate_forgets_what_is_long_past() -> None:
    """An idle night between two calls does not make the second one cheap."""
    watch = _watch(per_session={"max_usd": 1.0})
    (finding,) = watch.feed(_paid(0.4, duration_s=60), _paid(0.5, at_s=36_000, duration_s=60))
    assert finding.values["burn_usd_per_minute"] == pytest.approx(0.5)


def test_unpriced_calls_make_the_sum_a_lower_bound() -> None:
    """The sentence and the evidence say that the real sum is higher."""
    watch = _watch(per_session={"max_usd": 1.0})
    (finding,) = watch.feed(_paid(None), _paid(2.0, at_s=2))
    assert "at least $2.00" in finding.summary
    assert finding.values["unpriced_calls"] == 1


@given(st.lists(st.integers(min_value=0, max_value=20), max_size=40))
def test_what_is_found_depends_on_the_sum_alone(cents: list[int]) -> None:
    """A session over its limit is critical, exactly once; one at or below it never is."""
    watch = _watch(per_session={"max_usd": 1.0})
    watch.feed(*(_paid(cost / 100, at_s=index) for index, cost in enumerate(cents)))
    critical = [finding for finding in watch.findings if finding.severity is Severity.CRITICAL]
    assert len(critical) == (1 if sum(cents) > 100 else 0)


def test_a_wrong_budget_is_refused_by_name() -> None:
    """Unknown keys and limits of zero are mistakes in a file."""
    with pytest.raises(ValidationError, match="per_seesion"):
        Budgets.model_validate({"per_seesion": {"max_usd": 1.0}})
    with pytest.raises(ValidationError, match=r"per_turn\.max_steps"):
        Budgets.model_validate({"per_turn": {"max_steps": 0}})
