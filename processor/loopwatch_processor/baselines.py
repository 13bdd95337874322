"""What is usual for an agent: steps and duration of the runs that ended lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwatch_processor.bounds import Counts
from loopwatch_processor.quantiles import BUCKETS, QuantileSketch, merged
from loopwatch_processor.run import Run
from loopwatch_processor.session import Session

MAX_DAYS = 7
MAX_PEERS = 200
"""Groups of agents that are told apart; beyond it agents share one."""
QUANTILE = 0.99
_DAY_S = 86_400
_GROWTH = 1.01
"""A norm is computed anew when so many more runs have ended: fewer hardly move it."""

Peers = tuple[str, str, str]
"""Type, service and agent: those whose runs are alike."""
OTHERS: Peers = ("other", "", "")
"""All beyond `MAX_PEERS` together."""


def peers_of(session: Session, run: Run) -> Peers:
    """Whose runs *run* is held against: those of its type, which its user declared to be alike; without a type only
    the same agent's in its service, as two agents that nobody described have nothing in common."""
    if session.agent_type:
        return session.agent_type, "", ""
    return "", session.service, run.agent or session.agent


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual among peers."""

    runs: int = 0
    """How many ended."""
    steps: float = 0.0
    """The 99th percentile of their steps."""
    duration_s: float = 0.0
    """The 99th percentile of their durations."""


_NOTHING_KNOWN = Norm()


@dataclass(slots=True)
class _Day:
    """The runs of one day."""

    steps: QuantileSketch = field(default_factory=QuantileSketch)
    duration_s: QuantileSketch = field(default_factory=QuantileSketch)


@dataclass(slots=True)
class _Group:
    """The runs of some peers."""

    days: dict[int, _Day] = field(default_factory=dict)
    runs: int = 0
    """In all of these days."""
    norms: dict[int, tuple[int, Norm]] = field(default_factory=dict)
    """What was computed, by how many days it looked back, each with `runs` at that time."""

    def keep_after(self, day: int) -> None:
        """Forget *day* and those before it."""
        self.days = {each: runs for each, runs in self.days.items() if each > day}
        self.runs = sum(each.steps.count for each in self.days.values())
        self.norms.clear()

    def norm(self, first_day: int, days: int) -> Norm:
        computed_at, norm = self.norms.get(days, (0, _NOTHING_KNOWN))
        if self.runs >= computed_at * _GROWTH:
            recent = [each for day, each in self.days.items() if day >= first_day]
            steps = merged(each.steps for each in recent)
            duration_s = merged(each.duration_s for each in recent)
            norm = Norm(steps.count, steps.quantile(QUANTILE), duration_s.quantile(QUANTILE))
            self.norms[days] = (self.runs, norm)
        return norm


class Baselines:
    """For each group of peers a pair of sketches a day, for a week; days are those of UTC.

    One run in a hundred may be as extreme as it likes without moving the 99th percentile.
    """

    def __init__(self, counts: Counts | None = None) -> None:
        self._counts = counts or Counts()
        self._today = 0
        self._groups: dict[Peers, _Group] = {}

    def pass_time(self, now: float) -> None:
        """It is *now* (Unix time): what is a week past is forgotten."""
        today = int(now // _DAY_S)
        if today == self._today:
            return
        self._today = today
        for peers, group in list(self._groups.items()):
            group.keep_after(today - MAX_DAYS)
            if not group.days:
                del self._groups[peers]

    def learn(self, peers: Peers, run: Run) -> None:
        """*run* of one of *peers* ended."""
        group = self._group(peers)
        day = group.days.setdefault(self._today, _Day())
        day.steps.add(run.totals.steps)
        day.duration_s.add(run.duration_s)
        group.runs += 1

    def norm(self, peers: Peers, days: int = MAX_DAYS) -> Norm:
        """What was usual among *peers* in the last *days* days, today included."""
        group = self._groups.get(peers)
        if group is None and len(self._groups) >= MAX_PEERS:
            group = self._groups.get(OTHERS)
        return group.norm(self._today - days + 1, days) if group is not None else _NOTHING_KNOWN

    def _group(self, peers: Peers) -> _Group:
        if peers not in self._groups and len(self._groups) >= MAX_PEERS:
            self._counts.forgotten["baselines"] += 1
            peers = OTHERS
        return self._groups.setdefault(peers, _Group())

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the journal, of some ten kilobytes a group at most."""
        return {
            "groups": [
                {"peers": list(peers), "days": {str(day): _day_as_dict(runs) for day, runs in group.days.items()}}
                for peers, group in self._groups.items()
            ]
        }

    def restore(self, data: Mapping[str, Any], now: float) -> None:
        """Take over what `as_dict` gave out before a restart, as far as it is not past *now*.

        Raises:
            ValueError: *data* is not what `as_dict` writes; nothing was taken over.
        """
        try:
            groups = {_peers(item["peers"]): _group_of(item["days"]) for item in data["groups"]}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"these are no baselines: {error!r}") from error
        self._groups = groups
        self._today = 0
        self.pass_time(now)


def _day_as_dict(runs: _Day) -> dict[str, dict[str, int]]:
    return {
        "steps": {str(bucket): count for bucket, count in runs.steps.buckets.items()},
        "duration_s": {str(bucket): count for bucket, count in runs.duration_s.buckets.items()},
    }


def _peers(data: list[str]) -> Peers:
    agent_type, service, agent = data
    return agent_type, service, agent


def _group_of(days: Mapping[str, Mapping[str, Any]]) -> _Group:
    group = _Group({int(day): _Day(_sketch(runs["steps"]), _sketch(runs["duration_s"])) for day, runs in days.items()})
    group.runs = sum(each.steps.count for each in group.days.values())
    return group


def _sketch(buckets: Mapping[str, int]) -> QuantileSketch:
    sketch = QuantileSketch({int(bucket): int(count) for bucket, count in buckets.items()})
    if not sketch.buckets.keys() <= set(BUCKETS) or min(sketch.buckets.values(), default=1) < 1:
        raise ValueError("a bucket that there cannot be")
    return sketch
