"""One span of a trace, and what the spans above say about it."""

from __future__ import annotations

from loopwatch_processor.kinds import AGENT_TURN, CALLS, MODEL_CALL, OTHER, RUNS
from loopwatch_processor.session import AgentKey
from loopwatch_processor.step import Step
from loopwatch_processor.values import replace, value

USAGE_BELOW = 1
COST_BELOW = 2


@value
class Address:
    """Where a step is counted."""

    session_key: str
    run_key: str
    agent_key: AgentKey
    turn: str = ""
    """Span id of the nearest agent span; "" where none has arrived."""
    chained: bool = False


@value
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


class Node:
    """One span of the trace, with or without a step."""

    __slots__ = (
        "_within",
        "above",
        "address",
        "below",
        "children",
        "counted",
        "end_ns",
        "identity",
        "inner",
        "kind",
        "parent_id",
        "serial",
        "session_id",
        "span_id",
        "standing",
        "step",
        "suppressed",
    )

    def __init__(
        self, span_id: str, parent_id: str, end_ns: int, session_id: str = "", step: Step | None = None
    ) -> None:
        self.span_id = span_id
        self.parent_id = parent_id
        self.end_ns = end_ns
        self.session_id = session_id
        self.kind = step.kind if step is not None else OTHER
        """Of the step; other where it has none."""
        self.step = step if self.kind is not OTHER or not parent_id else None
        """None where it tells nothing but what stands under what; of a root also its end is asked for."""
        self.identity = ""
        """The id that it may share with other spans of its call anywhere in the trace."""
        self.suppressed = False
        """A recovered call whose own span turned up after all, or another span of a call that is counted elsewhere."""
        self.counted: Step | None = None
        """As what it is counted now; None where it is not."""
        self.address: Address | None = None
        """Where it is counted now."""
        self.serial = 0
        """Of the session in which it is counted: one that was forgotten and opened anew does not hold the step."""
        self.above = NOWHERE
        self._within: Scope | None = None
        self.children: list[Node] | None = None
        """The known spans right below."""
        self.inner: list[Node] | None = None
        """Spans right below (but for structure) that tell of the same call."""
        self.standing = 0
        """How many of `inner` can stand for this call."""
        self.below = 0
        """`USAGE_BELOW` and `COST_BELOW`, where a call below gives its own."""

    @property
    def is_run(self) -> bool:
        return self.kind in RUNS

    @property
    def is_step(self) -> bool:
        """Whether this span is something that an agent did, and not mere structure."""
        return self.kind is not OTHER

    def is_call(self, like: Step | None) -> bool:
        """Whether this span can be another view of the call *like*."""
        step = self.step
        if step is None or like is None or self.suppressed or self.kind is not like.kind or self.kind not in CALLS:
            return False
        return step.tool is None or like.tool is None or step.tool.name == like.tool.name

    def spends(self) -> int:
        """`below` as the spans above see it: this call and what is below it."""
        step = self.step
        if step is None or self.kind not in CALLS:
            return self.below
        own = (USAGE_BELOW if step.usage is not None else 0) | (COST_BELOW if step.cost_usd is not None else 0)
        return self.below | own

    def hold(self, child: Node) -> None:
        """*child* is right below."""
        if self.children is None:
            self.children = [child]
        else:
            self.children.append(child)

    def count(self, step: Step, address: Address, serial: int) -> None:
        """It is counted as *step* now, in the session of that *serial*."""
        self.counted, self.address, self.serial = step, address, serial

    def discount(self) -> None:
        """It is counted nowhere now."""
        self.counted = self.address = None
        self.serial = 0

    def stand(self, above: Scope) -> None:
        """Take *above* as what the spans above say."""
        self.above, self._within = above, None

    def within(self) -> Scope:
        """What the spans right below inherit."""
        if self._within is None:
            self._within = self._extended()
        return self._within

    def _extended(self) -> Scope:
        above, step, kind = self.above, self.step, self.kind
        session_id = self.session_id or above.session_id
        if step is None or kind is OTHER:
            return replace(above, session_id=session_id) if self.session_id else above
        run, turn, agent, agent_span, caller = above.run, above.turn, above.agent, above.agent_span, above.caller
        if kind in RUNS:
            run = run or self.span_id
        if kind is AGENT_TURN:
            turn = self.span_id
            if step.agent:
                caller = caller if step.agent == agent else agent_span
                agent, agent_span = step.agent, self.span_id
        return Scope(session_id, run, turn, agent, agent_span, caller, self, self.is_rootless)

    @property
    def is_rootless(self) -> bool:
        """Whether this span hangs under nothing but model calls, itself included."""
        return self.above.rootless or (not self.parent_id and self.kind is MODEL_CALL)
