"""What was done and spent, in one run or in a whole session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from loopwatch_processor import stop
from loopwatch_processor.attributes import once
from loopwatch_processor.kinds import CALLS, MODEL_CALL, TOOL_CALL
from loopwatch_processor.step import Limits, Step, Usage

NOTHING: Final[Mapping[str, Any]] = {}
"""What is remembered about most runs: a dictionary of its own would take 64 bytes."""
_ONE_ERROR: Final[dict[tuple[str, int], Mapping[str, int]]] = {}
"""What most that fail have, held once: a dictionary of its own takes 184 bytes."""
_ONE_ERROR_KINDS: Final = 1_024
_ONE_ERROR_COUNT: Final = 8
"""Beyond so many a count grows on, and few have the same: one loop would fill all places with counts of its own."""


@dataclass(slots=True)
class Totals:
    """What was done and spent; model calls carry the money, parents' totals only where no call below has any.

    Tokens are held each by itself: to add two `Usage` for every step took 1 µs of it.
    """

    steps: int = 0
    """Model calls and tool calls."""
    model_calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    """Calls with tokens but no known price: the cost is a lower bound while this is above 0."""
    errors: Mapping[str, int] | None = None
    """Failed calls by kind and class, such as "tool_call/timeout"; None while there are none, as in most sessions."""

    @property
    def usage(self) -> Usage:
        return Usage(
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """Input and output; the cached and reasoning ones are part of these."""
        return self.input_tokens + self.output_tokens

    def fail(self, what: str, count: int) -> None:
        errors = {**self.errors} if self.errors else {}
        what = once(what)
        failed = errors[what] = errors.get(what, 0) + count
        if failed == 0:
            del errors[what]
        self.errors = _shared(what, failed, errors) if failed and len(errors) == 1 else errors

    def absorb(self, other: Totals) -> None:
        """Add all that *other* counted."""
        self.steps += other.steps
        self.model_calls += other.model_calls
        self.tool_calls += other.tool_calls
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cache_read_tokens += other.cache_read_tokens
        self.cache_write_tokens += other.cache_write_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.cost_usd += other.cost_usd
        self.unpriced_calls += other.unpriced_calls
        for what, count in (other.errors or {}).items():
            self.fail(what, count)


def _shared(what: str, count: int, errors: Mapping[str, int]) -> Mapping[str, int]:
    """*errors*, which are *count* of *what* alone, as all hold them who have the same."""
    if count > _ONE_ERROR_COUNT:
        return errors
    known = _ONE_ERROR.get((what, count))
    if known is None and len(_ONE_ERROR) < _ONE_ERROR_KINDS:
        _ONE_ERROR[what, count] = errors
    return errors if known is None else known


def count(step: Step, holders: tuple[Totals, ...], sign: int = 1) -> None:
    """Add *step* to each of *holders*, or take it away with *sign* -1."""
    kind, usage, cost_usd = step.kind, step.usage, step.cost_usd
    for totals in holders:
        if kind is MODEL_CALL:
            totals.steps += sign
            totals.model_calls += sign
        elif kind is TOOL_CALL:
            totals.steps += sign
            totals.tool_calls += sign
        if usage is not None:
            totals.input_tokens += sign * usage.input_tokens
            totals.output_tokens += sign * usage.output_tokens
            if usage.cache_read_tokens or usage.cache_write_tokens or usage.reasoning_tokens:
                totals.cache_read_tokens += sign * usage.cache_read_tokens
                totals.cache_write_tokens += sign * usage.cache_write_tokens
                totals.reasoning_tokens += sign * usage.reasoning_tokens
            if cost_usd is None:
                totals.unpriced_calls += sign
        if cost_usd is not None:
            totals.cost_usd += sign * cost_usd
        if step.error is not None and kind in CALLS:
            totals.fail(f"{kind}/{step.error.tool_class}", sign)


@dataclass(slots=True)
class Run:
    """One activation of an agent: its root agent span, its job, or a root-less chain of calls."""

    key: str
    chained: bool = False
    """Made of root-less model calls, tied by their history."""
    agent: str = ""
    started_ns: int = 0
    ended_ns: int = 0
    members: int = 0
    """Steps of any kind that belong to it, its agent turns included."""
    totals: Totals = field(default_factory=Totals)
    limits: Limits | None = None
    root: Step | None = None
    """The span that makes up this run; it has arrived, so the run has ended."""
    expired: bool = False
    """Nothing was heard for long, so the run has ended."""
    last_step: Step | None = None
    last_model_call: Step | None = None
    told: bool = False
    """Its end has been given out by `Sessions.settled_runs`."""
    memo: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """One entry a detector: what it remembers about this run."""

    def add(self, step: Step) -> None:
        """Stretch the run over *step*, which its session has counted in `totals`."""
        self.members += 1
        start_ns, end_ns, kind = step.start_ns, step.end_ns, step.kind
        if start_ns < self.started_ns or not self.started_ns:
            self.started_ns = start_ns
        if end_ns > self.ended_ns:  # noqa: PLR1730 - several times cheaper than a call
            self.ended_ns = end_ns
        if step.limits is not None:
            self.limits = step.limits
        if kind is MODEL_CALL:
            last = self.last_model_call
            if last is None or end_ns >= last.end_ns:
                self.last_model_call = step
        elif kind is not TOOL_CALL:
            return
        last = self.last_step
        if last is None or end_ns >= last.end_ns:
            self.last_step = step

    def remove(self, step: Step) -> None:
        """Take *step* away again, because it belongs to another run; its session has in `totals`."""
        # By its ids: a trace packed apart from its session has steps of its own.
        self.members -= 1
        last, call = self.last_step, self.last_model_call
        if last is not None and last.span_id == step.span_id and last.trace_id == step.trace_id:
            self.last_step = None
        if call is not None and call.span_id == step.span_id and call.trace_id == step.trace_id:
            self.last_model_call = None

    def remember(self, name: str, item: Any) -> None:
        """Put *item* into `memo`."""
        self.memo = {**self.memo, name: item}

    def absorb(self, other: Run) -> None:
        """Take over all that *other* counted: both are one run."""
        self.members += other.members
        self.totals.absorb(other.totals)
        self.started_ns = min(self.started_ns or other.started_ns, other.started_ns or self.started_ns)
        self.ended_ns = max(self.ended_ns, other.ended_ns)
        self.limits = self.limits or other.limits
        self.last_step = self.last_step or other.last_step
        self.last_model_call = self.last_model_call or other.last_model_call

    @property
    def last_failed(self) -> Step | None:
        """The newest step, if it failed."""
        return self.last_step if self.last_step is not None and self.last_step.error is not None else None

    @property
    def stop_reason(self) -> str | None:
        """Why the run ended; None while it is not terminal."""
        if self.root is not None:
            return stop.of_ended(self.root, self.last_failed, self.last_model_call)
        return stop.of_idle(self.chained, self.last_failed, self.last_model_call) if self.expired else None

    def end(self, root: Step) -> None:
        """The span that makes up this run ended: the run is terminal."""
        self.root = root
        self.agent = root.agent or self.agent
        self.started_ns = min(self.started_ns or root.start_ns, root.start_ns)
        self.ended_ns = max(self.ended_ns, root.end_ns)

    @property
    def duration_s(self) -> float:
        """From the first start to the last end, by the spans' clock."""
        return max(0, self.ended_ns - self.started_ns) / 1e9
