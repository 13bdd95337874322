"""What agents report of the state of their work, in order, and what it tells. See docs/detectors/progress.md."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from loopwatch_processor.session import Place
from loopwatch_processor.step import Step

MAX_REPORTS: Final = 64
"""Remembered of one agent in one run."""
_MAX_AGENTS: Final = 64
"""Remembered of one run; their names come from spans."""
_EQUAL: Final = 1e-9
"""Two scores this close are one: sums of floating-point numbers."""
_END_NS: Final = attrgetter("end_ns")


@dataclass(frozen=True, slots=True)
class Report:
    """What one step said about the state of the work; what it did is not kept."""

    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    state: str
    score: float | None
    """The progress score; None where there is none, or where it is none: off its scale of 0 to 1."""
    polls: bool
    """Of a call whose purpose is to be made again and again."""
    ordinal: int
    """Of the step in its session, from 1; 0 where it is not known any more."""
    turn: str
    """Span id of the agent span that it belongs to; "" while none has come."""

    def follows(self, earlier: Report) -> bool:
        """Whether its step began when that of *earlier* had ended; what goes on side by side is one step forward."""
        return self.start_ns >= earlier.end_ns


def report_of(step: Step, place: Place) -> Report | None:
    """What *step*, counted at *place*, reports; None where it says nothing of the state of the work."""
    score = step.progress if step.progress is not None and 0 <= step.progress <= 1 else None
    if score is None and not step.state_hash:
        return None
    return Report(
        step.span_id,
        step.parent_id,
        step.start_ns,
        step.end_ns,
        step.state_hash,
        score,
        step.tool is not None and step.tool.polling,
        place.step_index if place.before is None else 0,
        place.turn,
    )


@dataclass(slots=True)
class Reports:
    """Reports of one run, those of each agent by end time."""

    agents: OrderedDict[str, list[Report]] = field(default_factory=OrderedDict)

    def of(self, agent: str) -> Sequence[Report]:
        return self.agents.get(agent, ())

    def add(self, report: Report, agent: str) -> Sequence[Report]:
        """Put *report*, which may have been known under another name or turn, where it belongs."""
        self.forget(report.span_id)
        reports = self.agents.setdefault(agent, [])
        self.agents.move_to_end(agent)
        insort(reports, report, key=_END_NS)
        del reports[:-MAX_REPORTS]
        if len(self.agents) > _MAX_AGENTS:
            self.agents.popitem(last=False)
        return reports

    def forget(self, span_id: str) -> None:
        """Forget what the span *span_id* reported."""
        for reports in self.agents.values():
            reports[:] = [known for known in reports if known.span_id != span_id]


def standing_reports(reports: Iterable[Report]) -> Sequence[Report]:
    """The newest of *reports* (of one agent, by end time) since the state or the score changed last.

    The first of them is the one that it was changed with. Each is held against what was said last of the same thing:
    an agent may tell its state here and its score there. A score of 1 is the goal: who is there cannot stand still.
    """
    state, score, standing = "", None, list[Report]()
    for report in reports:
        both_states, both_scores = state and report.state, score is not None and report.score is not None
        changes = (both_states and state != report.state) or (both_scores and _differ(score, report.score))
        if changes or not (both_states or both_scores):
            standing = [report]
        elif report.follows(standing[-1]) and not report.polls:
            standing.append(report)
        state = report.state or state
        score = report.score if report.score is not None else score
    return [] if any(report.score is not None and report.score >= 1 - _EQUAL for report in standing) else standing


def falling_scores(reports: Sequence[Report], back: int, ratio: float) -> Sequence[tuple[Report, float]]:
    """The last scores of *reports*, from *back* of them before the newest, where they fall; else nothing.

    They fall where the newest two are by *ratio* or more below the oldest two, and not climbing: one bad report is
    how search works, and one good one proves nothing.
    """
    scored = scored_reports(reports)[-1 - back :]
    if len(scored) <= back:
        return ()
    before, next_before, *_, previous, now = (score for _, score in scored)
    falls = max(previous, now) <= min(before, next_before) - ratio + _EQUAL and now <= previous + _EQUAL
    return scored if falls else ()


def scored_reports(reports: Sequence[Report]) -> Sequence[tuple[Report, float]]:
    """Those of *reports* with a score that tell how the newest turn went, one after the other.

    Scores of two turns measure two tasks. While turns are open they are told apart by the span right above, where
    calls below several take turns.
    """
    scored = [(report, report.score) for report in reports if report.score is not None]
    newest = scored[-1][0] if scored else None
    if newest is None:
        return []
    scored = [item for item in scored if item[0].turn == newest.turn]
    if _take_turns(report.parent_id for report, _ in scored):
        scored = [item for item in scored if item[0].parent_id == newest.parent_id]
    kept = scored[:1]
    for item in scored[1:]:
        if item[0].follows(kept[-1][0]):
            kept.append(item)
    return kept


def _take_turns(parents: Iterable[str]) -> bool:
    """Whether one of *parents* comes back after another one."""
    rows = [parent for parent, _ in groupby(parents)]
    return len(rows) > len(set(rows))


def _differ(now: float | None, before: float | None) -> bool:
    return now is not None and before is not None and abs(now - before) > _EQUAL
