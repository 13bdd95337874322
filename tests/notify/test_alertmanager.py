"""Incidents as alerts: what is posted, when, to whom, and for how long it holds."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx
import pytest
import yaml

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.alertmanager import POST_ALERTS, AlertmanagerPush
from loopwatch_processor.notify.standing_alerts import LASTS, SESSIONS_SHOWN, SETTLES
from loopwatch_processor.rules import shipped_rules
from tests.notify.incidents import LINKS, NOW_S, Clock, change, snapshot, told

REPEAT_S = 60.0
URL = "http://alertmanager-0:9093/prefix/"


@dataclass
class Stand:
    """A push, the incidents that are open, and what its replicas were sent and are to answer."""

    urls: tuple[str, ...] = (URL,)
    clock: Clock = field(default_factory=Clock)
    incidents: list[Snapshot] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    posts: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    answers: dict[str, Callable[[], Awaitable[httpx.Response]]] = field(default_factory=dict)

    def push(self, repeat_s: float = REPEAT_S) -> AlertmanagerPush:
        return AlertmanagerPush(
            self.urls,
            repeat_s,
            LINKS,
            lambda: self.incidents,
            clock=self.clock,
            on_outcome=lambda outcome: self.outcomes.update([outcome]),
            transport=httpx.MockTransport(self._answer),
        )

    def post(self, push: AlertmanagerPush) -> list[dict[str, Any]]:
        """What one post of everything says."""
        self.posts.clear()
        asyncio.run(push.post())
        return [alert for _, alerts in self.posts for alert in alerts]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.posts.append((str(request.url), json.loads(request.content)))
        answer = self.answers.get(request.url.host)
        return await answer() if answer else httpx.Response(200)


def _s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_an_open_incident_is_an_alert_with_the_rules_labels() -> None:
    """Those by which rule and page are told apart, and what a person needs."""
    stand = Stand(incidents=[snapshot(sessions=("conversation-1", "conversation-2"), sessions_total=40)])

    (alert,) = stand.post(stand.push())

    assert stand.posts[0][0] == "http://alertmanager-0:9093/prefix/api/v2/alerts"
    assert alert["labels"] == {
        "alertname": "AgentLoop",
        "environment": "prod",
        "service": "billing",
        "agent": "refunds",
        "detector": "loop",
        "severity": "critical",
    }
    notes = alert["annotations"]
    assert notes["runbook_url"].endswith("/alert_rules/runbooks/AgentLoop.md")
    assert notes["dashboard_url"] == "https://grafana.example.com/d/loopwatch-loops?var-agent=refunds"
    assert notes["trace_url"] == f"https://jaeger.example.com/trace/{'ab' * 16}?span={'cd' * 8}"
    assert notes["session_url"].endswith("/sessions/conversation-1")
    assert "Called search 12 times" in notes["summary"]
    assert "conversation-1, conversation-2 and 38 more" in notes["description"]
    assert "loop_detected" in notes["description"]


def test_the_labels_are_exactly_those_of_the_rule() -> None:
    """Prometheus adds the alert's name to the labels that the rule groups by, and nothing else."""
    stand = Stand(incidents=[snapshot()])
    rules = yaml.safe_load(shipped_rules()["agents.rules.yaml"])["groups"][0]["rules"]

    (alert,) = stand.post(stand.push())

    (rule,) = (rule for rule in rules if rule["alert"] == alert["labels"]["alertname"])
    grouped = re.findall(r"\w+", rule["expr"].partition("max by (")[2].partition(")")[0])
    assert alert["labels"].keys() == {"alertname", *grouped, *rule.get("labels", {})}


def test_labels_are_mended_as_the_gauge_mends_them() -> None:
    """An empty one is none, as in Prometheus; a name that an agent chose is cut and made printable."""
    stand = Stand(incidents=[snapshot(environment="", agent="a\nb" + "x" * 300)])

    (alert,) = stand.post(stand.push())

    assert "environment" not in alert["labels"]
    assert alert["labels"]["agent"] == "a?b" + "x" * 117


def test_every_severity_is_pushed_and_no_muted_incident() -> None:
    """Alertmanager routes by severity itself."""
    stand = Stand(
        incidents=[
            snapshot(Severity.INFO, agent="a"),
            snapshot(Severity.WARNING, agent="b"),
            snapshot(Severity.CRITICAL, agent="c"),
            snapshot(Severity.CRITICAL, agent="d", muted=True),
        ]
    )

    alerts = stand.post(stand.push())

    assert {(alert["labels"]["agent"], alert["labels"]["severity"]) for alert in alerts} == {
        ("a", "info"),
        ("b", "warning"),
        ("c", "critical"),
    }


