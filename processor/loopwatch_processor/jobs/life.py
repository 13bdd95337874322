"""`Life`: where a job is, after all that was said of it, in whatever order that came and however often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loopwatch_processor.jobs.transition import REPORTED, Status, Transition

_RANK = {Status.QUEUED: 0, Status.EXECUTING: 1, Status.FAILED: 2, Status.COMPLETED: 3}


@dataclass(frozen=True, slots=True)
class Life:
    """What a set of transitions comes to."""

    last: Transition
    """The one that it stands at."""
    submitted_ns: int
    """When it was queued first, else the first that is known of it."""
    executing_ns: int | None
    """When the newest try began."""
    ended_ns: int | None
    """When a worker said that it ended; None while it goes on."""
    illegal: frozenset[Transition] = field(default_factory=frozenset)
    """What cannot have happened after what happened before."""

    @property
    def status(self) -> Status:
        """Where it is, without what a watchdog says."""
        return self.last.status


def live(transitions: Iterable[Transition]) -> Life:
    """The life that *transitions* of one job, at least one of them, tell.

    Clocks of two machines differ, so the submitter's word comes first within a try, whatever it says of the time;
    the words of workers are in order of their times.
    """
    ordered = sorted(transitions, key=_place)
    legal = _legal(ordered)
    last = legal[-1]
    submitted = [item.at_ns for item in ordered if item.status is Status.QUEUED] or [item.at_ns for item in ordered]
    executing = [item.at_ns for item in legal if item.status is Status.EXECUTING]
    return Life(
        last=last,
        submitted_ns=min(submitted),
        executing_ns=executing[-1] if executing else None,
        ended_ns=last.at_ns if last.status in REPORTED else None,
        illegal=frozenset(ordered) - frozenset(legal) - frozenset(_repeated(ordered, legal)),
    )


def _place(item: Transition) -> tuple[int, bool, int, int, str]:
    return item.attempt, item.status is not Status.QUEUED, item.at_ns, _RANK[item.status], item.stop_reason


def _legal(ordered: Sequence[Transition]) -> list[Transition]:
    """Those that change something and may."""
    legal: list[Transition] = []
    for item in ordered:
        before = legal[-1] if legal else None
        if before is None or _follows(item, before):
            legal.append(item)
    return legal


def _follows(item: Transition, before: Transition) -> bool:
    match before.status:
        case Status.QUEUED:
            return item.status is not Status.QUEUED or item.attempt > before.attempt
        case Status.EXECUTING:
            # Executing again: its queue gave it to another worker, which is when its time begins anew.
            return item.status is not Status.QUEUED or item.attempt > before.attempt
        case Status.FAILED:
            return item.attempt > before.attempt or item.status is Status.EXECUTING
        case _:
            return False


def _repeated(ordered: Sequence[Transition], legal: Sequence[Transition]) -> list[Transition]:
    """What only says once more what is known: two emitters tell of the same queue."""
    known = {(item.status, item.attempt) for item in legal if item.status is not Status.EXECUTING}
    return [item for item in ordered if (item.status, item.attempt) in known]
