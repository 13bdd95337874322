"""The whole stack: agents, a real Collector, loopwatch, a real Prometheus and Alertmanager, a page at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stack import alertmanager, pages
from stack.ports import HOST, Ports
from stack.running import Stack
from tests.stack.processes import PATIENCE_S, until
from tests.stack.stacks import needs_programs, running

PAGED = {"researcher": "loop", "supervisor": "loop", "strategist": "budget", "writer": "stream"}
"""Whose sessions page, and for what: two loops, a limit that was set, a stream that fell silent."""
SESSIONS = {"analyzer": "supervisor", "verifier": "supervisor"}
"""Of agents whose session has another name."""
HEALTHY = {"analyst", "reporter"}


@pytest.fixture(scope="module", name="stack", params=[False, True], ids=["through Alertmanager", "direct"])
def _stack(otelcol: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack whose fleet has ended: rules and pushes together, or loopwatch that pages by itself."""
    needs_programs()
    with running(otelcol, tmp_path_factory.mktemp("stack"), direct=request.param) as stack:
        stack.play()
        yield stack


def test_each_failure_that_may_page_is_one_page_and_resolves(stack: Stack) -> None:
    """Four failures, four pages, each told of and resolved once; nobody is told of healthy agents."""
    until("every page", lambda: len(stack.record()["incidents"]) >= len(PAGED))
    until("every resolve", lambda: not stack.record()["open"])

    record = stack.record()
    found = pages.paged(record, stack.findings())
    assert {SESSIONS.get(page.agent, page.agent): page.detector for page in found} == PAGED
    assert len(found) == len(PAGED)
    assert stack.critical() == set(PAGED)
    assert set(record["answers"]) == {"202"}
    assert not record["ignored"]
    # The deciding moment comes first, on one clock.
    assert all(page.delay_s is not None and page.delay_s > 0 for page in found)
    assert not HEALTHY & pages.told_of(record)


def test_the_stack_is_watched_by_its_prometheus(stack: Stack) -> None:
    """Every target of stack/prometheus.yaml is up, and every shipped rule can be evaluated."""
    url = f"http://{HOST}:{stack.ports.prometheus}/api/v1"
    jobs = {item["job_name"] for item in _prometheus()["scrape_configs"]}
    until("every target", lambda: set(_up(url)) == jobs and set(_up(url).values()) == {"1"})
    rules = [rule for group in _get(f"{url}/rules")["data"]["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} >= {"AgentLoop", "LoopwatchDown", "LoopwatchDeadMansSwitch"}
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}


@pytest.mark.parametrize("stack", [False], indirect=True, ids=["through Alertmanager"])
def test_a_warning_is_a_ticket_and_somebody_hears_that_all_is_well(stack: Stack) -> None:
    """What is no page reaches the tracker, and the dead man's switch its webhook."""
    until("the ticket", lambda: "AgentContextNearlyFull reader" in pages.tickets(stack.record()))
    until("the dead man's switch", lambda: "dead-mans-switch" in stack.record()["hooks"])


def test_the_routes_are_the_shipped_ones() -> None:
    """stack/alertmanager.yaml is what its module makes of the shipped file; the tree of routes is equal."""
    assert alertmanager.FILE.read_text("utf-8") == alertmanager.derived()
    shipped, own = (yaml.safe_load(file.read_text("utf-8")) for file in (alertmanager.SHIPPED, alertmanager.FILE))
    assert own["route"]["routes"] == shipped["route"]["routes"]
    assert own["inhibit_rules"] == shipped["inhibit_rules"]


def test_no_port_is_named_twice() -> None:
    """Every part has a port of its own."""
    ports = [getattr(Ports(), name) for name in Ports.__dataclass_fields__]
    assert max(Counter(ports).values()) == 1


def _up(url: str) -> dict[str, str]:
    found = _get(f"{url}/query?query=up")["data"]["result"]
    return {item["metric"]["job"]: item["value"][1] for item in found}


def _get(url: str) -> Any:
    return httpx.get(url, timeout=PATIENCE_S, trust_env=False).json()


def _prometheus() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(alertmanager.FILE).with_name("prometheus.yaml").read_text("utf-8"))
    return found
