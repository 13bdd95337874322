"""loopwatch that pages by itself: what of the demo's fleet wakes somebody, and what they are told."""

from __future__ import annotations

import pytest

from tests.fakes.events_api import EventsApi, Incident, serving
from tests.paging.services import DEMO, QUICK, Service, paging, play_demo
from tests.paging.spans import send, working
from tests.stack.processes import until

PAGED = {"researcher", "supervisor"}
"""Whose conversations page: two loops. What else fails is a ticket: a limit that nobody set, a context, a stream."""
WARNED = 3


@pytest.fixture(scope="module", name="api")
def _api(tmp_path_factory: pytest.TempPathFactory) -> EventsApi:
    """What PagerDuty knows once the fleet and a hundred healthy sessions have ended, and every incident is over."""
    folder, api = tmp_path_factory.mktemp("embedded"), EventsApi()
    with serving(api) as events:
        service = Service(folder, *QUICK, *DEMO, *paging(folder, events.url))
        with service.running():
            play_demo(service.url)
            send(service.url, (span for number in range(100) for span in working(f"healthy-{number}")))
            opened, resolved = ({"kind": kind} for kind in ("opened", "resolved"))
            changes = "loopwatch_incident_changes_total"
            until("every incident to be over", lambda: service.metric("loopwatch_open_incidents") == 0)
            until("the resolves", lambda: not service.metric("loopwatch_notifications_waiting"))
            assert service.metric(changes, severity="warning", **opened) >= WARNED
            assert service.metric(changes, **opened) == service.metric(changes, **resolved)
            assert service.metric("loopwatch_sessions_open") == 107
            assert service.end() == 0
    return api


def test_each_loop_pages_once_and_resolves(api: EventsApi) -> None:
    """One page for each session that loops; none for tickets, healthy agents and a hundred healthy sessions."""
    assert {_session(incident) for incident in api.incidents} == PAGED
    assert len(api.incidents) == len(PAGED)
    assert {incident.status for incident in api.incidents} == {"resolved"}
    assert set(api.answers) == {202}
    assert not api.ignored


def test_a_page_says_why_with_evidence_sessions_and_a_runbook(api: EventsApi) -> None:
    """What one needs at three in the morning is in the page."""
    for incident in api.incidents:
        details = incident.payload["custom_details"]
        assert incident.severity == "critical"
        assert details["reason"] == "loop_detected"
        assert details["evidence"]["score"] > 0
        assert details["evidence"]["span_ids"]
        assert details["sessions_total"] == 1
        assert _session(incident) in details["how_to_stop"] + incident.summary + str(details["session"])
        (runbook,) = [link["href"] for link in incident.links if link["text"] == "Runbook"]
        assert runbook.endswith("/AgentLoop.md")


def _session(incident: Incident) -> str:
    session: str = incident.payload["custom_details"]["session"]
    return session
