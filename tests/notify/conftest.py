"""A routing key where routes find it, and the fake Events API behind an in-process transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fakes.events_api import EventsApi
from tests.notify.incidents import KEY, Clock, Stage

PAGED = {"routes": [{"routing_key_env": "PAGERDUTY_KEY"}]}


@pytest.fixture(autouse=True)
def _routing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGERDUTY_KEY", KEY)


@pytest.fixture
def clock() -> Clock:
    """Time, for all parts of a test."""
    return Clock()


@pytest.fixture
def api(clock: Clock) -> EventsApi:
    """A fake Events API that lives by the same clock."""
    return EventsApi(clock=clock)


@pytest.fixture
def stage(api: EventsApi, clock: Clock) -> Callable[..., Stage]:
    """Makes a notifier that sends to `api`; settings of `notify` may be given."""

    def answer(request: httpx.Request) -> httpx.Response:
        fault = api.next_fault()
        if fault is not None and fault.reset:
            raise httpx.ReadError("Connection reset by peer")
        if fault is not None and fault.status:
            headers = {"retry-after": f"{fault.retry_after_s:g}"} if fault.retry_after_s is not None else {}
            return httpx.Response(fault.status, json={"message": "a scripted fault"}, headers=headers)
        status, found = api.enqueue(request.content)
        return httpx.Response(status, json=found)

    def make(**settings: Any) -> Stage:
        outbox = settings.pop("outbox", None)
        extra = {"outbox": outbox} if outbox is not None else {}
        return Stage({**PAGED, **settings}, clock, transport=httpx.MockTransport(answer), **extra)

    return make
