"""Limits hold before a call, across threads, tasks and sub-agents."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch.attributes import StopReason
from loopwatch.budget import Amounts, Budget, BudgetExceeded, Limits
from tests.helpers.reading import attributes_of


def test_a_call_over_the_limit_is_refused_before_it_is_made(exporter: InMemorySpanExporter) -> None:
    """No span of the refused call, an exception with reason, spent and limit, and the reason on the session."""

    def run() -> None:
        with loopwatch.session("a", max_tool_calls=1):
            with loopwatch.model_call("m"):
                pass
            for name in ("first", "second"):
                with loopwatch.tool_call(name, {}):
                    pass

    with pytest.raises(loopwatch.BudgetExceeded) as refused:
        run()

    assert (refused.value.stop_reason, refused.value.spent, refused.value.limit) == (StopReason.TOOL_BUDGET, 1, 1)
    assert str(refused.value) == "tool_budget: 1 of 1 are spent or reserved"
    assert [span.name for span in exporter.get_finished_spans()] == ["chat m", "execute_tool first", "invoke_agent a"]
    assert attributes_of(exporter, "invoke_agent a")["loopwatch.stop.reason"] == "tool_budget"


def test_a_run_that_ends_quietly_after_a_refusal_keeps_its_reason(exporter: InMemorySpanExporter) -> None:
    """An agent that catches the refusal to wind up was still stopped by its limit."""
    with loopwatch.session("a", max_steps=1):
        with loopwatch.model_call("m"):
            pass
        with pytest.raises(loopwatch.BudgetExceeded), loopwatch.model_call("n"):
            pass

    assert attributes_of(exporter, "invoke_agent a")["loopwatch.stop.reason"] == "step_budget"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"max_usd": 0.5}, StopReason.COST_BUDGET),
        ({"max_tokens": 100}, StopReason.TOKEN_BUDGET),
        ({"max_steps": 1}, StopReason.STEP_BUDGET),
        ({"max_seconds": 0.0}, StopReason.TIME_BUDGET),
    ],
)
def test_every_limit_refuses_with_its_own_reason(
    exporter: InMemorySpanExporter, limits: dict[str, float], reason: StopReason
) -> None:
    """The second model call at the latest finds the limit used up."""

    def run() -> None:
        with loopwatch.session("a", **limits):  # type: ignore[arg-type]
            for _ in range(2):
                with loopwatch.model_call("m") as call:
                    call.usage(input_tokens=60, output_tokens=40, cost_usd=0.5)

    with pytest.raises(loopwatch.BudgetExceeded) as refused:
        run()

    assert refused.value.stop_reason is reason
    assert attributes_of(exporter, "invoke_agent a")["loopwatch.stop.reason"] == reason.value


def test_what_is_spent_is_on_the_session(exporter: InMemorySpanExporter) -> None:
    """Model calls and priced tool calls add up, sub-agents included, each once."""
    with loopwatch.session("a", max_usd=10.0):
        with loopwatch.model_call("m") as model:
            model.usage(cost_usd=0.5)
        with loopwatch.session("b"), loopwatch.tool_call("t", {}) as tool:
            tool.cost(0.25)

    assert attributes_of(exporter, "invoke_agent a")["loopwatch.budget.spent"] == 0.75
    assert attributes_of(exporter, "invoke_agent a")["loopwatch.run.cost"] == 0.75
    assert attributes_of(exporter, "invoke_agent b")["loopwatch.run.cost"] == 0.25
    assert attributes_of(exporter, "chat m")["loopwatch.step.cost"] == 0.5


def test_without_a_limit_nothing_is_ever_refused(exporter: InMemorySpanExporter) -> None:
    """A loop of our own making is for the processor to find, not for us to stop."""
    with loopwatch.session("a"):
        for _ in range(200):
            with loopwatch.tool_call("t", {}):
                pass

    assert len(exporter.get_finished_spans()) == 201


def test_a_sub_agent_draws_on_the_limits_of_the_outer_session(exporter: InMemorySpanExporter) -> None:
    """The outer limit holds in the sub-agent, the inner one not outside, and a refused call costs neither."""
    with loopwatch.session("outer", max_tool_calls=3) as outer:
        with loopwatch.session("inner", max_tool_calls=1) as inner:
            with loopwatch.tool_call("t", {}):
                pass
            with pytest.raises(loopwatch.BudgetExceeded), loopwatch.tool_call("t", {}):
                pass
            assert inner.budget.reserved == Amounts()
        for _ in range(2):
            with loopwatch.tool_call("t", {}):
                pass
        with loopwatch.session("last") as last, pytest.raises(loopwatch.BudgetExceeded), loopwatch.tool_call("t", {}):
            pass
        assert last.budget.reserved == Amounts()

    assert outer.budget.spent.tool_calls == 3


def test_parallel_threads_cannot_overshoot() -> None:
    """Of 200 calls that start together exactly as many are let through as the limit allows."""
    budget = Budget(Limits(max_usd=1.0, max_steps=1000))
    barrier = threading.Barrier(20)
    allowed = []

    def work() -> None:
        barrier.wait()
        for _ in range(10):
            try:
                budget.reserve(Amounts(usd=0.1, steps=1))
            except BudgetExceeded:
                continue
            allowed.append(1)
            budget.settle(Amounts(usd=0.1, steps=1), Amounts(usd=0.1, steps=1))

    with ThreadPoolExecutor(20) as pool:
        for _ in range(20):
            pool.submit(work)

    assert len(allowed) == 10
    assert budget.spent.usd == pytest.approx(1.0)


def test_parallel_tasks_cannot_overshoot(exporter: InMemorySpanExporter) -> None:
    """Calls that wait for their model at the same time are each counted with the most they can take."""

    async def call() -> bool:
        try:
            async with loopwatch.model_call("m", reserve_tokens=100) as model:
                await asyncio.sleep(0)
                model.usage(input_tokens=80, output_tokens=10)
        except loopwatch.BudgetExceeded:
            return False
        return True

    async def run() -> tuple[list[bool], int]:
        async with loopwatch.session("a", max_tokens=250) as session:
            return await asyncio.gather(*(call() for _ in range(10))), session.budget.spent.tokens

    done, tokens = asyncio.run(run())

    assert sum(done) == 2
    assert tokens == 180


def test_a_call_without_an_estimate_reserves_the_dearest_so_far(exporter: InMemorySpanExporter) -> None:
    """The third call does not fit beside what the second took."""
    with loopwatch.session("a", max_tokens=250) as session:
        for tokens in (10, 120):
            with loopwatch.model_call("m") as call:
                call.usage(input_tokens=tokens)
        with loopwatch.model_call("m"):
            assert session.budget.reserved.tokens == 120
        with pytest.raises(loopwatch.BudgetExceeded) as refused, loopwatch.model_call("m"):
            pass

    assert refused.value.spent == 250


def test_time_is_measured_from_the_start_of_the_session() -> None:
    """A call that starts at the limit is refused, one before it is not."""
    now_s = 100.0
    budget = Budget(Limits(max_seconds=60), clock=lambda: now_s)

    now_s = 159.9
    budget.reserve(Amounts(steps=1))
    now_s = 160.0
    with pytest.raises(BudgetExceeded) as refused:
        budget.reserve(Amounts(steps=1))

    assert (refused.value.stop_reason, refused.value.spent) == (StopReason.TIME_BUDGET, 60.0)


@given(
    st.integers(0, 50),
    st.lists(st.tuples(st.integers(0, 20), st.floats(0, 1), st.booleans()), max_size=30),
)
def test_spent_and_reserved_never_pass_the_limit(limit: int, calls: list[tuple[int, float, bool]]) -> None:
    """Whatever the order of reserving and settling, as long as no call takes more than it reserved."""
    parent = Budget(Limits(max_tokens=limit))
    budget = Budget(Limits(), parent=parent)
    opened: list[tuple[Amounts, Amounts]] = []
    for tokens, part, settle_one in calls:
        wanted = Amounts(tokens=tokens, steps=1)
        try:
            budget.reserve(wanted)
        except BudgetExceeded:
            assert parent.spent.tokens + parent.reserved.tokens + tokens > limit or limit == (
                parent.spent.tokens + parent.reserved.tokens
            )
        else:
            opened.append((wanted, Amounts(tokens=int(tokens * part), steps=1)))
        if settle_one and opened:
            budget.settle(*opened.pop())
        assert parent.spent.tokens + parent.reserved.tokens <= limit
        assert budget.spent == parent.spent
        assert budget.reserved == parent.reserved
