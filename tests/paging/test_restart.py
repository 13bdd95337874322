"""A restart on the same journal, and what people mute there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.events_api import Server
from tests.paging.services import QUICK, Service, paging
from tests.paging.spans import CRITICAL_CALLS, ended, looping, send
from tests.stack.processes import until

_WAITING = "loopwatch_notifications_waiting"


def test_a_restart_neither_loses_nor_repeats_a_page(tmp_path: Path, events: Server) -> None:
    """What goes on looping after it is the page of before; each resolves with its run."""
    api = events.api
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url))
    with service.running():
        for session in ("goes-on", "ends"):
            send(service.url, looping(session, agent=session))
        until("both pages", lambda: len(api.incidents) == 2)
        until("all to be sent", lambda: not service.metric(_WAITING))
        assert service.end() == 0
        service.start()
        assert service.metric("loopwatch_open_incidents", severity="critical") == 2
        send(service.url, looping("goes-on", agent="goes-on", first=CRITICAL_CALLS))
        send(service.url, [ended("ends", agent="ends")])
        until("the resolve of what ended", lambda: api.of("resolved"))
        assert [page.dedup_key.split("/")[3] for page in api.of("resolved")] == ["ends"]
        send(service.url, [ended("goes-on", agent="goes-on")])
        until("the other resolve", lambda: len(api.of("resolved")) == 2)
        until("all to be sent", lambda: not service.metric(_WAITING))

    assert len(api.incidents) == 2
    assert not api.ignored
    assert set(api.answers) == {202}


def test_a_mute_acknowledges_and_silences_until_it_is_ended(tmp_path: Path, events: Server) -> None:
    """The page that is open calls nobody any more, others are not begun; what goes on when it ends pages then."""
    api = events.api
    service = Service(tmp_path, *QUICK, *paging(tmp_path, events.url))
    with service.running():
        send(service.url, looping("before"))
        until("the page", lambda: api.incidents)
        said = service.command("mute", "--agent", "researcher", "--for", "1h")
        until("the acknowledgement", lambda: api.of("acknowledged"))
        assert service.metric("loopwatch_mutes_active", agent="researcher") == 1
        send(service.url, [ended("before")])
        until("the resolve", lambda: api.of("resolved"))
        send(service.url, looping("meanwhile"))
        until("the incident", lambda: service.metric("loopwatch_incident_changes_total", kind="escalated") == 2)
        send(service.url, looping("another", agent="analyst"))
        until("the page of an agent that is not muted", lambda: len(api.incidents) == 2)
        assert [page.dedup_key.split("/")[3] for page in api.incidents] == ["researcher", "analyst"]
        (mute_id,) = re.findall(r"--end (\w+)", said)
        service.command("mute", "--end", mute_id)
        until("the mute to be over", lambda: not service.metric("loopwatch_mutes_active", agent="researcher"))
        until("the page of what goes on", lambda: len(api.incidents) == 3)
