"""One trace: which span stands under which, and what that says about every step in it.

Children arrive before their parents, so each question (whose session, which agent, which run, is this the same call
as another span's) is asked again for the spans below whenever a span arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from loopwatch_processor.session import AgentKey
from loopwatch_processor.step import Step, StepKind, merged

_CALLS = (StepKind.MODEL_CALL, StepKind.TOOL_CALL)
_Identity = tuple[StepKind, str]
_NOBODY: _Identity = (StepKind.OTHER, "")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a step is counted."""

    session_key: str
    run_key: str
    agent_key: AgentKey
    chained: bool = False


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
    counted: tuple[Address, Step] | None = None
    """Where it is counted now, and as what."""

    @property
    def is_agent(self) -> bool:
        return self.step is not None and self.step.kind is StepKind.AGENT_TURN

    @property
    def is_step(self) -> bool:
        """Whether this span is something that an agent did, and not mere structure."""
        return self.step is not None and self.step.kind is not StepKind.OTHER

    def is_call(self, like: Step) -> bool:
        """Whether this span can be another view of the call *like*."""
        step = self.step
        if step is None or self.suppressed or step.kind is not like.kind or step.kind not in _CALLS:
            return False
        return step.tool is None or like.tool is None or step.tool.name == like.tool.name


