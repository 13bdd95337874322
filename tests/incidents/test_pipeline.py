"""Incidents through the whole scorer: OTLP bytes and time in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.incident import Change
from loopwatch_processor.pipeline import Pipeline
from tests.builders import START_NS
from tests.incident_cases import CRITICAL, WARNING, kinds, pages
from tests.test_pipeline import HEALTHY, STUCK, body, span, work

LIMITS = {"per_session": {"max_steps": 12, "max_usd": 0.0001}}


class Fleet:
    """A scorer whose clock is that of the spans, and what it said of incidents."""

    def __init__(self, **settings: Any) -> None:
        self.scorer: Pipeline = build_pipeline(Config.model_validate(settings))
        self.changes: list[Change] = []
        self.now = 0.0

    def feed(self, *spans: Span) -> None:
        """All *spans*, in a request each, with a tick every ten seconds between."""
        for item in sorted(spans, key=lambda each: each.end_time_unix_nano):
            self.wait_until((item.end_time_unix_nano - START_NS) / 1e9)
            self.changes += self.scorer.feed_traces(body([item]), self.now).changes

    def wait_until(self, now: float) -> None:
        """Let time pass."""
        while self.now < now:
            self.now = min(self.now + 10.0, now)
            self.changes += self.scorer.tick(self.now).changes


def nameless(spans: Iterable[Span]) -> Iterator[Span]:
    """The same without the agent's name."""
    for item in spans:
        kept = [pair for pair in item.attributes if pair.key != "gen_ai.agent.name"]
        del item.attributes[:]
        item.attributes.extend(kept)
        yield item


def test_one_session_with_several_failures_is_one_page() -> None:
    """It loops, its context fills up, and it exceeds two limits of the user's."""
    fleet = Fleet(budgets=LIMITS)
    fleet.feed(*work(STUCK))
    tokens: dict[str, Any] = {
        "request__model": "gpt-4o-mini",
        "provider__name": "openai",
        "usage__input_tokens": 120_000,
    }
    fleet.feed(span("chat", 90, 130.0, parent=1, **tokens))

    (session,) = fleet.scorer.sessions.open.values()
    assert {key[0] for key in session.findings} >= {"loop", "context", "budget"}
    assert pages(fleet.changes) == 1
    assert [item.severity for item in fleet.scorer.incidents.open()].count(CRITICAL) == 1


def test_warnings_are_incidents_and_no_pages() -> None:
    """A full context is a ticket, however many sessions have one."""
    fleet = Fleet()
    tokens: dict[str, Any] = {"request__model": "gpt-4o-mini", "provider__name": "openai"}
    for trace in range(1, 11):
        fleet.feed(span("chat", 10, 10.0 * trace, trace=trace, parent=1, usage__input_tokens=127_000, **tokens))

    assert pages(fleet.changes) == 0
    assert [item.severity for item in fleet.scorer.incidents.open()] == [WARNING]


def test_fifty_sessions_of_one_agent_are_one_page_and_one_resolve() -> None:
    """They loop at the same time and end at the same time."""
    fleet = Fleet()
    fleet.feed(*(item for trace in range(1, 51) for item in work(STUCK, trace=trace, at_s=trace / 10)))
    fleet.feed(*(span("invoke_agent", 1, 200.0, trace=trace) for trace in range(1, 51)))
    fleet.wait_until(600.0)

    assert pages(fleet.changes) == 1
    assert kinds(fleet.changes)[0] == "opened"
    assert kinds(fleet.changes).count("opened") == kinds(fleet.changes).count("resolved") == 1
    assert fleet.changes[-1].incident.sessions_total == 50
    assert fleet.changes[-1].at_s < 300.0


def test_a_healthy_fleet_changes_nothing() -> None:
    """A hundred sessions that work."""
    fleet = Fleet()
    fleet.feed(*(item for trace in range(1, 101) for item in work(HEALTHY, trace=trace, at_s=trace / 10)))
    fleet.feed(*(span("invoke_agent", 1, 200.0, trace=trace) for trace in range(1, 101)))
    fleet.wait_until(2_000.0)

    assert fleet.changes == []


def test_a_loop_of_one_call_every_half_hour_is_open_until_it_stops() -> None:
    """One page for the whole day, although each call comes after twice the usual quiet time."""
    fleet = Fleet()
    fleet.feed(*work(STUCK, every_s=1_800.0))

    assert set(kinds(fleet.changes)) <= {"opened", "escalated", "updated"}
    assert pages(fleet.changes) == 1
    fleet.wait_until(fleet.now + 6 * 3_600.0)
    assert kinds(fleet.changes)[-1] == "resolved"


def test_calls_in_traces_of_their_own_that_end_one_by_one_are_one_incident() -> None:
    """A conversation whose every request is a trace, with five minutes between: its runs end, its loop does not."""
    fleet = Fleet()
    for number, item in enumerate(work(STUCK, every_s=300.0)):
        trace = 100 + number
        item.trace_id = trace.to_bytes(16, "big")
        item.attributes.add(key="gen_ai.conversation.id").value.string_value = "conversation"
        at_s = (item.end_time_unix_nano - START_NS) / 1e9
        request = span("POST /chat", 1, at_s, trace=trace)
        item.parent_span_id = request.span_id
        del request.attributes[:]
        fleet.feed(item, request)

    assert pages(fleet.changes) == 1
    assert "resolved" not in kinds(fleet.changes)
    assert [item.sessions for item in fleet.scorer.incidents.open()] == [("conversation",)]


