"""A pushed alert and the rule's alert of the same incident, in a real Alertmanager: one page, resolved once."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.alertmanager import AlertmanagerPush
from tests.fakes.events_api import KEY, EventsApi, serving
from tests.notify.incidents import LINKS, change, snapshot
from tests.stack.alerting import Alertmanager, Page, Prometheus
from tests.stack.processes import PATIENCE_S, until

REPEAT_S = 2.0


def _program(name: str) -> Path:
    found = shutil.which(name)
    if found:
        return Path(found)
    missing = f"there is no {name}: apt-get install --no-install-recommends prometheus prometheus-alertmanager"
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="module", name="alertmanager_binary")
def _alertmanager_binary() -> Path:
    return _program("prometheus-alertmanager")


@pytest.fixture(scope="module", name="prometheus_binary")
def _prometheus_binary() -> Path:
    return _program("prometheus")


def _gauge(incident: Snapshot, value: int) -> str:
    who = incident.identity
    labels = (
        f'environment="{who.environment}",service="{who.service}",agent="{who.agent}",detector="{who.detector}",'
        f'pattern="{incident.lead.pattern}",severity="{incident.severity.label}"'
    )
    return f"loopwatch_open_incidents{{{labels}}} {value}\n"


async def _until(what: str, found: Callable[[], object]) -> None:
    """As `until`, while the push goes on beside."""
    deadline = time.monotonic() + PATIENCE_S
    while not await asyncio.to_thread(found):
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:g} s in vain for {what}"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("external", [{}, {"cluster": "north"}], ids=["the same labels", "with external labels"])
def test_a_push_and_a_rule_are_one_page_that_resolves_once(
    alertmanager_binary: Path, prometheus_binary: Path, tmp_path: Path, external: Mapping[str, str]
) -> None:
    """Told by both, an incident pages once; its end, which the push knows before Prometheus, opens nothing anew.

    Labels that Prometheus adds of its own make two alerts of it, and still one group.
    """
    incident, api, page = snapshot(Severity.CRITICAL), EventsApi(), Page()
    page.text = _gauge(incident, 1)
    with ExitStack() as stack:
        stack.enter_context(page.serving())
        events = stack.enter_context(serving(api))
        alertmanager = Alertmanager(alertmanager_binary, tmp_path, events.url, KEY, f"http://{page.address}")
        stack.enter_context(alertmanager.running())
        prometheus = Prometheus(prometheus_binary, tmp_path, page.address, alertmanager.url, external)
        stack.enter_context(prometheus.running())
        asyncio.run(_life(incident, api, page, alertmanager, prometheus, alerts=2 if external else 1))

    assert [event["event_action"] for event in api.events] == ["trigger"] * (len(api.events) - 1) + ["resolve"]
    assert [each.status for each in api.incidents] == ["resolved"]
    assert not api.ignored
    (paged,) = api.incidents
    assert paged.severity == "critical"
    assert paged.summary.startswith("[prod] AgentLoop refunds: loop/rephrased — ")
    assert {link["text"] for link in paged.links} == {"Runbook", "Dashboard"}


async def _life(
    incident: Snapshot, api: EventsApi, page: Page, alertmanager: Alertmanager, prometheus: Prometheus, alerts: int
) -> None:
    open_now = [incident]
    push = _push(alertmanager, open_now)
    push.start()
    await _until("the page", lambda: api.incidents)
    await _until("Prometheus to have said it, too", lambda: prometheus.query('ALERTS{alertname="AgentLoop"}'))
    await _until(f"{alerts} alerts", lambda: len(alertmanager.alerts()) == alerts)
    # The push hears of the end at once, Prometheus by a scrape and an evaluation.
    open_now.clear()
    push.changed(change(incident, "resolved"))
    await asyncio.sleep(REPEAT_S)  # So long the gauge that Prometheus saw last is 1.
    page.text = _gauge(incident, 0)
    await _until("Prometheus to let go", lambda: not prometheus.query('ALERTS{alertname="AgentLoop"}'))
    await _until("the resolve", lambda: api.of("resolved"))
    await _until("no alert any more", lambda: not alertmanager.alerts())
    await push.close()


def test_pushes_alone_page_once_over_a_restart_of_loopwatch(alertmanager_binary: Path, tmp_path: Path) -> None:
    """What the last process said holds until the next one says it again; the end is told once."""
    incident, api, page = snapshot(Severity.CRITICAL), EventsApi(), Page()
    with ExitStack() as stack:
        stack.enter_context(page.serving())
        events = stack.enter_context(serving(api))
        alertmanager = Alertmanager(alertmanager_binary, tmp_path, events.url, KEY, f"http://{page.address}")
        stack.enter_context(alertmanager.running())
        asyncio.run(_two_lives(incident, api, alertmanager))

    assert [each.status for each in api.incidents] == ["resolved"]
    assert [event["event_action"] for event in api.events][-1] == "resolve"


async def _two_lives(incident: Snapshot, api: EventsApi, alertmanager: Alertmanager) -> None:
    open_now = [incident]
    first, second = _push(alertmanager, open_now), _push(alertmanager, open_now)
    first.start()
    await _until("the page", lambda: api.of("triggered"))
    await first.close()
    said = alertmanager.alerts()
    second.start()
    await _until("the second to have said it, too", lambda: alertmanager.alerts() != said)
    open_now.clear()
    second.changed(change(incident, "resolved"))
    await _until("the resolve", lambda: api.of("resolved"))
    await second.close()


def _push(alertmanager: Alertmanager, open_now: list[Snapshot]) -> AlertmanagerPush:
    return AlertmanagerPush(
        (alertmanager.url,), REPEAT_S, LINKS, lambda: open_now, clock=time.time, on_outcome=lambda _outcome: None
    )


def test_only_the_lesser_alerts_of_one_named_agent_are_silenced(alertmanager_binary: Path, tmp_path: Path) -> None:
    """While it pages. Another agent's are told, and so are those of agents without a name, whoever of them pages."""
    api, page = EventsApi(), Page()
    open_now = [
        snapshot(Severity.CRITICAL, agent="planner"),
        snapshot(Severity.WARNING, agent="planner", detector="context"),
        snapshot(Severity.INFO, agent="planner", detector="progress"),
        snapshot(Severity.WARNING, agent="writer", detector="context"),
        snapshot(Severity.CRITICAL, agent=""),
        snapshot(Severity.WARNING, agent="", detector="context"),
    ]
    with ExitStack() as stack:
        stack.enter_context(page.serving())
        events = stack.enter_context(serving(api))
        alertmanager = Alertmanager(alertmanager_binary, tmp_path, events.url, KEY, f"http://{page.address}")
        stack.enter_context(alertmanager.running())
        push = _push(alertmanager, open_now)
        asyncio.run(push.post())
        until("both pages", lambda: len(api.incidents) == 2)
        # Each group is looked at in its own time: the pages may be told before the last of the others is.
        until("those of the planner to be silenced", lambda: silenced(alertmanager) >= {"warning", "info"})
        silent = [alert["labels"] for alert in alertmanager.alerts() if alert["status"]["inhibitedBy"]]

    assert {(labels["agent"], labels["severity"]) for labels in silent} == {("planner", "warning"), ("planner", "info")}


def silenced(alertmanager: Alertmanager) -> set[str]:
    """The severities of the planner's alerts that another one silences."""
    alerts = [alert for alert in alertmanager.alerts() if alert["labels"].get("agent") == "planner"]
    return {alert["labels"]["severity"] for alert in alerts if alert["status"]["inhibitedBy"]}
