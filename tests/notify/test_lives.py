"""Whatever happens in whatever order, each life of an incident is one page, and none stays open."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.events_api import EventsApi
from tests.notify.incidents import KEY, Clock, Stage, snapshot

_STEPS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["updated", "escalated", "resolved", "fault", "deliver", "restart", "muted"]),
    st.floats(0, 400),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_STEPS, max_size=30), storm=st.sampled_from([1, 2, 10]))
def test_every_life_is_one_page_that_ends(  # noqa: C901 - one branch for each thing that may happen
    steps: list[tuple[int, str, float]], storm: int
) -> None:
    """Faults, restarts, mutes and storms among openings, updates and ends."""
    clock = Clock()
    api, failing = EventsApi(clock=clock), [0]

    def answer(request: httpx.Request) -> httpx.Response:
        if failing[0]:
            failing[0] -= 1
            return httpx.Response(503)
        status, found = api.enqueue(request.content)
        return httpx.Response(status, json=found)

    def make(before: Stage | None = None) -> Stage:
        chosen = {"routes": [{"routing_key_env": "PAGERDUTY_KEY"}], "storm_incidents": storm}
        extra = {"outbox": before.outbox} if before is not None else {}
        return Stage(chosen, clock, transport=httpx.MockTransport(answer), **extra)

    async def scene() -> int:
        here, living, lives = make(), {}, 0
        for which, what, wait_s in [*steps, *((n, "resolved", 0.0) for n in range(3))]:
            clock.now_s += wait_s
            if what == "fault":
                failing[0] += which
            elif what == "deliver":
                await here.deliver()
            elif what == "restart":
                here = make(here)
                await here.notifier.restore(list(living.values()))
            elif what == "resolved":
                if which in living:
                    await here.tell(living.pop(which), "resolved")
            elif which not in living:
                lives += 1
                living[which] = snapshot(agent=f"agent-{which}", opened_s=clock.now_s)
                await here.tell(living[which])
            else:
                total = living[which].sessions_total + 1
                living[which] = replace(living[which], sessions_total=total, muted=what == "muted")
                await here.tell(living[which], "escalated" if what == "escalated" else "updated")
        await here.deliver_all()
        return lives

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAGERDUTY_KEY", KEY)
        lives = asyncio.run(scene())
    assert [incident for incident in api.incidents if incident.status != "resolved"] == []
    own = [incident for incident in api.incidents if "storm" not in incident.dedup_key]
    assert len(own) <= lives
    assert bool(api.incidents) == bool(lives)
    if storm == 10 and lives <= 10:
        assert len(own) == lives
