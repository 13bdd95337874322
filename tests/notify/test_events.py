"""What a page holds, and that it keeps within the limits of the Events API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.finding import Severity
from loopwatch_processor.notify.events import EVENT_MAX_BYTES, EventWriter, encoded
from loopwatch_processor.notify.message import Action
from tests.fakes.events_rules import problems_of
from tests.notify.incidents import KEY, LINKS, snapshot, told


def event(links: Links = LINKS, **fields: Any) -> dict[str, Any]:
    body = {"routing_key": KEY, **EventWriter(links).trigger(snapshot(**fields))}
    assert problems_of(body) == []
    found: dict[str, Any] = json.loads(encoded(body))
    return found


def test_a_page_says_where_who_and_what_in_one_line() -> None:
    """The summary is what somebody reads at three in the morning."""
    assert event()["payload"]["summary"] == (
        "[prod] refunds (billing): loop/rephrased — Called search 12 times with arguments that are 94 % alike."
    )


def test_the_summary_says_how_many_sessions_are_inside() -> None:
    """One page for fifty sessions has to say that they are fifty."""
    assert "loop/rephrased in 50 sessions — " in event(sessions_total=50)["payload"]["summary"]


def test_every_field_of_the_api_has_its_part() -> None:
    """Source, component, group, class, severity and the time of the finding."""
    payload = event()["payload"]
    assert payload["source"] == "prod/billing"
    assert (payload["component"], payload["group"], payload["class"]) == ("refunds", "billing", "loop/rephrased")
    assert payload["severity"] == "critical"
    assert payload["timestamp"] == "2026-06-01T00:00:00.123456+00:00"


def test_a_page_holds_reason_evidence_sessions_and_what_to_do() -> None:
    """Nobody should have to open another page to understand it."""
    also = told(detector="budget", pattern="per_session", severity=Severity.WARNING, summary="Spent 2 USD of 1.")
    details = event(attached=(also,), sessions=("conversation-1", "conversation-2"), sessions_total=7)["payload"][
        "custom_details"
    ]
    assert details["reason"] == "loop_detected"
    assert details["evidence"]["similarity_ratio"] == 0.94
    assert details["evidence"]["threshold"] == 0.85
    assert details["evidence"]["first_found_at_step"] == 9
    assert details["evidence"]["span_ids"] == ["cd" * 8, "ef" * 8]
    assert (details["sessions"], details["sessions_total"]) == (["conversation-1", "conversation-2"], 7)
    assert details["also_found"] == ["warning budget/per_session in conversation-1: Spent 2 USD of 1."]
    assert (details["wasted_tokens"], details["wasted_usd"]) == (42_000, 1.5)
    assert (details["trace_id"], details["span_id"]) == ("ab" * 16, "cd" * 8)
    assert "runbooks/AgentLoop.md" in details["how_to_stop"]
    assert "revoke its API key" in details["how_to_stop"]


def test_a_page_links_to_runbook_trace_session_and_dashboard() -> None:
    """Each as it is configured, filled in."""
    body = event(agent="a b/c")
    links = {link["text"]: link["href"] for link in body["links"]}
    assert links == {
        "Runbook": "https://github.com/loopwatch/loopwatch/blob/main/alert_rules/runbooks/AgentLoop.md",
        "Trace": f"https://jaeger.example.com/trace/{'ab' * 16}?span={'cd' * 8}",
        "Session": "http://loopwatch.example.com:4318/sessions/conversation-1",
        "Dashboard": "https://grafana.example.com/d/loopwatch-loops?var-agent=a%20b%2Fc",
    }
    assert (body["client"], body["client_url"]) == ("loopwatch", links["Session"])


def test_a_link_that_is_not_configured_is_left_out() -> None:
    """An empty link is worse than none."""
    body = event(Links(runbook_url=None))
    assert "links" not in body
    assert "client_url" not in body


def test_a_page_has_the_identity_of_its_incident() -> None:
    """Severity, sessions and time are no part of it."""
    assert event()["dedup_key"] == event(severity=Severity.WARNING, sessions_total=9)["dedup_key"]
    assert event()["dedup_key"] == "loopwatch/prod/billing/refunds/loop"


def test_text_of_agents_is_shown_and_not_obeyed() -> None:
    """A line end, a terminal's escape and a change of direction are visible for what they are."""
    body = event(agent="ref\nunds\u202e\x1b[2J", summary="a\u2066b")
    assert body["payload"]["component"] == r"ref\nunds\u202e\x1b[2J"
    assert r"a\u2066b" in body["payload"]["summary"]
    assert r"\n" not in body["payload"]["group"]


def test_closing_events_need_no_more_than_the_key() -> None:
    """They are those that the API documents."""
    for action in (Action.ACKNOWLEDGE, Action.RESOLVE):
        body = {"routing_key": KEY, **EventWriter(LINKS).close(action, "loopwatch/a", "x")}
        assert problems_of(body) == []
        assert body.keys() == {"routing_key", "event_action", "dedup_key"}


def test_a_page_that_is_too_large_sheds_what_matters_least_first() -> None:
    """Attached findings go before the evidence, and the reason stays."""
    also = tuple(told(summary="x" * 5000, session_key=f"{n}") for n in range(600))
    details = event(attached=also)["payload"]["custom_details"]
    assert "also_found" not in details
    assert "did not fit" in details["left_out"]
    assert details["evidence"]["calls"] == 12
    assert details["sessions"] == ["conversation-1"]


def test_a_page_that_fits_sheds_nothing() -> None:
    """The other side of the limit."""
    also = tuple(told(session_key=f"{n}") for n in range(20))
    details = event(attached=also)["payload"]["custom_details"]
    assert len(details["also_found"]) == 20
    assert "left_out" not in details


def test_what_json_cannot_say_is_told_as_text() -> None:
    """A ratio of nothing must not cost the page."""
    assert (
        event(values={"growth_ratio": float("inf")})["payload"]["custom_details"]["evidence"]["growth_ratio"] == "inf"
    )


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(st.text(max_size=60), min_size=6, max_size=6),
    times=st.sampled_from([1, 40, 20_000]),
    sessions=st.sampled_from([0, 1, 5_000]),
    at_ns=st.integers(-(2**63), 2**64),
)
def test_whatever_agents_choose_the_event_is_valid(words: list[str], times: int, sessions: int, at_ns: int) -> None:
    """Any text of any length, any time, any number of sessions."""
    agent, service, environment, summary, session, value = (word * times for word in words)
    incident = snapshot(
        agent=agent,
        service=service,
        environment=environment,
        summary=summary,
        session_key=session,
        values={value: value, "n": 2**70},
        at_ns=at_ns,
        sessions=(session,) * sessions,
        sessions_total=sessions,
    )
    incident = replace(incident, attached=(incident.lead,) * 20)
    body = {"routing_key": KEY, **EventWriter(LINKS).trigger(incident)}
    assert problems_of(json.loads(encoded(body))) == []
    assert len(encoded(body)) <= EVENT_MAX_BYTES + 100
    assert body["payload"]["summary"].isprintable()
