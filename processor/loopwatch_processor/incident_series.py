"""The series of the gauge of open incidents."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Mapping

from loopwatch_processor.incident import Identity, Snapshot
from loopwatch_processor.open_incident import OpenIncident

CEASED_S = 900.0
"""How long a series that ceased is served as 0: many scrapes, also for a scraper that was away for minutes."""

Labels = tuple[str, str, str, str, str, str]
"""environment, service, agent, detector, pattern, severity."""


class IncidentSeries:
    """Which label combinations are open, and which ceased lately: each change of an incident's labels is seen."""

    def __init__(self) -> None:
        self._open: dict[Identity, Labels] = {}
        self._ceased: dict[Labels, float] = {}
        """Until when each is served."""

    def show(self, incident: OpenIncident, now: float) -> None:
        """*incident* is open, with the pattern and severity that it has now."""
        labels = _labels(incident)
        if self._open.get(incident.identity) != labels:
            self.cease(incident.identity, now)
            self._open[incident.identity] = labels
            self._ceased.pop(labels, None)

    def cease(self, identity: Identity, now: float) -> None:
        """What was shown of the incident of *identity* ceased *now*."""
        labels = self._open.pop(identity, None)
        if labels is not None:
            self._ceased.pop(labels, None)
            self._ceased[labels] = now + CEASED_S

    def open(self) -> ItemsView[Identity, Labels]:
        """What is shown of each open incident."""
        return self._open.items()

    def restore(self, over: Snapshot) -> None:
        """*over* was resolved before a restart, maybe unseen by any scraper."""
        self._ceased[_labels(over)] = (over.resolved_s or 0.0) + CEASED_S

    def forget(self, now: float) -> None:
        """Drop what ceased long ago."""
        while self._ceased and next(iter(self._ceased.values())) <= now:
            del self._ceased[next(iter(self._ceased))]

    def read(self, is_muted: Callable[[Identity], bool]) -> Mapping[Labels, int]:
        """Every series: 1 while it is open and not muted, 0 for a while after."""
        return dict.fromkeys(self._ceased, 0) | {
            labels: int(not is_muted(identity)) for identity, labels in self._open.items()
        }


def _labels(incident: OpenIncident | Snapshot) -> Labels:
    mine = incident.identity
    who = mine.environment, mine.service, mine.agent, mine.detector
    return *who, incident.lead.pattern, incident.severity.label
