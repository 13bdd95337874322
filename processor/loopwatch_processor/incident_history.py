"""What incidents leave behind: those resolved lately, and names that agents turned out to have."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.incident import Identity, Snapshot
from loopwatch_processor.open_incident import OpenIncident


class IncidentHistory:
    """Remembers for *keep_s*, at most *size* incidents."""

    def __init__(self, keep_s: float, size: int) -> None:
        self._keep_s = keep_s
        self._size = size
        self._over: OrderedDict[Identity, Snapshot] = OrderedDict()
        """The longest resolved first."""
        self._named: dict[Identity, Identity] = {}
        """By the identity with the agent's name: the one without, under which its incident was opened."""

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._over.values())

    def add(self, resolved: Snapshot) -> None:
        """Remember *resolved*."""
        self._over.pop(resolved.identity, None)
        self._over[resolved.identity] = resolved

    def take(self, identity: Identity) -> Snapshot | None:
        """The last life of *identity*, which begins another one."""
        return self._over.pop(identity, None)

    def name(self, incident: OpenIncident, agent: str) -> None:
        """*incident*, opened without a name, turned out to be about *agent*."""
        incident.known_as = agent
        self._named[replace(incident.identity, agent=agent)] = incident.identity

    def identity_of(self, raised: RaisedFinding) -> Identity:
        """Of the incident that *raised* leads, or belongs to."""
        identity = Identity(raised.environment, raised.service, raised.agent, raised.finding.detector)
        return self._named.get(identity, identity)

    def forget(self, now: float) -> None:
        """Drop what was resolved long ago, or is too much."""
        while self._over:
            oldest = next(iter(self._over.values()))
            if now - (oldest.resolved_s or 0.0) <= self._keep_s and len(self._over) <= self._size:
                return
            del self._over[oldest.identity]
            if oldest.known_as:
                self._named.pop(replace(oldest.identity, agent=oldest.known_as), None)
