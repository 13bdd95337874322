"""The fake Events API refuses what PagerDuty's documentation says it refuses, and counts as PagerDuty counts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fakes.events_api import KEY, EventsApi, Fault, serving
from tests.notify.incidents import Clock

# Recorded from Alertmanager 0.25, for one alert that fired and was over.
FIRING = {
    "routing_key": KEY,
    "dedup_key": "0636fe89bd0d16273eae949f428f0dde93f6fb9bebae86ce0c16d3fd50ab301c",
    "event_action": "trigger",
    "payload": {
        "summary": "[FIRING:1] AgentLoop refunds (critical)",
        "source": "Alertmanager",
        "severity": "critical",
        "class": "loop",
        "component": "refunds",
        "group": "billing",
        "custom_details": {"firing": "Labels:\n - alertname = AgentLoop\n", "num_firing": "1", "num_resolved": "0"},
    },
    "client": "Alertmanager",
    "client_url": "http://vm:9093/#/alerts?receiver=pd",
    "links": [{"href": "http://runbook/x", "text": "Runbook"}],
}
RESOLVED = {
    **FIRING,
    "event_action": "resolve",
    "payload": {**FIRING["payload"], "summary": "[RESOLVED] AgentLoop refunds (critical)"},  # type: ignore[dict-item]
}


def body(action: str = "trigger", **fields: Any) -> dict[str, Any]:
    payload = {"summary": "it loops", "source": "prod", "severity": "critical", **fields.pop("payload", {})}
    return {"routing_key": KEY, "event_action": action, "dedup_key": "a", "payload": payload, **fields}


def send(api: EventsApi, event: Any) -> tuple[int, dict[str, Any]]:
    return api.enqueue(json.dumps(event).encode())


def test_a_good_event_is_accepted_with_its_dedup_key() -> None:
    """202, as documented."""
    assert send(EventsApi(), body()) == (202, {"status": "success", "message": "Event processed", "dedup_key": "a"})


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (body(routing_key="short"), "routing_key"),
        (body(routing_key="f" * 32), "Invalid routing key"),
        (body("open"), "event_action"),
        (body(dedup_key="a" * 256), "dedup_key"),
        (body("resolve", dedup_key=None), "dedup_key"),
        (body("acknowledge", dedup_key=""), "dedup_key"),
        (body(payload={"severity": "Critical"}), "severity"),
        (body(payload={"severity": "page"}), "severity"),
        (body(payload={"severity": None}), "severity"),
        (body(payload={"summary": ""}), "summary"),
        (body(payload={"summary": "x" * 1025}), "summary"),
        (body(payload={"source": ""}), "source"),
        ({"routing_key": KEY, "event_action": "trigger"}, "payload"),
        (body(payload={"custom_details": "x" * 600_000}), "512 KB"),
        (body(links=[{"text": "no href"}]), "links"),
        (body(images=[{"src": "http://plain"}]), "images"),
        ([1, 2], "not an object"),
    ],
)
def test_a_bad_event_is_refused_and_told_why(event: Any, says: str) -> None:
    """400, and nothing of it counts."""
    api = EventsApi()
    status, answer = send(api, event)
    assert status == 400
    assert answer["status"] == "invalid event"
    assert any(says in error for error in answer["errors"])
    assert api.incidents == []


def test_what_is_no_json_is_refused() -> None:
    """400 as well."""
    assert EventsApi().enqueue(b"{")[0] == 400


def test_more_than_120_events_a_minute_are_throttled() -> None:
    """For each key by itself, and a minute later there is room again."""
    clock = Clock()
    api = EventsApi({"a": KEY, "b": "b" * 32}, clock)
    assert [send(api, body())[0] for _ in range(121)] == [202] * 120 + [429]
    assert send(api, body(routing_key="b" * 32))[0] == 202
    clock.now_s += 60.0
    assert send(api, body())[0] == 202


def test_incidents_are_counted_as_pagerduty_counts_them() -> None:
    """Triggers join the open incident of their dedup key; after a resolve a trigger opens a new one."""
    api = EventsApi()
    for event in (body(), body(), body(dedup_key="b", payload={"severity": "warning"}), body("acknowledge")):
        send(api, event)
    assert [(item.dedup_key, item.status, item.triggers, item.urgency) for item in api.incidents] == [
        ("a", "acknowledged", 2, "high"),
        ("b", "triggered", 1, "low"),
    ]
    for event in (body("resolve"), body("resolve"), body()):
        send(api, event)
    assert [(item.dedup_key, item.status) for item in api.incidents] == [
        ("a", "resolved"),
        ("b", "triggered"),
        ("a", "triggered"),
    ]
    assert api.ignored == {"resolve": 1}


def test_a_faulty_event_opens_nothing() -> None:
    """What is refused leaves no trace but the count of answers."""
    api = EventsApi()
    send(api, body(payload={"severity": "bad"}))
    assert api.record()["incidents"] == []
    assert api.answers == {400: 1}


def test_what_alertmanager_posts_is_accepted() -> None:
    """It posts to the same API; its resolve closes what its trigger opened."""
    api = EventsApi()
    assert send(api, FIRING)[0] == 202
    assert [incident.status for incident in api.incidents] == ["triggered"]
    assert send(api, RESOLVED)[0] == 202
    assert [incident.status for incident in api.incidents] == ["resolved"]


def test_the_server_tells_other_processes_what_arrived() -> None:
    """Over HTTP, with the key by its name only."""
    with serving() as server:
        assert httpx.post(server.url, json=body()).status_code == 202
        record = httpx.get(server.url.replace("/v2/enqueue", "/record")).json()
    assert [incident["summary"] for incident in record["incidents"]] == ["it loops"]
    assert record["open"] == 1
    assert KEY not in json.dumps(record)


def test_other_webhooks_are_kept_by_their_names() -> None:
    """Trackers and heartbeats post any JSON; what is none is refused."""
    with serving() as server:
        hook = server.url.replace("/v2/enqueue", "/hooks/tickets")
        assert httpx.post(hook, json={"groupLabels": {"alertname": "AgentLoop"}}).status_code == 200
        assert httpx.post(hook, content=b"{").status_code == 400
        record = httpx.get(server.url.replace("/v2/enqueue", "/record")).json()
    assert record["hooks"] == {"tickets": [{"groupLabels": {"alertname": "AgentLoop"}}]}
    assert record["incidents"] == []


def test_faults_happen_as_often_as_they_are_asked_for() -> None:
    """A status, a reset connection, and then it works again."""
    api = EventsApi()
    api.faults.extend([Fault(status=503, count=2), Fault(reset=True)])
    with serving(api) as server:
        assert [httpx.post(server.url, json=body()).status_code for _ in range(2)] == [503, 503]
        with pytest.raises(httpx.TransportError):
            httpx.post(server.url, json=body())
        assert httpx.post(server.url, json=body()).status_code == 202
    assert len(api.incidents) == 1
