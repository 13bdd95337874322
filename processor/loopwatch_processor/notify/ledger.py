"""`Ledger`: what one receiver was told, and so what it is to be told next. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from loopwatch_processor.incident import Change, ChangeKind, Snapshot
from loopwatch_processor.notify.message import Action, Message, message_id
from loopwatch_processor.notify.page import headline
from loopwatch_processor.notify.receivers import Receiver
from loopwatch_processor.notify.storm import PREFIX, Pace, Storm
from loopwatch_processor.notify.storm_page import StormPage, storm_headline
from loopwatch_processor.schedule import is_due

_STORMS_MAX = 64
"""Environments whose newest incidents are counted; senders choose their names."""
_FORGOTTEN = "an incident that loopwatch does not know any more"


class Writer(Protocol):
    """Puts what is to be told into the words of one channel; each payload holds its `dedup_key`."""

    @property
    def says_every_update(self) -> bool:
        """Whether changes that make nothing worse are told."""

    def trigger(self, incident: Snapshot) -> Mapping[str, Any]:
        """That *incident* is open, and how it stands."""

    def storm(self, storm: StormPage) -> Mapping[str, Any]:
        """That *storm* is on, and how it stands."""

    def close(self, action: Action, dedup_key: str, headline: str) -> Mapping[str, Any] | None:
        """That a page is acknowledged or resolved; None where the channel has no word for it."""


@dataclass(slots=True)
class _Page:
    """One page at the receiver."""

    incident_id: str
    dedup_key: str
    incident: Snapshot | None = None
    """How it stands now; None for the page of a storm."""
    ordinal: int = 0
    """Messages so far."""
    due_s: float = float("-inf")
    """When the newest of them was to be sent."""
    acknowledged: bool = False


class Ledger:
    """The pages of *receiver*: of incidents, and of storms."""

    def __init__(self, receiver: Receiver, writer: Writer, pace: Pace) -> None:
        self.receiver = receiver
        self._writer = writer
        self._pace = pace
        self._pages: dict[str, _Page] = {}
        self._storms: dict[str, Storm] = {}

    def tell(self, change: Change, wanted: bool) -> list[Message]:
        """What to say about *change*; where an incident is not *wanted*, no page is begun for it."""
        incident, at_s = change.incident, change.at_s
        # A burst of updates costs one page: what waits to be sent is written anew when it is (see `fresh`).
        page, storm = self._pages.get(incident.id), self._storms.get(incident.identity.environment)
        joined = storm if storm is not None and incident.id in storm.members else None
        if page is not None:
            page.incident = incident
        if change.kind is ChangeKind.RESOLVED:
            return self._leave(joined, incident, at_s) if joined is not None else self._resolve(page, incident, at_s)
        if incident.muted:
            return self._mute(page, incident, at_s)
        if joined is not None:
            return self._join(joined, incident, at_s)
        if page is not None:
            return self._say_more(page, change)
        return self._begin(incident, at_s) if wanted else []

    def fresh(self, message: Message, now_s: float) -> Message:
        """*message*, which is sent at *now_s*, as it would be written then; as it is where its page is over."""
        page = self._pages.get(message.incident_id)
        if page is None or message.action is not Action.TRIGGER:
            return message
        # It tells all that there is: what changes from here on needs a message of its own.
        page.due_s = now_s
        if page.incident is not None:
            return replace(message, payload=self._writer.trigger(page.incident))
        storms = (storm for storm in self._storms.values() if storm.id == page.incident_id and storm.members)
        storm = next(storms, None)
        return message if storm is None else replace(message, payload=self._writer.storm(storm.page()))

    def restore(
        self, incidents: Sequence[Snapshot], wanted: Collection[str], told: Iterable[Message], now_s: float
    ) -> list[Message]:
        """Go on after a restart. *incidents* are all open ones, *wanted* the ids of those that this receiver should
        know of, *told* the messages to it that no resolve follows. Returns what closes the pages that nobody would
        close any more."""
        # Where the journal could not be read at the start, this comes when pages of this process are open already.
        own = set(self._pages)
        for message in sorted(told, key=lambda message: message.ordinal):
            if message.incident_id in own:
                continue
            page = self._pages.setdefault(message.incident_id, _Page(message.incident_id, message.dedup_key))
            page.ordinal, page.due_s = message.ordinal + 1, min(message.due_s, now_s)
            page.acknowledged = message.action is Action.ACKNOWLEDGE
        for incident in incidents:
            if incident.id in self._pages and incident.id not in own:
                self._pages[incident.id].incident = incident
        for environment in {incident.identity.environment for incident in incidents} - self._storms.keys():
            here = [incident for incident in incidents if incident.identity.environment == environment]
            self._restore_storm(environment, [item for item in here if item.id in self._pages or item.id in wanted])
        return self._close_forgotten({incident.id for incident in incidents} | own, now_s)

    def _begin(self, incident: Snapshot, at_s: float) -> list[Message]:
        storm = self._storm(incident.identity.environment, at_s)
        if storm.begin(at_s):
            return self._join(storm, incident, at_s)
        page = self._pages[incident.id] = _Page(incident.id, incident.identity.dedup_key, incident)
        return self._trigger(page, incident, at_s, at_s)

    def _say_more(self, page: _Page, change: Change) -> list[Message]:
        if change.kind is ChangeKind.UPDATED and not page.acknowledged:
            due_s = self._update_due_s(page, change.at_s)
            return [] if due_s is None else self._trigger(page, change.incident, change.at_s, due_s)
        return self._trigger(page, change.incident, change.at_s, change.at_s)

    def _trigger(self, page: _Page, incident: Snapshot, at_s: float, due_s: float) -> list[Message]:
        payload = self._writer.trigger(incident)
        page.acknowledged = False
        return self._send(page, Action.TRIGGER, payload, at_s, due_s, incident.severity.label, page.ordinal)

    def _mute(self, page: _Page | None, incident: Snapshot, at_s: float) -> list[Message]:
        if page is None or page.acknowledged:
            return []
        page.acknowledged = True
        payload = self._writer.close(Action.ACKNOWLEDGE, page.dedup_key, headline(incident))
        return self._send(page, Action.ACKNOWLEDGE, payload, at_s, at_s, page.ordinal)

    def _resolve(self, page: _Page | None, incident: Snapshot, at_s: float) -> list[Message]:
        return [] if page is None else self._close(page, headline(incident), at_s)

    def _join(self, storm: Storm, incident: Snapshot, at_s: float) -> list[Message]:
        storm.put(incident)
        return self._say_storm(storm, at_s, at_once=storm.is_worse(incident.severity))

    def _leave(self, storm: Storm, incident: Snapshot, at_s: float) -> list[Message]:
        if len(storm.members) > 1:
            del storm.members[incident.id]
            return self._say_storm(storm, at_s)
        what = storm_headline(storm.page())
        del storm.members[incident.id]
        return self._close(self._storm_page(storm), what, at_s)

    def _say_storm(self, storm: Storm, at_s: float, at_once: bool = False) -> list[Message]:
        page = self._storm_page(storm)
        due_s = at_s if at_once else self._update_due_s(page, at_s)
        if due_s is None:
            return []
        seen = storm.page()
        payload = self._writer.storm(seen)
        return self._send(page, Action.TRIGGER, payload, at_s, due_s, seen.severity.label, page.ordinal)

    def _update_due_s(self, page: _Page, at_s: float) -> float | None:
        """When an update may be sent; None where one waits already, or where the channel wants none."""
        after_s = self._pace.update_after_s
        if not self._writer.says_every_update or not is_due(page.due_s, at_s, after_s):
            return None
        return max(at_s, min(page.due_s, at_s) + after_s)

    def _close(self, page: _Page, what: str, at_s: float) -> list[Message]:
        self._pages.pop(page.incident_id, None)
        payload = self._writer.close(Action.RESOLVE, page.dedup_key, what)
        return self._send(page, Action.RESOLVE, payload, at_s, at_s)

    def _send(
        self,
        page: _Page,
        action: Action,
        payload: Mapping[str, Any] | None,
        at_s: float,
        due_s: float,
        *told: str | int,
    ) -> list[Message]:
        if payload is None:
            return []
        channel, target = self.receiver.channel, self.receiver.target
        id_ = message_id(page.incident_id, channel, target, action, *told)
        message = Message(id_, channel, target, page.incident_id, page.ordinal, action, payload, at_s, due_s)
        page.ordinal, page.due_s = page.ordinal + 1, due_s
        return [message]

    def _storm(self, environment: str, at_s: float) -> Storm:
        if environment not in self._storms and len(self._storms) >= _STORMS_MAX:
            self._storms = {name: storm for name, storm in self._storms.items() if not storm.is_over(at_s)}
        return self._storms.setdefault(environment, Storm(environment, self._pace))

    def _storm_page(self, storm: Storm) -> _Page:
        return self._pages.setdefault(storm.id, _Page(storm.id, storm.dedup_key))

    def _restore_storm(self, environment: str, incidents: Sequence[Snapshot]) -> None:
        """An open incident without a page of its own is in the storm, where one is on."""
        storm = Storm(environment, self._pace)
        pages = (page for page in self._pages.values() if page.incident_id.startswith(PREFIX))
        id_ = next((page.incident_id for page in pages if page.dedup_key == storm.dedup_key), "")
        inside = [item for item in incidents if id_ and item.id not in self._pages and not item.muted]
        known = [*inside, *(item for item in incidents if item.id in self._pages)]
        storm.restore(id_, inside, (item.opened_s for item in known))
        self._storms[environment] = storm

    def _close_forgotten(self, open_ids: set[str], now_s: float) -> list[Message]:
        on = {storm.id for storm in self._storms.values() if storm.members}
        living = {page.dedup_key for page in self._pages.values() if page.incident_id in open_ids | on}
        forgotten = [page for page in self._pages.values() if page.incident_id not in open_ids | on]
        for page in forgotten:
            del self._pages[page.incident_id]
        return [
            message
            for page in forgotten
            if page.dedup_key not in living
            for message in self._close(page, _FORGOTTEN, now_s)
        ]
