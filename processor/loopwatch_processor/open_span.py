"""`OpenSpan`: a span that has not ended yet, as the process that it runs in tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.step import StepKind

Key = tuple[str, str]
"""Trace id and span id."""
What = tuple[str, str]
"""Detector and pattern."""
_SHUFFLED_NS = 300_000_000_000
"""What says an earlier time, by less than this, was overtaken on its way; by more, its clock was set back."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one record says of a span: that it began, is still open, or has ended."""

    trace_id: str
    span_id: str
    at_ns: int
    """When it was said, by the clock of the process."""
    kind: StepKind = StepKind.OTHER
    is_over: bool = False
    outcome: str = ""
    """How it ended, in the word of the process."""
    process: str = ""
    """Names one life of one process; "" where nothing does."""
    process_name: str = ""
    """The same for people: its host and number."""
    service: str = ""
    environment: str = ""
    agent: str = ""
    agent_type: str = ""
    session_id: str = ""
    model: str = ""
    tool: str = ""
    job_id: str = ""
    age_s: float | None = None
    """Since its start."""
    gap_s: float | None = None
    """Without content, since the start of the call while none came; None where nobody watches a stream."""
    chunks: int | None = None
    interval_s: float | None = None
    """Between two beats of the process."""

    @property
    def key(self) -> Key:
        return self.trace_id, self.span_id

    @property
    def worker(self) -> tuple[str, str, str]:
        """The process, among those of every service."""
        return self.environment, self.service, self.process

    def after(self, before: Said) -> Said:
        """This, with what only *before* said: names come early or late."""
        return replace(
            self,
            kind=before.kind if self.kind is StepKind.OTHER else self.kind,
            agent=self.agent or before.agent,
            agent_type=self.agent_type or before.agent_type,
            session_id=self.session_id or before.session_id,
            model=self.model or before.model,
            tool=self.tool or before.tool,
            job_id=self.job_id or before.job_id,
        )


SAID = tuple(item.name for item in fields(Said))
"""What is journalled of `Said`."""
_values = attrgetter(*SAID)


@dataclass(slots=True)
class Raised:
    """What was found in a span while it was open."""

    severity: Severity
    """The worst so far."""
    finding: RaisedFinding | None = None
    """None since a restart, until it is found again."""
    holds: bool = False
    """It is so now."""


@dataclass(slots=True, eq=False)
class OpenSpan:
    """Owned and changed by `OpenSpans`; times in seconds are of the clock of the caller, but for `heard_s`."""

    said: Said
    """The newest."""
    began_ns: int
    """By the clock of the process: its start, or the first that was heard of it."""
    heard_s: float = 0.0
    """Seconds that had been watched when it was heard of last; see `OpenSpans.watched_s`."""
    active_s: float = 0.0
    """The same for the last sign of work in an agent's span: a step of its trace that began, went on or ended."""
    is_live: bool = False
    """Some record of it came in time: what comes too late tells of the past."""
    is_late: bool = False
    """The newest record of it came late."""
    is_over: bool = False
    """Its end was said, or has arrived."""
    raised: dict[What, Raised] = field(default_factory=dict)

    @property
    def age_s(self) -> float:
        """From its start to when it was heard of last, by the clock of the process."""
        return max(0, self.said.at_ns - self.began_ns) / 1e9

    def hear(self, said: Said, watched_s: float, *, in_time: bool) -> None:
        """Take *said* in, which may be a repeated or a late one."""
        self.heard_s = watched_s
        self.is_live |= in_time
        self.is_late = not in_time
        since_ns = said.at_ns - self.said.at_ns
        if -_SHUFFLED_NS < since_ns <= 0:
            return
        self.said = said.after(self.said)
        self.began_ns = min(self.began_ns, began_ns(said)) if since_ns > 0 else began_ns(said)

    def has_told(self, finding: Finding) -> bool:
        """Whether *finding*, or a worse one of its kind, was raised while it was open."""
        raised = self.raised.get((finding.detector, finding.pattern))
        return raised is not None and raised.finding is not None and raised.severity >= finding.severity

    def row(self) -> tuple[Any, ...]:
        """Plain data for the journal: start, findings, and `SAID` in order. Thousands are written at a time."""
        raised = [[*what, raised.severity.label] for what, raised in self.raised.items()]
        return (self.began_ns, raised, *_values(self.said))

    @classmethod
    def of_row(cls, row: Sequence[Any], names: Sequence[str]) -> OpenSpan:
        """The reverse of `row`, whose values of `Said` are those of *names*.

        Raises KeyError, TypeError or ValueError where it is nothing of the kind.
        """
        began_ns, found, *values = row
        plain = dict(zip(names, values, strict=True))
        said = Said(**{**plain, "kind": StepKind(plain["kind"])})
        raised = {(detector, pattern): Raised(Severity[word.upper()]) for detector, pattern, word in found}
        return cls(said, int(began_ns), is_live=True, raised=raised)

    def holding(self) -> list[tuple[What, Raised]]:
        """What is wrong with it now."""
        return [(what, raised) for what, raised in self.raised.items() if raised.holds]


def began_ns(said: Said) -> int:
    """When the span of *said* began, by the clock of its process."""
    return said.at_ns - round((said.age_s or 0.0) * 1e9)
