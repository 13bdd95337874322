"""Findings in, changes of incidents out: when one opens, escalates, and is over. See docs/incidents.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from loopwatch_processor.bounds import Counts
from loopwatch_processor.finding import RaisedFinding, Severity, hold_of
from loopwatch_processor.incident import Change, ChangeKind, Identity, Snapshot, Told
from loopwatch_processor.incident_history import IncidentHistory
from loopwatch_processor.incident_members import IncidentLimits, Mark
from loopwatch_processor.incident_series import CEASED_S, IncidentSeries, Labels
from loopwatch_processor.open_incident import OpenIncident, id_of, restored
from loopwatch_processor.schedule import NEVER, Schedule

__all__ = ["IncidentLimits", "Incidents"]


class Incidents:
    """The only owner of open incidents. No I/O and no clock: the same calls make the same incidents everywhere."""

    def __init__(self, limits: IncidentLimits | None = None, counts: Counts | None = None) -> None:
        self.limits = limits or IncidentLimits()
        self.counts = counts or Counts()
        """Where it is counted what was not opened, or forgotten."""
        self._open: dict[Identity, OpenIncident] = {}
        self._marks: dict[str, dict[Severity, Mark]] = {}
        """By session key: what it is inside of, at most one incident a severity."""
        self._holders: dict[tuple[str, str, str, str], str] = {}
        """By what lasts, the session in which it holds."""
        self._history = IncidentHistory(max(self.limits.reopen_s, CEASED_S), self.limits.max_open)
        self._schedule: Schedule[Mark | OpenIncident] = Schedule()
        self._series = IncidentSeries()
        self._pending: list[Change] = []
        """What has no request to go out with: the next tick takes it along."""
        self._is_muted: Callable[[Identity], bool] = lambda _identity: False
        self._now_s = 0.0
        self._least: Severity | None = None
        """None of the open incidents is less severe, as far as that was looked up since one became so."""

    def find(self, raised: RaisedFinding, now: float, *, run_over: bool = False) -> Change | None:
        """*raised* is new, or more severe than before; *run_over*: its run has ended already."""
        return self._take(raised, now, run_over=run_over, is_new=True)

    def see(self, raised: RaisedFinding, now: float, *, run_over: bool = False) -> Change | None:
        """*raised* was known and is given out again: its session is not over it."""
        return self._take(raised, now, run_over=run_over, is_new=False)

    def cleared(self, raised: RaisedFinding, now: float, truth: str = "") -> None:
        """What was found as *raised*, and lasts, is over; *truth* is the one sentence that says how it ended.

        A session leaves at once where nothing else was found in it; else as if this had never been. What is not known
        to hold, because its session has ended or since a restart, only gets its last sentence.
        """
        hold = hold_of(raised)
        marks = list(self._marks.get(self._holders.pop(hold, raised.session_key), {}).values())
        for identity in {self._history.identity_of(raised), *(mark.identity for mark in marks)}:
            if truth and identity in self._open:
                self._open[identity].retell(raised, truth)
        for mark in marks:
            mark.clear(hold, now)
            if mark.leaves_s(self.limits) <= now:
                self._leave(mark, now)
            else:
                self._schedule.put(mark, mark.leaves_s(self.limits))

    def holds(self, raised: RaisedFinding) -> bool:
        """Whether *raised*, which lasts, keeps its session inside an incident."""
        return hold_of(raised) in self._holders

    def run_ended(self, session_key: str, run_key: str, now: float, *, is_only: bool = False) -> None:
        """A run has ended: what was found in it leaves soon, unless it shows in a later run.

        *is_only*: its session has no other run.
        """
        for mark in self._marks.get(session_key, {}).values():
            mark.end_run(run_key, now, is_only=is_only)
            self._schedule.put(mark, mark.leaves_s(self.limits))

    def session_ended(self, session_key: str, now: float) -> None:
        """A session has ended, or was forgotten: it leaves at once."""
        for mark in list(self._marks.get(session_key, {}).values()):
            self._leave(mark, now)

    def moved(self, old: RaisedFinding, new: RaisedFinding, now: float) -> None:
        """What was found as *old* turned out to belong to the session, run or agent of *new*."""
        its = []
        for mark in self._marks.get(old.session_key, {}).values():
            incident = self._open[mark.identity]
            is_its = incident.is_about(old) and mark.severity <= old.finding.severity
            incident.rename(old, new)
            self._learn_name(incident, new)
            if is_its or old.session_key == new.session_key:
                mark.rename_run(old.run_key, new.run_key)
            its += [mark] if is_its else []
        if old.session_key != new.session_key:
            self._move(its, new.session_key, now)

    def tick(self, now: float) -> list[Change]:
        """Let time pass to *now*: who was silent for long leaves, and what nobody is inside of is resolved."""
        changes, self._pending = self._pending, []
        for item in self._schedule.due(now):
            if isinstance(item, OpenIncident):
                changes.extend(self._review(item, now))
            elif item.leaves_s(self.limits) <= now:
                self._leave(item, now)
            else:
                self._schedule.put(item, item.leaves_s(self.limits))
        self._series.forget(now)
        self._history.forget(now)
        self._now_s = now
        return changes

    def shift(self, by_s: float) -> None:
        """The clock went on *by_s* without anybody having listened: neither silence nor what is held passed by that."""
        for marks in self._marks.values():
            for mark in marks.values():
                mark.shift(by_s)
        for incident in self._open.values():
            incident.held_until_s += by_s
        self._schedule.shift(by_s)

    def close(self) -> list[Change]:
        """Nothing more comes: resolve everything, as if the time had passed for which it is held."""
        for session_key in list(self._marks):
            self.session_ended(session_key, self._now_s)
        return self.tick(max((incident.held_until_s for incident in self._open.values()), default=self._now_s))

    def restore(self, snapshots: Iterable[Snapshot], now: float) -> None:
        """Go on with what was open before a restart; what was resolved lately tells what opens again.

        Its sessions are inside as if they had been seen just now; nothing stands any more, because nobody will tell
        when a run of before has ended. What was muted is so until `mute` says otherwise.
        """
        known = sorted(snapshots, key=lambda item: item.resolved_s or item.opened_s)
        muted = {_named(item.identity, item.known_as) for item in known if item.is_open and item.muted}
        if muted:
            self._is_muted = muted.__contains__
        for snapshot in known:
            if not snapshot.is_open:
                self._history.add(snapshot)
                self._series.restore(snapshot)
            elif snapshot.identity not in self._open:
                self._restore(snapshot, now)
        self._history.forget(now)
        self._series.forget(now)
        self._now_s = now

    def mute(self, is_muted: Callable[[Identity], bool]) -> None:
        """From now on mark as muted what *is_muted* says; an open incident that it says another thing of is an update.

        The answers of the function that was given before must not have changed: see `Memory`.
        """
        before = {incident.id for incident in self.open() if incident.muted}
        self._is_muted = is_muted
        news = [incident for incident in self.open() if incident.muted != (incident.id in before)]
        self._pending.extend(Change(ChangeKind.UPDATED, incident, self._now_s) for incident in news)

    def open(self) -> list[Snapshot]:
        """The open incidents, the longest open first."""
        return [self._snapshot(incident) for incident in self._open.values()]

    def recent(self) -> list[Snapshot]:
        """Those resolved in the last 15 minutes, and the open ones."""
        return [*(over for over in self._history if self._now_s - (over.resolved_s or 0.0) <= CEASED_S), *self.open()]

    def series(self) -> Mapping[Labels, int]:
        """The gauge of open incidents: 1 while open, 0 for 15 minutes after it was resolved or changed its labels.

        A muted one is 0, so that the rules that read the gauge are mute as well.
        """
        return self._series.read(lambda identity: self._mutes(self._open[identity]))

    def ages_s(self) -> Mapping[Labels, float]:
        """How long each open incident has been open, by the labels of `series`; muted ones as well."""
        return {
            labels: max(0.0, self._now_s - self._open[identity].opened_s) for identity, labels in self._series.open()
        }

    def _take(self, raised: RaisedFinding, now: float, *, run_over: bool, is_new: bool) -> Change | None:
        severity, marks = raised.finding.severity, self._marks.get(raised.session_key) or {}
        own = marks.get(severity)
        if own is not None:
            incident = self._open[own.identity]
            own.see(raised, now, run_over=run_over)
            self._holders.update(dict.fromkeys(own.holds, own.session_key))
            self._schedule.put(own, own.leaves_s(self.limits))
            return self._told(incident, raised, now, is_news=False, is_new=is_new)
        covering = marks.get(min((above for above in marks if above > severity), default=severity))
        if covering is None:
            found = self._target(raised, marks)
            if found is None:
                return self._opened(raised, now, run_over=run_over, is_new=is_new)
        else:
            found = self._open[covering.identity]
            if not found.is_about(raised):
                return self._told(found, raised, now, is_news=False, is_new=is_new)
        joined = self._join(found, raised, now, run_over=run_over, is_new=is_new)
        return self._told(found, raised, now, is_news=joined, is_new=is_new)

    def _target(self, raised: RaisedFinding, marks: Mapping[Severity, Mark]) -> OpenIncident | None:
        """The open incident that *raised* joins, whose session is inside those of *marks*."""
        inside = (self._open[mark.identity] for mark in marks.values())
        mine = next((incident for incident in inside if incident.is_about(raised)), None)
        return mine or self._open.get(self._history.identity_of(raised))

    def _opened(self, raised: RaisedFinding, now: float, *, run_over: bool, is_new: bool) -> Change | None:
        if len(self._open) >= self.limits.max_open and not self._make_room(raised.finding.severity, now):
            self.counts.forgotten["incidents"] += 1
            return None
        identity = self._history.identity_of(raised)
        before = self._history.take(identity)
        incident = _begun(identity, Told.of(raised), now, before, self.limits.reopen_s)
        self._open[identity] = incident
        self._join(incident, raised, now, run_over=run_over, is_new=is_new)
        incident.spend(raised)
        return self._change(ChangeKind.OPENED, incident, now)

    def _join(self, incident: OpenIncident, raised: RaisedFinding, now: float, *, run_over: bool, is_new: bool) -> bool:
        mark = Mark(raised.session_key, raised.finding.severity, incident.identity, raised.run_key, now)
        mark.returned = not is_new
        mark.only_lasts = raised.finding.lasts
        mark.see(raised, now, run_over=run_over)
        return self._enter(incident, mark)

    def _enter(self, incident: OpenIncident, mark: Mark) -> bool:
        self._marks.setdefault(mark.session_key, {})[mark.severity] = mark
        self._holders.update(dict.fromkeys(mark.holds, mark.session_key))
        self._schedule.put(mark, mark.leaves_s(self.limits))
        return incident.join(mark)

    def _told(
        self, incident: OpenIncident, raised: RaisedFinding, now: float, *, is_news: bool, is_new: bool
    ) -> Change | None:
        """What *raised* changes about *incident*, which its session is inside of."""
        incident.spend(raised)
        self._learn_name(incident, raised)
        rises = raised.finding.severity > incident.severity
        if rises:
            incident.lead_with(Told.of(raised))
        elif is_new or is_news or incident.has_grown:
            is_news |= incident.note(Told.of(raised))
        if rises or incident.has_grown:
            return self._change(ChangeKind.ESCALATED, incident, now)
        return self._change(ChangeKind.UPDATED, incident, now) if is_news else None

    def _change(self, kind: ChangeKind, incident: OpenIncident, now: float) -> Change:
        if kind in (ChangeKind.OPENED, ChangeKind.ESCALATED):
            incident.tell(now, self.limits.hold_after(incident.reopened + incident.falls))
        self.counts.forgotten["incident_findings"] += incident.bound(self.limits.max_findings)
        incident.change(now)
        self._series.show(incident, now)
        return Change(kind, self._snapshot(incident), now)

    def _leave(self, mark: Mark, now: float) -> None:
        marks, incident = self._marks[mark.session_key], self._open[mark.identity]
        del marks[mark.severity]
        if not marks:
            del self._marks[mark.session_key]
        for hold in mark.holds:
            self._holders.pop(hold, None)
        self._schedule.drop(mark)
        self.counts.forgotten["incident_sessions"] += incident.leave(mark)
        self._schedule.put(incident, max(now, incident.held_until_s))

    def _move(self, marks: Iterable[Mark], session_key: str, now: float) -> None:
        """The session of *marks* is *session_key* in truth, which may be inside an incident of its own."""
        for mark in marks:
            self._leave(mark, now)
        entered = {}
        for mark in marks:
            known = self._marks.get(session_key, {}).get(mark.severity)
            if known is not None:
                known.holds.update(mark.holds)
                self._holders.update(dict.fromkeys(mark.holds, session_key))
            else:
                incident = entered[mark.identity] = self._open[mark.identity]
                incident.know_as(mark.session_key, session_key)
                self._enter(incident, replace(mark, session_key=session_key, due_s=NEVER))
        self._pending += [self._change(ChangeKind.UPDATED, incident, now) for incident in entered.values()]

    def _review(self, incident: OpenIncident, now: float) -> Iterable[Change]:
        """Resolve *incident* where nobody is inside, or let its severity fall to that of who still is."""
        live = incident.live_severity
        if live is incident.severity:
            return
        if now < incident.held_until_s:
            self._schedule.put(incident, incident.held_until_s)
        elif live is None:
            yield self._resolved(incident, now)
        else:
            incident.fall(live)
            self._least = None
            yield self._change(ChangeKind.UPDATED, incident, now)

    def _resolved(self, incident: OpenIncident, now: float) -> Change:
        self._schedule.drop(incident)
        del self._open[incident.identity]
        self._least = None
        self._series.cease(incident.identity, now)
        incident.change(now)
        snapshot = self._snapshot(incident, resolved_s=max(now, incident.opened_s))
        self._history.add(snapshot)
        return Change(ChangeKind.RESOLVED, snapshot, now)

    def _make_room(self, severity: Severity, now: float) -> bool:
        """Close the least severe incident for one of *severity*, if it is less severe."""
        if self._least is not None and self._least >= severity:
            return False
        least = min(self._open.values(), key=lambda item: item.severity)
        self._least = least.severity
        if least.severity >= severity:
            return False
        for mark in [mark for marks in least.marks.values() for mark in marks.values()]:
            self._leave(mark, now)
        self._pending.append(self._resolved(least, now))
        self.counts.forgotten["incidents"] += 1
        return True

    def _learn_name(self, incident: OpenIncident, raised: RaisedFinding) -> None:
        """The agent of *incident*, opened without a name, may turn out to be the one of *raised*."""
        if incident.identity.agent or incident.known_as or not raised.agent or not incident.is_about(raised):
            return
        if self._history.identity_of(raised) not in self._open:
            self._history.name(incident, raised.agent)

    def _restore(self, snapshot: Snapshot, now: float) -> None:
        incident = self._open[snapshot.identity] = restored(snapshot)
        if snapshot.known_as:
            self._history.name(incident, snapshot.known_as)
        for item in snapshot.members:
            if item.severity not in self._marks.get(item.session_key, {}):
                mark = Mark(item.session_key, item.severity, incident.identity, item.run_key, now, item.pace_s)
                mark.returned, mark.only_lasts = item.returned, item.only_lasts
                self._enter(incident, mark)
        self._schedule.put(incident, max(now, incident.held_until_s))
        self._series.show(incident, now)

    def _snapshot(self, incident: OpenIncident, resolved_s: float | None = None) -> Snapshot:
        return incident.snapshot(self.limits, muted=self._mutes(incident), resolved_s=resolved_s)

    def _mutes(self, incident: OpenIncident) -> bool:
        return self._is_muted(_named(incident.identity, incident.known_as))


def _named(identity: Identity, known_as: str) -> Identity:
    """*identity* as people know it, where the agent's name came late."""
    return identity if identity.agent else replace(identity, agent=known_as)


def _begun(identity: Identity, lead: Told, now: float, before: Snapshot | None, reopen_s: float) -> OpenIncident:
    """The incident that *lead* opens; *before* is the last life of its identity."""
    is_back = before is not None and now - (before.resolved_s or 0.0) <= reopen_s
    reopened = before.reopened + 1 if before is not None and is_back else 0
    own_id = id_of(identity, lead.at_ns)
    if before is not None and before.id == own_id:
        own_id = id_of(identity, lead.at_ns, reopened or 1)
    known_as = before.known_as if before is not None else ""
    return OpenIncident(own_id, identity, lead.severity, lead, now, now, now, reopened, known_as=known_as)