def test_a_name_that_comes_with_the_last_span_opens_nothing_new() -> None:
    """Calls carry no agent's name; the agent span that ends last does, and tells the conversation as well."""
    fleet = Fleet()
    fleet.feed(*nameless(work(STUCK)), span("invoke_agent", 1, 130.0, conversation__id="conversation"))
    fleet.wait_until(140.0)

    (incident,) = fleet.scorer.incidents.open()
    assert kinds(fleet.changes).count("opened") == pages(fleet.changes) == 1
    assert (incident.identity.agent, incident.known_as, incident.sessions) == ("", "researcher", ("conversation",))
    assert incident.lead.agent == "researcher"
    fleet.wait_until(600.0)
    assert kinds(fleet.changes)[-1] == "resolved"
    assert fleet.changes[-1].at_s < 300.0


def test_turns_of_a_sub_agent_are_over_with_the_span_of_their_caller() -> None:
    """Each looks like a run of its own until that comes, and none of their ends was the end."""
    fleet = Fleet()
    for turn in range(1, 9):
        number, at_s = 100 + 10 * turn, 100.0 * turn
        hand_over: dict[str, Any] = {
            "tool__name": "hand_over",
            "tool__call__arguments": '{"to": "verifier", "draft": "as before"}',
        }
        use = span("execute_tool", number + 1, at_s, parent=number, tool__call__result="please revise", **hand_over)
        fleet.feed(use, span("invoke_agent", number, at_s + 1, parent=1))
    assert kinds(fleet.changes).count("opened") == 1
    assert "resolved" not in kinds(fleet.changes)

    fleet.feed(span("invoke_agent", 1, 910.0))
    fleet.wait_until(1_000.0)

    assert kinds(fleet.changes)[-1] == "resolved"


def test_what_was_over_long_ago_is_not_opened_by_the_span_that_ends_the_run() -> None:
    """With the agent's span every step is counted anew in its place, the ones that looped hours ago too."""
    fleet = Fleet()
    fleet.feed(*nameless(work(STUCK)))
    fleet.wait_until(3_000.0)
    assert kinds(fleet.changes)[-1] == "resolved"
    told = len(fleet.changes)

    fleet.feed(*nameless(work(HEALTHY, at_s=3_000.0, number=50)), span("invoke_agent", 1, 4_000.0))
    fleet.wait_until(5_000.0)

    assert fleet.changes[told:] == []


def test_a_session_that_is_evicted_leaves_its_incident() -> None:
    """What nobody remembers, nobody can find again."""
    fleet = Fleet(sessions={"max_sessions": 1})
    fleet.feed(*work(STUCK))
    fleet.feed(*work(HEALTHY, trace=2, at_s=200.0, every_s=30.0))

    assert kinds(fleet.changes)[-1] == "resolved"
    assert fleet.changes[-1].at_s < 300.0


def test_two_replicas_tell_the_same() -> None:
    """Which of them pages does not matter: key, id and order are the same."""
    one, other = Fleet(budgets=LIMITS), Fleet(budgets=LIMITS)
    for fleet in (one, other):
        fleet.feed(*(item for trace in range(1, 4) for item in work(STUCK, trace=trace, at_s=float(trace))))
        fleet.wait_until(3_000.0)

    assert one.changes == other.changes
    assert kinds(one.changes)[-1] == "resolved"


def test_a_limit_that_was_exceeded_is_open_while_the_run_goes_on() -> None:
    """The agent waits two hours for a tool: nothing is said of it again, and it is not resolved."""
    fleet = Fleet(budgets=LIMITS)
    fleet.feed(*work(HEALTHY))
    fleet.wait_until(7_200.0)
    assert pages(fleet.changes) == 1
    assert "resolved" not in kinds(fleet.changes)

    fleet.feed(span("invoke_agent", 1, 7_300.0))
    fleet.wait_until(7_400.0)
    assert kinds(fleet.changes)[-1] == "resolved"


def test_a_session_that_exceeds_its_limit_in_every_turn_stays_open_from_the_second_on() -> None:
    """The limit is the conversation's: each later turn is beyond it from its first step on, and the end of a turn has
    proved to be no end."""
    fleet = Fleet(budgets=LIMITS)
    for trace in range(1, 6):
        at_s = trace * 400.0
        fleet.feed(*work(HEALTHY, trace=trace, at_s=at_s, conversation__id="c"))
        fleet.feed(span("invoke_agent", 1, at_s + 130.0, trace=trace, conversation__id="c"))

    assert [kind for kind in kinds(fleet.changes) if kind in ("opened", "resolved")] == ["opened", "resolved", "opened"]
    assert fleet.changes[-1].incident.identity.detector == "budget"


def test_at_the_end_of_a_recording_everything_is_resolved() -> None:
    """Nothing more comes."""
    fleet = Fleet()
    fleet.feed(*work(STUCK))

    assert kinds(fleet.scorer.close().changes) == ["resolved"]
