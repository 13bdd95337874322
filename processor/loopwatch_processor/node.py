"""One span of a trace, and what the spans above say about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from loopwatch_processor.session import AgentKey
from loopwatch_processor.step import Step, StepKind

CALLS = (StepKind.MODEL_CALL, StepKind.TOOL_CALL)
_RUNS = (StepKind.AGENT_TURN, StepKind.JOB)
USAGE_BELOW = 1
COST_BELOW = 2


class Address(NamedTuple):
    """Where a step is counted."""

    session_key: str
    run_key: str
    agent_key: AgentKey
    turn: str = ""
    """Span id of the nearest agent span; "" where none has arrived."""
    chained: bool = False


class Counted(NamedTuple):
    """Where a step is counted now, and as what."""

    address: Address
    step: Step
    serial: int
    """Of the session: one that was forgotten and opened anew does not hold the step."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a span inherits from those above it that have arrived. All but `run` is final once it is known."""

    session_id: str = ""
    run: str = ""
    """The outermost agent or job span."""
    turn: str = ""
    """The nearest agent span."""
    agent: str = ""
    """Name of the nearest agent span that has one."""
    agent_span: str = ""
    caller: str = ""
    """The nearest agent span of another name above that agent."""
    outer: Node | None = None
    """The nearest span above that is a step."""
    rootless: bool = False
    """A root span is known above, and it is a model call: no agent, no request that all this belongs to."""


NOWHERE = Scope()
"""Nothing above has arrived, or nothing that matters."""


@dataclass(slots=True, eq=False)
class Node:
    """One span of the trace, with or without a step."""

    span_id: str
    parent_id: str
    end_ns: int
    session_id: str = ""
    step: Step | None = None
    suppressed: bool = False
    """A recovered tool call whose own span turned up after all, or another span of a call that is counted elsewhere."""
    counted: Counted | None = None
    above: Scope = NOWHERE
    _within: Scope | None = None
    inner: list[Node] | None = None
    """Spans right below (but for structure) that tell of the same call."""
    standing: int = 0
    """How many of `inner` can stand for this call."""
    below: int = 0
    """`USAGE_BELOW` and `COST_BELOW`, where a call below gives its own."""

    @property
    def is_run(self) -> bool:
        return self.step is not None and self.step.kind in _RUNS

    @property
    def is_step(self) -> bool:
        """Whether this span is something that an agent did, and not mere structure."""
        return self.step is not None and self.step.kind is not StepKind.OTHER

    def is_call(self, like: Step | None) -> bool:
        """Whether this span can be another view of the call *like*."""
        step = self.step
        if step is None or like is None or self.suppressed or step.kind is not like.kind or step.kind not in CALLS:
            return False
        return step.tool is None or like.tool is None or step.tool.name == like.tool.name

    @property
    def spends(self) -> int:
        """`below` as the spans above see it: this call and what is below it."""
        step = self.step
        if step is None or step.kind not in CALLS:
            return self.below
        own = (USAGE_BELOW if step.usage is not None else 0) | (COST_BELOW if step.cost_usd is not None else 0)
        return self.below | own

    def stand(self, above: Scope) -> None:
        """Take *above* as what the spans above say."""
        self.above, self._within = above, None

    @property
    def within(self) -> Scope:
        """What the spans right below inherit."""
        if self._within is None:
            self._within = self._extended()
        return self._within

    def _extended(self) -> Scope:
        above, step = self.above, self.step
        session_id = self.session_id or above.session_id
        if step is None or step.kind is StepKind.OTHER:
            return replace(above, session_id=session_id) if self.session_id else above
        run, turn, named = above.run, above.turn, (above.agent, above.agent_span, above.caller)
        if step.kind in _RUNS:
            run = run or self.span_id
        if step.kind is StepKind.AGENT_TURN:
            turn = self.span_id
            if step.agent:
                caller = above.caller if step.agent == above.agent else above.agent_span
                named = (step.agent, self.span_id, caller)
        return Scope(session_id, run, turn, *named, outer=self, rootless=self.is_rootless)

    @property
    def is_rootless(self) -> bool:
        """Whether this span hangs under nothing but model calls, itself included."""
        is_root_call = not self.parent_id and self.step is not None and self.step.kind is StepKind.MODEL_CALL
        return self.above.rootless or is_root_call

    @property
    def agent_key(self) -> AgentKey:
        """The agent's name and the span of the agent that called it; one agent's nested spans are one agent."""
        above = self.above
        name = (self.step.agent if self.step is not None else "") or above.agent
        return name, above.caller if name == above.agent else above.agent_span

    @property
    def turn(self) -> str:
        """Span id of the nearest agent span, this one included."""
        is_turn = self.step is not None and self.step.kind is StepKind.AGENT_TURN
        return self.span_id if is_turn else self.above.turn
