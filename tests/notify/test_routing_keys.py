"""A routing key may change while loopwatch runs, and is shown nowhere."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from tests.fakes.events_api import EventsApi
from tests.notify.incidents import KEY, Make, Stage, play, snapshot


def test_a_new_key_in_the_file_works_without_a_restart(tmp_path: Any, api: EventsApi) -> None:
    """A rotated secret is a new file content."""
    file = tmp_path / "key"
    file.write_text("f" * 32)

    async def scene() -> None:
        here = Stage({"routes": [{"routing_key_file": str(file)}]}, transport=_answers(api))
        file.unlink()
        await here.tell(snapshot())
        await here.deliver()
        assert here.counts == [("pagerduty", "failed")]
        file.write_text(f"{KEY}\n")
        await here.deliver_all()

    play(scene())
    assert len(api.incidents) == 1


def test_a_routing_key_is_shown_nowhere(stage: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a log line at any level, an error, a repr or the outbox, also where a proxy quotes the request."""

    def echo(request: httpx.Request) -> httpx.Response:
        if "odd" in request.content.decode():
            raise httpx.ReadError(f"cannot read {request.content.decode()}")
        return httpx.Response(400, text=f"blocked: {request.content.decode()}")

    async def scene() -> None:
        here = Stage({"routes": [{"routing_key_env": "PAGERDUTY_KEY"}]}, transport=httpx.MockTransport(echo))
        for agent in ("even", "odd"):
            await here.tell(snapshot(agent=agent))
        await here.deliver_all(most_s=30)
        assert len(here.outbox.errors) > 2
        shown = [*here.outbox.errors, repr(here.outbox), repr(here.notifier), repr(vars(here.notifier))]
        assert KEY not in "".join(shown)

    with caplog.at_level(logging.DEBUG):
        play(scene())
    assert "(routing key)" in caplog.text
    assert KEY not in caplog.text


def _answers(api: EventsApi) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        status, found = api.enqueue(request.content)
        return httpx.Response(status, content=json.dumps(found))

    return httpx.MockTransport(answer)