def test_an_alert_holds_for_five_repetitions_from_each_post() -> None:
    """It began when the incident opened, however long ago."""
    stand = Stand(incidents=[snapshot()])
    push = stand.push()

    for _ in range(3):
        (alert,) = stand.post(push)
        assert _s(alert["startsAt"]) == NOW_S
        assert _s(alert["endsAt"]) == pytest.approx(stand.clock.now_s + LASTS * REPEAT_S)
        stand.clock.now_s += REPEAT_S


def test_the_end_is_told_after_prometheus_knows_it_and_until_nobody_can_have_missed_it() -> None:
    """In between nothing is said, and the alert holds by its last post."""
    stand = Stand(incidents=[snapshot()])
    push = stand.push()
    stand.post(push)
    stand.incidents = []

    told_at = {}
    for _ in range(12):
        told_at[stand.clock.now_s - NOW_S] = [_s(alert["endsAt"]) - NOW_S for alert in stand.post(push)]
        stand.clock.now_s += REPEAT_S

    ends_s = SETTLES * REPEAT_S
    assert {at: ends for at, ends in told_at.items() if ends} == {
        at: [ends_s] for at in told_at if ends_s <= at < ends_s + LASTS * REPEAT_S
    }
    assert told_at[11 * REPEAT_S] == []


def test_what_opens_again_is_not_ended() -> None:
    """The end of its life before is forgotten, or it would resolve the new one."""
    stand = Stand(incidents=[snapshot()])
    push = stand.push()
    stand.post(push)
    stand.incidents = []
    stand.post(push)
    stand.clock.now_s += SETTLES * REPEAT_S
    stand.incidents = [snapshot(opened_s=stand.clock.now_s)]

    (alert,) = stand.post(push)

    assert _s(alert["endsAt"]) > stand.clock.now_s


def test_an_incident_that_becomes_worse_is_another_alert_and_the_one_before_ends() -> None:
    """The severity is a label."""
    incident = snapshot(Severity.WARNING)
    stand = Stand(incidents=[incident])
    push = stand.push()
    stand.post(push)
    stand.incidents = [replace(incident, severity=Severity.CRITICAL)]

    first = stand.post(push)
    stand.clock.now_s += SETTLES * REPEAT_S
    then = stand.post(push)

    assert [alert["labels"]["severity"] for alert in first] == ["critical"]
    assert {alert["labels"]["severity"]: _s(alert["endsAt"]) <= stand.clock.now_s for alert in then} == {
        "warning": True,
        "critical": False,
    }


def test_an_incident_that_is_muted_ends_as_an_alert() -> None:
    """Who muted it does not want to be told again."""
    incident = snapshot()
    stand = Stand(incidents=[incident])
    push = stand.push()
    stand.post(push)
    stand.incidents = [replace(incident, muted=True)]
    stand.post(push)
    stand.clock.now_s += SETTLES * REPEAT_S

    (alert,) = stand.post(push)

    assert _s(alert["endsAt"]) <= stand.clock.now_s


def test_nothing_open_is_no_post() -> None:
    """Nobody is bothered with an empty list."""
    stand = Stand()

    assert stand.post(stand.push()) == []
    assert stand.posts == []


def test_a_storm_is_posted_in_parts() -> None:
    """A body of thousands of alerts would be refused by the proxies in between."""
    stand = Stand(incidents=[snapshot(agent=f"agent-{number}") for number in range(POST_ALERTS + 1)])

    stand.post(stand.push())

    assert [len(alerts) for _, alerts in stand.posts] == [POST_ALERTS, 1]


def test_long_lists_are_cut_and_text_of_agents_is_escaped() -> None:
    """A thousand sessions are counted, and no agent can write lines into a page."""
    sessions = tuple(f"conversation-{number}" for number in range(100))
    incident = snapshot(
        sessions=sessions, sessions_total=1_000, summary="two\nlines", attached=(told(detector="context"),)
    )

    stand = Stand(incidents=[incident])

    (alert,) = stand.post(stand.push())

    notes = alert["annotations"]
    assert f"and {1_000 - SESSIONS_SHOWN} more" in notes["description"]
    assert "context/rephrased" in notes["description"]
    assert "\n" not in notes["description"] + notes["summary"]


