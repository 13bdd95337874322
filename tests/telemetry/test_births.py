"""Series that are there before their first event, which Prometheus's increase() would miss otherwise."""

from __future__ import annotations

from pathlib import Path

from loopwatch.attributes import AgentType, ToolErrorClass
from loopwatch_processor.incident import ChangeKind
from loopwatch_processor.run import Totals
from loopwatch_processor.session import Place, Session
from loopwatch_processor.step import ErrorInfo, Step
from loopwatch_processor.telemetry import Telemetry, table
from loopwatch_processor.telemetry.counting import JOURNAL_OUTCOMES, NOTIFICATION_OUTCOMES
from loopwatch_processor.telemetry.labels import OTHER, LabelLimits
from registry import load
from tests.builders import START_NS, model_step, tool_step, turn_step

WHO = {"environment": "prod", "service": "billing", "agent": "refunds"}
HISTOGRAMS = ("loopwatch_run_cost_usd", "loopwatch_run_duration_seconds", "loopwatch_run_steps")


def place(agent_type: str = "", before: Step | None = None, agent: str = "refunds") -> Place:
    """A place in a session of the agent refunds."""
    session = Session("s", service="billing", environment="prod", agent_type=agent_type)
    return Place(session, session.run("run"), session.agent_state((agent, "")), True, 1, before)


