"""Two replicas that are fed the same spans page once, each with a journal of its own or both with one."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fakes.events_api import Server
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import ended, looping, send
from tests.stack.processes import until


@pytest.mark.parametrize("shared", [False, True], ids=["journals of their own", "one PostgreSQL"])
def test_two_replicas_page_once(shared: bool, request: pytest.FixtureRequest, tmp_path: Path, events: Server) -> None:
    """By the dedup key; in one journal they have one incident, and one message of it."""
    journal = request.getfixturevalue("postgresql") if shared else ""
    settings = (*QUICK, *paging(tmp_path, events.url))
    replicas = [Service(tmp_path / name, *settings, journal=journal) for name in ("first", "second")]
    api = events.api
    with ExitStack() as stack:
        for replica in replicas:
            stack.enter_context(replica.running())
        for replica in replicas:
            send(replica.url, SPANS)
        until("the page", lambda: api.incidents)
        until("all to be sent", lambda: not any(_waiting(replica) for replica in replicas))
        for replica in replicas:
            send(replica.url, [ended("session")])
        until("the resolve", lambda: api.of("resolved"))
        until("both to be done", lambda: not any(_open(replica) or _waiting(replica) for replica in replicas))

    assert [page.status for page in api.incidents] == ["resolved"]
    assert set(api.answers) == {202}


SPANS = looping("session")


def _waiting(replica: Service) -> float:
    return replica.metric("loopwatch_notifications_waiting")


def _open(replica: Service) -> float:
    return replica.metric("loopwatch_open_incidents")