@dataclass(slots=True)
class Trace:
    """The spans of one trace that have arrived."""

    trace_id: str
    nodes: dict[str, Node] = field(default_factory=dict)
    children: dict[str, list[Node]] = field(default_factory=dict)
    """By parent span id, whether that parent has arrived or not."""
    session_ids: set[str] = field(default_factory=set)
    twins: dict[_Identity, list[Node]] = field(default_factory=dict)
    """Calls by response id or tool call id: a second one is the same call."""
    tool_spans: set[str] = field(default_factory=set)
    """Names of tools that have spans of their own here, so messages need not tell of them."""
    recovered: dict[str, list[Step]] = field(default_factory=dict)
    """By tool, the calls counted from messages that no tool span has taken the place of yet."""
    chain_key: str = ""
    """The session of a root-less trace, found by its message history."""
    root: Step | None = None
    """The root span, where it has arrived and is no call itself."""

    def add(self, node: Node) -> list[Node]:
        """Add *node*; returns every node whose address or reading may have changed, by end time."""
        self.nodes[node.span_id] = node
        if not node.parent_id and node.step is not None and node.step.kind not in _CALLS:
            self.root = node.step
        self.children.setdefault(node.parent_id, []).append(node)
        touched = {node.span_id: node}
        if node.session_id and node.session_id not in self.session_ids:
            self.session_ids.add(node.session_id)
            if len(self.session_ids) <= 2:
                touched.update(self.nodes)
        touched.update((below.span_id, below) for below in self.below(node))
        if node.step is not None:
            touched.update((above.span_id, above) for above in self.above(node) if above.step is not None)
            if (identity := _identity(node)) is not None:
                twins = self.twins.setdefault(identity, [])
                twins.append(node)
                touched.update((twin.span_id, twin) for twin in twins)
        return sorted((item for item in touched.values() if item.step is not None), key=lambda item: item.end_ns)

    def above(self, node: Node) -> Iterator[Node]:
        """The known ancestors of *node*, nearest first."""
        seen = {node.span_id}
        parent = self.nodes.get(node.parent_id)
        while parent is not None and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            parent = self.nodes.get(parent.parent_id)

    def below(self, node: Node) -> Iterator[Node]:
        """The known descendants of *node*."""
        queue, seen = list(self.children.get(node.span_id, ())), {node.span_id}
        while queue:
            child = queue.pop()
            if child.span_id not in seen:
                seen.add(child.span_id)
                yield child
                queue.extend(self.children.get(child.span_id, ()))

    def top(self, node: Node) -> Node:
        """The highest known ancestor of *node*, or itself."""
        return [node, *self.above(node)][-1]

    def session_keys(self, run_key: str) -> set[str]:
        """The sessions that hold steps of this trace under the run *run_key*."""
        addresses = (node.counted[0] for node in self.nodes.values() if node.counted is not None)
        return {address.session_key for address in addresses if address.run_key == run_key}

    def is_rootless(self, node: Node) -> bool:
        """Whether *node* hangs under nothing but model calls: no agent, no request that it belongs to."""
        top = self.top(node)
        return not top.parent_id and top.step is not None and top.step.kind is StepKind.MODEL_CALL

    def address(self, node: Node) -> Address:
        """Where *node* is counted, by what has arrived so far."""
        lineage = [node, *self.above(node)]
        own = next((item.session_id for item in lineage if item.session_id), "")
        if not own and len(self.session_ids) == 1:
            own = next(iter(self.session_ids))
        agents = [item for item in lineage if item.is_agent]
        chained = not own and not agents and self.is_rootless(node)
        session_key = own or (self.chain_key if chained else "") or self.trace_id
        run_key = agents[-1].span_id if agents else (session_key if chained else self.trace_id)
        return Address(session_key, run_key, _agent_key(node, agents), chained)

    def reading(self, node: Node) -> Step | None:
        """What *node* counts as: None where another span tells of the same call."""
        step = node.step
        if step is None or node.suppressed:
            return None
        if step.kind is StepKind.AGENT_TURN:
            return self._turn(node, step)
        if step.kind not in _CALLS:
            return step
        if self._same_below(node, step) or self._is_told_elsewhere(node, step):
            return None
        for other in self._same_call(node, step):
            step = merged(step, other)
        return step

    def told(self, node: Node, step: Step) -> Step | None:
        """What the new call *node* was counted as before its own span came; None where it is the first told of it.

        A call recovered from messages is given out once: the next span of that tool is another call.
        """
        if step.tool is not None and not step.tool.recovered and self.recovered.get(step.tool.name):
            return self.recovered[step.tool.name].pop(0)
        others = (*self._around(node, step), *self.twins.get(_identity(node) or _NOBODY, ()))
        return next((other.counted[1] for other in others if other.counted is not None), None)

    def _same_call(self, node: Node, step: Step) -> Iterator[Step]:
        """Other spans that tell of the call *node*: around it, or elsewhere under the same id."""
        for outer in self._around(node, step):
            if outer.step is None or len(self._same_below(outer, outer.step)) > 1:
                break
            yield outer.step
        for twin in self.twins.get(_identity(node) or _NOBODY, ()):
            if twin.step is not None and twin is not node and not self._is_related(twin, node):
                yield twin.step

    def _around(self, node: Node, step: Step) -> Iterator[Node]:
        """Spans around *node* that tell of the same call: nothing else that an agent does lies between."""
        for outer in self.above(node):
            if outer.is_call(step):
                yield outer
            elif outer.is_step:
                return

    def _same_below(self, node: Node, step: Step) -> list[Node]:
        """The nearest calls of the same kind (and tool) under *node* that can stand for it."""
        found, queue = [], list(self.children.get(node.span_id, ()))
        while queue:
            child = queue.pop()
            if child.is_call(step):
                if child.step is not None and (child.step.usage is not None or step.usage is None):
                    found.append(child)
            elif not child.is_step:
                queue.extend(self.children.get(child.span_id, ()))
        return found

    def _is_told_elsewhere(self, node: Node, step: Step) -> bool:
        """Whether a span around *node* knows more of this call, or an unrelated one told of it first."""
        if step.usage is None and any(outer.step and outer.step.usage for outer in self._around(node, step)):
            return True
        twins = self.twins.get(_identity(node) or _NOBODY, ())
        first = next((twin for twin in twins if not twin.suppressed), node)
        return first is not node and not self._is_related(first, node)

    def _is_related(self, one: Node, other: Node) -> bool:
        return one in self.above(other) or other in self.above(one)

    def _turn(self, node: Node, step: Step) -> Step:
        """Its totals count only where no call below it gives its own."""
        if step.usage is None and step.cost_usd is None:
            return step
        below = [item.step for item in self.below(node) if item.step is not None and item.step.kind in _CALLS]
        return replace(
            step,
            usage=None if any(call.usage is not None for call in below) else step.usage,
            cost_usd=None if any(call.cost_usd is not None for call in below) else step.cost_usd,
        )


def _agent_key(node: Node, agents: list[Node]) -> AgentKey:
    """The agent's name and the span of the agent that called it; one agent's nested spans are one agent."""
    own = node.step.agent if node.step is not None else ""
    name = own or next((agent.step.agent for agent in agents if agent.step is not None and agent.step.agent), "")
    caller = next((agent for agent in agents if agent.step is not None and agent.step.agent not in ("", name)), None)
    return name, caller.span_id if caller is not None else ""


def _identity(node: Node) -> _Identity | None:
    step = node.step
    if step is None:
        return None
    if step.model is not None and step.model.response_id:
        return step.kind, step.model.response_id
    if step.tool is not None and step.tool.call_id and not step.tool.recovered:
        return step.kind, f"{step.tool.name}\0{step.tool.call_id}"
    return None
