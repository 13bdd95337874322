"""The channels beside PagerDuty: Apprise, and the heartbeat."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from loopwatch_processor.finding import Severity
from loopwatch_processor.notify.apprise_sender import AppriseSender
from loopwatch_processor.notify.heartbeat import Heartbeat
from tests.notify.incidents import Stage, actions, snapshot, told


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """A webhook: its Apprise URL, what it got, and the statuses that it answers next."""
    got: list[dict[str, Any]] = []
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(statuses.pop() if statuses else 200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/token-abc", got, statuses
        server.shutdown()


def chat(*urls: str) -> Stage:
    return Stage({"apprise": list(urls)})


def test_a_channel_hears_of_the_beginning_and_the_end(hook: Any) -> None:
    """With reason, links and colour."""
    url, got, _ = hook

    async def scene() -> None:
        here, incident = chat(url), snapshot(sessions_total=4)
        await here.tell(incident)
        await here.tell(incident, "resolved")
        await here.deliver_all()
        assert here.counts == [("apprise", "delivered")] * 2

    asyncio.run(scene())
    opened, over = got
    assert opened["title"].startswith("(prod) refunds (billing): loop/rephrased in 4 sessions — Called search 12 times")
    assert "Reason: loop_detected\nSessions: conversation-1 and 3 more\nWasted: 1.5 USD" in opened["message"]
    assert "Runbook: https://github.com/" in opened["message"]
    assert (opened["type"], over["type"]) == ("failure", "success")
    assert over["title"].startswith("resolved: (prod) refunds")


def test_a_channel_is_not_told_of_every_update() -> None:
    """Each message is one more line in somebody's chat; what gets worse is told."""
    here, incident = chat("json://localhost/"), snapshot()
    kinds = ("opened", "updated", "escalated", "updated", "resolved")
    assert [actions(here.messages(incident, kind)) for kind in kinds] == [["trigger"], [], ["trigger"], [], ["resolve"]]


def test_a_channel_is_not_asked_to_acknowledge() -> None:
    """A chat has no such thing."""
    here, incident = chat("json://localhost/"), snapshot()
    here.messages(incident)
    assert here.messages(incident, "updated", muted=True) == []


def test_a_channel_that_fails_is_tried_again(hook: Any) -> None:
    """Until it takes the message."""
    url, got, statuses = hook
    statuses.append(500)

    async def scene() -> None:
        here = chat(url)
        await here.tell(snapshot())
        await here.deliver_all()
        assert here.counts == [("apprise", "failed"), ("apprise", "delivered")]

    asyncio.run(scene())
    assert len(got) == 2


def test_a_channel_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """For this attempt."""
    release = threading.Event()

    async def scene() -> None:
        here = chat("json://localhost/")
        (message,) = here.messages(snapshot())
        sender = AppriseSender({message.target: "json://localhost/"}, timeout_s=0.02)
        monkeypatch.setattr(sender, "_notify", lambda _message: release.wait(30))
        answer = await sender.send(message)
        release.set()
        await sender.close()
        assert getattr(answer, "why", "") == "no answer within 0.02 s"

    asyncio.run(scene())


def test_text_of_agents_calls_nobody_in_a_chat() -> None:
    """No mention of everybody, no link in disguise."""
    (message,) = chat("json://localhost/").messages(
        snapshot(agent="<!channel> [ok](http://evil)", session_key="@here `x`", attached=(told(),))
    )
    text = message.payload["title"] + message.payload["body"]
    assert not {"<", ">", "@", "`", "["} & set(text)
    assert "‹!channel›" in text


def test_a_storm_is_told_once_until_it_grows(hook: Any) -> None:
    """Five incidents more in it are news, each by itself is none."""
    here = chat("json://localhost/")
    found = [message for n in range(40) for message in here.messages(snapshot(agent=f"agent-{n}"))]
    storm = [message for message in found if message.dedup_key == "loopwatch/storm/prod"]
    assert len(storm) == 3
    assert "25 further incidents" in storm[-1].payload["title"]


def test_an_apprise_url_is_shown_nowhere(hook: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is its token."""
    url, _, statuses = hook
    statuses.append(500)

    async def scene() -> None:
        here = chat(url)
        await here.tell(snapshot())
        await here.deliver_all()
        assert "token-abc" not in repr(here.outbox) + "".join(here.outbox.errors)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(scene())
    assert "token-abc" not in caplog.text


@pytest.fixture
def beats() -> Callable[..., tuple[list[str], list[tuple[str, str]], str]]:
    """Lets a heart beat against an endpoint that answers with a status, or not at all."""

    def beat(works: bool = True, status: int | None = 200) -> tuple[list[str], list[tuple[str, str]], str]:
        asked: list[str] = []
        counts: list[tuple[str, str]] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.method)
            if status is None:
                raise httpx.ConnectError(f"cannot connect to {request.url}")
            return httpx.Response(status)

        async def scene() -> str:
            heart = Heartbeat(
                "https://hc.example.com/token-abc",
                lambda: works,
                lambda channel, outcome: counts.append((channel, outcome)),
                httpx.MockTransport(answer),
            )
            why = await heart.beat()
            await heart.close()
            return why

        return asked, counts, asyncio.run(scene())

    return beat


def test_a_heart_beats_while_loopwatch_works(beats: Any) -> None:
    """One GET, counted."""
    assert beats() == (["GET"], [("heartbeat", "delivered")], "")


def test_a_heart_stops_when_loopwatch_does_not_work(beats: Any) -> None:
    """Silence is the alarm."""
    asked, counts, why = beats(works=False)
    assert (asked, counts) == ([], [])
    assert "withheld" in why


@pytest.mark.parametrize("status", [None, 404, 500])
def test_a_beat_that_fails_is_counted_and_shows_no_url(
    beats: Any, status: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The URL is a secret."""
    with caplog.at_level(logging.DEBUG):
        _, counts, why = beats(status=status)
    assert counts == [("heartbeat", "failed")]
    assert "failed" in why or str(status) in why
    assert "token-abc" not in caplog.text + why


def test_severity_has_a_colour() -> None:
    """Of a warning, yellow."""
    here = Stage({"apprise": ["json://localhost/"], "min_severity": "warning"})
    (message,) = here.messages(snapshot(Severity.WARNING))
    assert message.payload["type"] == "warning"
