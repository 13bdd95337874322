"""`Storm`: when so many incidents begin at once that one page has to stand for the rest of them."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.notify.storm_page import StormMember, StormPage, storm_key

PREFIX = "storm-"
_GROWTH = 5
"""So many times as large as when it was told: worth telling at once. The rule of incidents, too."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When further messages about one incident, and about many incidents, are held back."""

    update_after_s: float
    storm_incidents: int
    storm_window_s: float


class Storm:
    """The incidents of *environment* that one receiver was not told of by themselves, if there are any."""

    def __init__(self, environment: str, pace: Pace) -> None:
        self.environment = environment
        self.id = ""
        """Of the storm that is on, or was on last; in the place of an incident's."""
        self.members: dict[str, StormMember] = {}
        self._pace = pace
        self._began_s: deque[float] = deque(maxlen=pace.storm_incidents)
        self._joined = 0
        self._told = 0
        self._told_severity = 0

    @property
    def dedup_key(self) -> str:
        """The identity of its page."""
        return storm_key(self.environment)

    def begin(self, at_s: float) -> bool:
        """Note that an incident begins; whether it has to join because too many began within the window."""
        first_s = self._began_s[0] if len(self._began_s) == self._began_s.maxlen else float("-inf")
        self._began_s.append(at_s)
        return 0 <= at_s - first_s < self._pace.storm_window_s

    def is_over(self, at_s: float) -> bool:
        """Whether nothing of it is left to remember."""
        quiet = not self._began_s or at_s - self._began_s[-1] >= self._pace.storm_window_s
        return quiet and not self.members

    def put(self, incident: Snapshot) -> None:
        """Take *incident* in, or take note of how it stands now. The first one names the storm."""
        if not self.members:
            digest = hashlib.sha256(f"{self.dedup_key}\n{incident.id}".encode()).hexdigest()
            self.id = PREFIX + digest[:24]
            self._joined = self._told = self._told_severity = 0
        self._joined += incident.id not in self.members
        self.members[incident.id] = StormMember.of(incident)

    def is_worse(self, severity: Severity) -> bool:
        """Whether it is much worse, now that an incident of *severity* is inside, than when this was last so."""
        if severity <= self._told_severity and self._joined < _GROWTH * self._told:
            return False
        self._told, self._told_severity = self._joined, max(self._told_severity, severity)
        return True

    def page(self) -> StormPage:
        """What there is to tell."""
        return StormPage(self.environment, tuple(self.members.values()), self._joined)

    def restore(self, id_: str, members: Iterable[Snapshot], began_s: Iterable[float]) -> None:
        """Go on after a restart with the storm *id_* ("" where none is on) of *members*."""
        for incident in members:
            self.put(incident)
        self.id = id_
        self._began_s.extend(sorted(began_s))
        if self.members:
            self.is_worse(self.page().severity)