def served(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    """The value of one series; None where it is not served."""
    return telemetry.registry.get_sample_value(name, labels)


def all_served(telemetry: Telemetry, name: str) -> dict[tuple[str, ...], float]:
    """Every series of a sample name, by its label values."""
    samples = [sample for family in telemetry.registry.collect() for sample in family.samples]
    return {tuple(sample.labels.values()): sample.value for sample in samples if sample.name == name}


def test_an_agent_that_is_first_seen_begins_at_0() -> None:
    """Every class of error, the usual stop reasons, and the histograms of its runs."""
    telemetry = Telemetry()
    telemetry.stepped(model_step(service="billing", environment="prod"), place())
    for error_class in ("", *ToolErrorClass):
        assert served(telemetry, "loopwatch_tool_results_total", **WHO, error_class=error_class) == 0
    for stop_reason in ("completed", "unknown"):
        assert served(telemetry, "loopwatch_runs_ended_total", **WHO, stop_reason=stop_reason) == 0
    for name in HISTOGRAMS:
        assert served(telemetry, f"{name}_count", **WHO) == 0


def test_an_agent_that_nobody_saw_has_no_series() -> None:
    """What is not known is absent, not 0."""
    telemetry = Telemetry()
    assert all_served(telemetry, "loopwatch_tool_results_total") == {}
    assert all_served(telemetry, "loopwatch_run_steps_count") == {}


def test_a_run_that_ends_is_enough_to_know_its_agent() -> None:
    """Its own span may be the only one that names it."""
    telemetry = Telemetry()
    ended_run(telemetry)
    assert served(telemetry, "loopwatch_runs_ended_total", **WHO, stop_reason="unknown") == 0
    assert served(telemetry, "loopwatch_tool_results_total", **WHO, error_class="timeout") == 0


def test_tool_results_are_counted_whatever_the_tool() -> None:
    """Each call once, also when a second span tells of it."""
    telemetry = Telemetry()
    failed = tool_step("pay", service="billing", environment="prod", error=ErrorInfo("HTTP 429", "rate_limit"))
    worked = tool_step("look", service="billing", environment="prod")
    telemetry.stepped(failed, place())
    telemetry.stepped(failed, place(before=failed))
    telemetry.stepped(worked, place())
    assert served(telemetry, "loopwatch_tool_results_total", **WHO, error_class="rate_limit") == 1
    assert served(telemetry, "loopwatch_tool_results_total", **WHO, error_class="") == 1


def test_agents_beyond_the_bounds_are_other() -> None:
    """Those that make up names fill no memory, neither of ours nor of Prometheus."""
    telemetry = Telemetry(LabelLimits(by_label={"agent": 2}))
    for number in range(50):
        telemetry.stepped(tool_step(service="billing", environment="prod"), place(agent=f"agent-{number}"))
    agents = {values[2] for values in all_served(telemetry, "loopwatch_tool_results_total")}
    assert agents == {"agent-0", "agent-1", OTHER}
    assert served(telemetry, "loopwatch_tool_results_total", **WHO | {"agent": OTHER}, error_class="") == 48


def test_series_beyond_the_bound_are_not_begun() -> None:
    """All agents together have no more series than one metric may have, and one for the rest."""
    telemetry = Telemetry(LabelLimits(series=25))
    for number in range(50):
        telemetry.stepped(tool_step(service="billing", environment="prod"), place(agent=f"agent-{number}"))
    assert len(all_served(telemetry, "loopwatch_tool_results_total")) <= 26
    assert sum(all_served(telemetry, "loopwatch_tool_results_total").values()) == 50


def ended_run(telemetry: Telemetry, steps: int = 7, cost_usd: float = 0.2, duration_s: float = 45.0) -> None:
    """A run of the agent refunds ends."""
    session = Session("s", service="billing", environment="prod", agent="refunds")
    run = session.run("run")
    run.totals = Totals(steps=steps, cost_usd=cost_usd)
    run.started_ns = START_NS
    run.end(turn_step(agent="refunds", trace_id="ab" * 16, duration_s=duration_s))
    telemetry.run_ended(session, run)


def test_a_run_that_ends_tells_what_it_took() -> None:
    """Dollars, seconds and steps, each in its histogram."""
    telemetry = Telemetry()
    ended_run(telemetry)
    for name, value, below, above in (
        ("loopwatch_run_cost_usd", 0.2, "0.1", "0.3"),
        ("loopwatch_run_duration_seconds", 45.0, "30.0", "60.0"),
        ("loopwatch_run_steps", 7, "5.0", "8.0"),
    ):
        assert served(telemetry, f"{name}_sum", **WHO) == value
        assert served(telemetry, f"{name}_bucket", **WHO, le=below) == 0
        assert served(telemetry, f"{name}_bucket", **WHO, le=above) == 1


def test_what_a_run_took_leads_to_its_trace() -> None:
    """As an exemplar, never as a label."""
    telemetry = Telemetry()
    ended_run(telemetry)
    for family in telemetry.registry.collect():
        if family.name in HISTOGRAMS:
            exemplars = [sample.exemplar.labels for sample in family.samples if sample.exemplar]
            assert exemplars == [{"trace_id": "ab" * 16}], family.name


def test_the_fleets_money_is_counted_by_type() -> None:
    """The known types and the configured ones from 0 on; what has none is under the empty one."""
    telemetry = Telemetry()
    telemetry.plan_fleet({"": 900.0, "mine": 50.0}, ["theirs"])
    telemetry.stepped(model_step(cost_usd=0.5, input_tokens=1), place("research"))
    telemetry.stepped(model_step(cost_usd=0.25, input_tokens=1), place())
    cost = all_served(telemetry, "loopwatch_fleet_cost_usd_total")
    zero = {(each.value,): 0.0 for each in AgentType}
    assert cost == zero | {("mine",): 0.0, ("theirs",): 0.0, ("research",): 0.5, ("",): 0.25}
    assert all_served(telemetry, "loopwatch_fleet_budget_usd") == {("",): 900.0, ("mine",): 50.0}


def test_a_budget_that_is_not_set_is_absent() -> None:
    """An alert on it then has nothing to compare with."""
    telemetry = Telemetry()
    telemetry.plan_fleet({})
    assert all_served(telemetry, "loopwatch_fleet_budget_usd") == {}


def test_types_that_agents_make_up_are_bounded() -> None:
    """The sum over all types stays right."""
    telemetry = Telemetry(LabelLimits(by_label={"agent_type": 3}))
    telemetry.plan_fleet({})
    for number in range(20):
        telemetry.stepped(model_step(cost_usd=1.0, input_tokens=1), place(f"type-{number}"))
    cost = all_served(telemetry, "loopwatch_fleet_cost_usd_total")
    assert cost[OTHER,] == 17
    assert sum(cost.values()) == 20


def test_changes_of_incidents_are_counted_from_0_on() -> None:
    """Every kind of change at every severity, as an alert may ask for any of them."""
    telemetry = Telemetry()
    telemetry.incident_changed("opened", "critical")
    changes = all_served(telemetry, "loopwatch_incident_changes_total")
    assert changes.pop(("opened", "critical")) == 1
    assert len(changes) == 11
    assert set(changes.values()) == {0}


def test_messages_are_counted_from_0_on_where_there_is_a_channel() -> None:
    """A channel that nobody configured has no series."""
    telemetry = Telemetry()
    assert all_served(telemetry, "loopwatch_notifications_total") == {}
    telemetry.begin_channel("pagerduty")
    telemetry.notified("pagerduty", "delivered")
    assert all_served(telemetry, "loopwatch_notifications_total") == {
        ("pagerduty", "delivered"): 1,
        ("pagerduty", "failed"): 0,
        ("pagerduty", "refused"): 0,
        ("pagerduty", "dry_run"): 0,
    }


def test_writes_are_counted_from_0_on_where_there_is_a_journal() -> None:
    """The first that fails is an increase."""
    telemetry = Telemetry()
    assert all_served(telemetry, "loopwatch_journal_writes_total") == {}
    telemetry.begin_journal()
    telemetry.journal_wrote("failed")
    assert all_served(telemetry, "loopwatch_journal_writes_total") == {("ok",): 0, ("failed",): 1}


def test_the_words_of_the_convention_are_those_that_are_begun() -> None:
    """What semconv/model lists as outcomes, and nothing else."""
    model = load(Path(__file__).parents[2] / "semconv")
    for attribute, words in (
        ("loopwatch.notification.outcome", NOTIFICATION_OUTCOMES),
        ("loopwatch.journal.outcome", JOURNAL_OUTCOMES),
        ("loopwatch.incident.change", tuple(ChangeKind)),
    ):
        assert tuple(member["value"] for member in model.attributes[attribute]["type"]["members"]) == words


def test_series_that_are_kept_elsewhere_are_read_at_each_scrape_within_bounds() -> None:
    """What falls together beyond a bound is added up, so that no open incident disappears."""
    telemetry = Telemetry(LabelLimits(by_label={"agent": 1}))
    series: dict[tuple[str, ...], float] = {}
    telemetry.watch_series(table.OPEN_INCIDENTS, lambda: series)
    assert all_served(telemetry, "loopwatch_open_incidents") == {}
    for agent in ("a", "b", "c"):
        series["prod", "billing", agent, "loop", "exact", "critical"] = 1.0
    assert all_served(telemetry, "loopwatch_open_incidents") == {
        ("prod", "billing", "a", "loop", "exact", "critical"): 1,
        ("prod", "billing", OTHER, "loop", "exact", "critical"): 2,
    }
    series.clear()
    assert all_served(telemetry, "loopwatch_open_incidents") == {}


def test_every_declared_bucket_is_served() -> None:
    """And one beyond them all."""
    telemetry = Telemetry()
    ended_run(telemetry, steps=5_000, cost_usd=1e4, duration_s=1e6)
    for metric in (table.RUN_COST, table.RUN_DURATION, table.RUN_STEPS):
        served_now = all_served(telemetry, f"{metric.name}_bucket")
        assert [float(values[-1]) for values in served_now] == [*metric.buckets, float("inf")]
        assert [values[-1] for values, count in served_now.items() if count] == ["+Inf"]