def test_each_replica_is_told_and_each_outcome_counted() -> None:
    """One that refuses and one that is down are no reason to tell the third less."""

    async def refuses() -> httpx.Response:
        return httpx.Response(400, json="bad label")

    async def is_down() -> httpx.Response:
        raise httpx.ConnectError("refused")

    async def is_busy() -> httpx.Response:
        return httpx.Response(503)

    stand = Stand(urls=tuple(f"http://{host}:9093" for host in ("a", "b", "c", "d")), incidents=[snapshot()])
    stand.answers = {"a": refuses, "b": is_down, "c": is_busy}

    stand.post(stand.push())

    assert stand.outcomes == {"refused": 1, "failed": 2, "delivered": 1}


def test_a_replica_that_fails_is_logged_once_and_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    """A log that says the same every five seconds is not read."""

    async def is_down() -> httpx.Response:
        raise httpx.ConnectError("http://me:secret@a:9093")

    stand = Stand(urls=("http://me:secret@a:9093",), incidents=[snapshot()], answers={"a": is_down})
    push = stand.push()

    with caplog.at_level("INFO"):
        stand.post(push)
        stand.post(push)
        del stand.answers["a"]
        stand.post(push)

    ours = [record.message for record in caplog.records if record.name.endswith("alertmanager")]
    assert ours == ["Alertmanager at a takes no alerts: ConnectError", "Alertmanager at a takes alerts again"]
    assert "secret" not in caplog.text


async def _until(found: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not found():
            await asyncio.sleep(0.01)


def _posted(stand: Stand, host: str) -> list[str]:
    return [alert["labels"]["agent"] for url, alerts in stand.posts if f"//{host}" in url for alert in alerts]


def test_a_change_is_posted_at_once_and_only_the_change() -> None:
    """Not after the repetition of an hour."""
    stand = Stand(urls=("http://a",), incidents=[snapshot(agent="first")])

    async def play() -> None:
        push = stand.push(repeat_s=3600.0)
        push.start()
        await _until(lambda: _posted(stand, "a") == ["first"])
        stand.incidents.append(snapshot(agent="second"))
        push.changed(change(stand.incidents[-1]))
        await _until(lambda: len(_posted(stand, "a")) > 1)
        await push.close()

    asyncio.run(play())

    assert _posted(stand, "a") == ["first", "second"]


def test_a_replica_that_hangs_holds_up_no_other() -> None:
    """Each has its own time."""
    stand = Stand(urls=("http://a", "http://b"), incidents=[snapshot(agent="first")])

    async def hangs() -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    stand.answers = {"a": hangs}

    async def play() -> None:
        push = stand.push(repeat_s=3600.0)
        push.start()
        await _until(lambda: _posted(stand, "b") == ["first"])
        stand.incidents.append(snapshot(agent="second"))
        push.changed(change(stand.incidents[-1]))
        await _until(lambda: _posted(stand, "b") == ["first", "second"])
        await push.close()

    asyncio.run(play())


def test_what_a_replica_missed_is_posted_again_before_the_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does not wait for a minute because Alertmanager restarted."""
    monkeypatch.setattr("loopwatch_processor.notify.alertmanager.AGAIN_S", 0.01)
    stand = Stand(urls=("http://a",), incidents=[snapshot(agent="first")])

    async def is_down() -> httpx.Response:
        raise httpx.ConnectError("refused")

    stand.answers = {"a": is_down}

    async def play() -> None:
        push = stand.push(repeat_s=3600.0)
        push.start()
        await _until(lambda: stand.outcomes["failed"] >= 2)
        del stand.answers["a"]
        await _until(lambda: stand.outcomes["delivered"])
        await push.close()

    asyncio.run(play())

    assert set(_posted(stand, "a")) == {"first"}


def test_a_fault_of_ours_ends_no_posting(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the incidents are, the next round is tried."""
    monkeypatch.setattr("loopwatch_processor.notify.alertmanager.AGAIN_S", 0.01)
    stand = Stand(urls=("http://a",))
    faults = iter([RuntimeError("no")])

    def broken() -> Iterable[Snapshot]:
        for fault in faults:
            raise fault
        return [snapshot(agent="first")]

    async def play() -> None:
        push = AlertmanagerPush(
            stand.urls,
            3600.0,
            LINKS,
            broken,
            clock=stand.clock,
            on_outcome=lambda outcome: stand.outcomes.update([outcome]),
            transport=httpx.MockTransport(stand._answer),
        )
        push.start()
        await _until(lambda: stand.outcomes["delivered"])
        await push.close()

    asyncio.run(play())

    assert "could not be made alerts" in caplog.text
