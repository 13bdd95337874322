"""What the detectors find in labelled sessions, against what people said of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from loopwatch_processor.corpus import Labelled, requests
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.pipeline import Pipeline

JUDGED = frozenset({"loop", "progress"})
"""The detectors that the label `loop` is about."""
LONG_TOOL_CALLS = 6
"""The length control of the reference study: flag whatever has so many tool calls."""
EXACT_REPEATS = 3
_Z = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One session: what was expected, and the first finding of each severity that counts."""

    session: Labelled
    findings: tuple[tuple[int, RaisedFinding], ...]
    """(index of the step that raised it, finding), of the judged detectors, in order."""

    def first(self, severity: Severity) -> tuple[int, RaisedFinding] | None:
        """The first finding at least as severe as *severity*."""
        return next((item for item in self.findings if item[1].finding.severity >= severity), None)


@dataclass(frozen=True, slots=True)
class Figures:
    """How one rule did on the labelled sessions of one file."""

    loops: int
    oks: int
    tp: int
    fp: int

    @property
    def fn(self) -> int:
        return self.loops - self.tp

    @property
    def precision(self) -> float | None:
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        return _share(self.tp, self.loops)

    @property
    def f1(self) -> float | None:
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share; None of nothing.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).
    """
    if n == 0:
        return None
    share, z2 = hits / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def evaluate(session: Labelled, build: Callable[[], Pipeline], *, sketches: bool = False) -> Outcome:
    """Feed *session* step by step to a new pipeline of *build*, exactly as the service would."""
    pipeline = build()
    found: list[tuple[int, RaisedFinding]] = []
    for index, body, now in requests(session, sketches=sketches):
        pipeline.tick(now)
        raised = pipeline.feed_traces(body, now).raised
        found.extend((index, item) for item in raised if item.finding.detector in JUDGED)
    return Outcome(session, tuple(found))


def figures(sessions: Iterable[Labelled], is_flagged: Callable[[Labelled], bool]) -> Figures:
    """How *is_flagged* does on those of *sessions* that have a label."""
    counts = {("loop", True): 0, ("loop", False): 0, ("ok", True): 0, ("ok", False): 0}
    for session in sessions:
        if session.expected:
            counts[session.expected, is_flagged(session)] += 1
    tp, fp = counts["loop", True], counts["ok", True]
    return Figures(tp + counts["loop", False], fp + counts["ok", False], tp, fp)


def at_level(outcomes: Sequence[Outcome], severity: Severity) -> Figures:
    """How the detectors do when findings at least as severe as *severity* count."""
    flagged = {id(outcome.session) for outcome in outcomes if outcome.first(severity) is not None}
    return figures((outcome.session for outcome in outcomes), lambda session: id(session) in flagged)


def delays(outcomes: Iterable[Outcome], severity: Severity) -> list[int]:
    """Tool calls from the onset of each loop to its finding, where somebody said when it began."""
    found = []
    for outcome in outcomes:
        first, onset = outcome.first(severity), outcome.session.onset
        if first is not None and onset is not None and outcome.session.expected == "loop":
            between = outcome.session.steps[onset + 1 : first[0] + 1] if first[0] > onset else ()
            found.append(sum(1 for step in between if step["kind"] == "tool"))
    return sorted(found)


def is_long(session: Labelled) -> bool:
    """The length control: a session with `LONG_TOOL_CALLS` tool calls or more."""
    return sum(1 for step in session.steps if step["kind"] == "tool") >= LONG_TOOL_CALLS


def repeats_exactly(session: Labelled) -> bool:
    """The rule that most frameworks ship: the same call with the same arguments `EXACT_REPEATS` times in a row."""
    row, last = 0, b""
    for step in session.steps:
        if step["kind"] != "tool":
            continue
        call = orjson.dumps([step.get("name"), step.get("arguments")], option=orjson.OPT_SORT_KEYS)
        row, last = (row + 1 if call == last else 1), call
        if row >= EXACT_REPEATS:
            return True
    return False


def controls(outcomes: Sequence[Outcome]) -> Mapping[str, Figures]:
    """What rules without skill reach on the same sessions."""
    on = partial(figures, [outcome.session for outcome in outcomes])
    return {
        f"{LONG_TOOL_CALLS} tool calls or more": on(is_long),
        f"exact repeat ×{EXACT_REPEATS}": on(repeats_exactly),
    }


def as_dict(name: str, severity: Severity, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one file at one level as plain data."""
    reached = at_level(outcomes, severity)
    return {
        "file": name,
        "severity": severity.label,
        "n": reached.loops + reached.oks,
        "tp": reached.tp,
        "fp": reached.fp,
        "fn": reached.fn,
        "precision": _rounded(reached.precision),
        "recall": _rounded(reached.recall),
        "f1": _rounded(reached.f1),
        "detail": [_detail(outcome, severity) for outcome in outcomes],
    }


def _detail(outcome: Outcome, severity: Severity) -> dict[str, Any]:
    first = outcome.first(severity)
    finding = first[1].finding if first is not None else None
    return {
        "id": outcome.session.id,
        "expected": outcome.session.expected or None,
        "fired": first is not None,
        "severity": finding.severity.label if finding is not None else None,
        "step": first[0] if first is not None else None,
        "pattern": f"{finding.detector}/{finding.pattern}" if finding is not None else None,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
