"""One test incident for every receiver, so that somebody learns before the first real one who is not reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.config.notify import Notify
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Identity, Snapshot, Told
from loopwatch_processor.notify.answer import Answer, Delivered, NotYet
from loopwatch_processor.notify.chat import ChatWriter
from loopwatch_processor.notify.delivery import Sender
from loopwatch_processor.notify.events import EventWriter
from loopwatch_processor.notify.heartbeat import CHANNEL, Heartbeat
from loopwatch_processor.notify.ledger import Writer
from loopwatch_processor.notify.message import Action, Message
from loopwatch_processor.notify.notifier import make_senders
from loopwatch_processor.notify.page import headline
from loopwatch_processor.notify.receivers import APPRISE, PAGERDUTY, Receiver, Routing


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it at one receiver."""

    channel: str
    target: str
    worked: bool
    said: str


async def try_out(
    notify: Notify,
    links: Links,
    name: str,
    clock: Callable[[], float],
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[Trial]:
    """Open a page at every receiver and resolve it; *name* tells this test from others. A dry run is disregarded."""
    senders = make_senders(notify, clock, transport)
    writers: Mapping[str, Writer] = {PAGERDUTY: EventWriter(links), APPRISE: ChatWriter(links)}
    incident = _incident(name, clock())
    trials = [
        await _try(receiver, senders[receiver.channel], writers[receiver.channel], incident)
        for receiver in Routing(notify).receivers
        if receiver.channel in senders
    ]
    for sender in senders.values():
        await sender.close()
    return trials + await _try_heartbeat(notify, transport)


async def _try(receiver: Receiver, sender: Sender, writer: Writer, incident: Snapshot) -> Trial:
    key = incident.identity.dedup_key
    opened = await sender.send(_message(receiver, incident, Action.TRIGGER, writer.trigger(incident)))
    if not isinstance(opened, Delivered):
        return Trial(receiver.channel, receiver.target, False, f"not delivered: {_said(opened)}")
    over = writer.close(Action.RESOLVE, key, headline(incident)) or {}
    closed = await sender.send(_message(receiver, incident, Action.RESOLVE, over))
    if not isinstance(closed, Delivered):
        return Trial(receiver.channel, receiver.target, False, f"delivered, but not resolved: {_said(closed)}")
    answered = f" ({opened.said})" if opened.said else ""
    return Trial(receiver.channel, receiver.target, True, f"delivered{answered} and resolved")


async def _try_heartbeat(notify: Notify, transport: httpx.AsyncBaseTransport | None) -> list[Trial]:
    if notify.heartbeat_url is None:
        return []
    heart = Heartbeat(
        notify.heartbeat_url.get_secret_value(), lambda: True, lambda *_: None, transport, notify.tls.verify()
    )
    why = await heart.beat()
    await heart.close()
    return [Trial(CHANNEL, "notify.heartbeat_url", not why, why or "delivered")]


def _said(answer: Answer) -> str:
    return f"busy for {answer.after_s:g} s" if isinstance(answer, NotYet) else getattr(answer, "why", "")


def _message(receiver: Receiver, incident: Snapshot, action: Action, payload: Mapping[str, Any]) -> Message:
    at_s = incident.opened_s
    id_ = f"{incident.id}-{action}"
    return Message(id_, receiver.channel, receiver.target, incident.id, 0, action, payload, at_s, at_s)


def _incident(name: str, now_s: float) -> Snapshot:
    who = Identity("test", "loopwatch", f"test-{name}", "loop")
    lead = Told(
        detector="loop",
        pattern="test",
        severity=Severity.CRITICAL,
        score=1.0,
        stop_reason="loop_detected",
        summary="This is a test of loopwatch's notifications. There is nothing to do; it resolves itself.",
        agent=who.agent,
        session_key=f"test-{name}",
        run_key="",
        trace_id="",
        span_id="",
        step=1,
        since=1,
        at_ns=int(now_s * 1e9),
    )
    return Snapshot(
        id=f"test-{name}",
        identity=who,
        severity=Severity.CRITICAL,
        lead=lead,
        attached=(),
        sessions=(lead.session_key,),
        sessions_open=1,
        sessions_total=1,
        wasted_usd=None,
        wasted_tokens=None,
        opened_s=now_s,
        changed_s=now_s,
    )
