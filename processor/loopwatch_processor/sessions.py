"""Which session every step belongs to: the only owner of traces and sessions."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from loopwatch_processor.conversation import Heard, Transcript
from loopwatch_processor.session import Place, Run, Session
from loopwatch_processor.step import Step, StepKind, ToolCall, ToolResult, merged
from loopwatch_processor.tools import Tools
from loopwatch_processor.trace import Node, Trace
from loopwatch_processor.twins import Twins

SETTLE_S = 10.0
"""A run's end is given out so much later: the span of an agent that called it may still be on its way."""
UNSCORABLE = "unscorable:"
"""Prefix of the one session per service that holds root-less model calls without captured content."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of what is remembered; each that bites is counted."""

    sessions: int = 100_000
    traces: int = 20_000
    spans_per_trace: int = 4_096
    span_ids: int = 1_000_000
    """Span ids remembered to tell a repeated delivery."""
    chains: int = 100_000
    idle_s: float = 86_400.0
    """A session that hears nothing for so long ends."""


@dataclass(slots=True)
class Counts:
    """What the store had to do with spans and sessions, since the start."""

    duplicates: int = 0
    evicted_sessions: int = 0
    evicted_traces: int = 0
    untracked_spans: int = 0
    """Spans beyond `spans_per_trace`: scored by their own ids only."""
    expired_sessions: int = 0


class SeenIds:
    """The newest *size* to 2 × *size* span ids, in two generations that rotate."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: set[str] = set()
        self._old: set[str] = set()

    def is_new(self, key: str) -> bool:
        """Whether *key* has not been seen lately; it has from now on."""
        if key in self._young or key in self._old:
            return False
        self._young.add(key)
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        return True


class Sessions:
    """Puts steps into sessions, and moves them when a later span says where they belong."""

    def __init__(self, limits: SessionLimits | None = None, tools: Tools | None = None) -> None:
        self.limits = limits or SessionLimits()
        self._tools = tools or Tools()
        self.counts = Counts()
        self.open: OrderedDict[str, Session] = OrderedDict()
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._seen = SeenIds(self.limits.span_ids)
        self._chains: OrderedDict[str, str] = OrderedDict()
        self._ending: deque[tuple[float, str, str]] = deque()
        self._heard: OrderedDict[tuple[str, str], Transcript] = OrderedDict()
        self._twins = Twins()

    def observe(self, node: Node, trace_id: str, now: float) -> list[tuple[Place, Step]]:
        """Take one span; returns every step that was counted anew, where it belongs."""
        if not self._seen.is_new(trace_id + node.span_id):
            self.counts.duplicates += 1
            return []
        trace = self._trace(trace_id)
        if len(trace.nodes) >= self.limits.spans_per_trace:
            self.counts.untracked_spans += 1
            trace = Trace(trace_id)
        if node.step is not None and node.step.tool is not None:
            node.step = replace(node.step, tool=self._tools.declared(node.step.tool))
        self._tell(trace, node)
        placed = [*self._unite(node, now), *self._settle(trace, trace.add(node), now)]
        self._end_runs(trace, now)
        return placed

    def converse(self, trace_id: str, span_id: str, heard: Heard, now: float) -> list[tuple[Place, Step]]:
        """Take messages of a model call that came as log records, before or after its span."""
        transcript = self._heard.setdefault((trace_id, span_id), Transcript())
        transcript.hear(heard)
        if len(self._heard) > self.limits.traces:
            self._heard.popitem(last=False)
        trace = self._traces.get(trace_id)
        node = trace.nodes.get(span_id) if trace is not None else None
        if trace is None or node is None or not self._tell(trace, node):
            return []
        return self._settle(trace, [node, *trace.below(node)], now)

    def _unite(self, node: Node, now: float) -> list[tuple[Place, Step]]:
        """Count *node* and a span of the same call in another trace as one: the one that tells more stands for both."""
        other = self._twins.meet(node)
        if other is None or node.step is None or other.step is None:
            return []
        best, rest = (node, other) if _tells_more(node.step, other.step) else (other, node)
        best.step = merged(node.step, other.step) if best is node else merged(other.step, node.step)
        rest.suppressed = True
        trace = self._traces.get(other.step.trace_id)
        return self._settle(trace, [other], now) if trace is not None else []

    def _tell(self, trace: Trace, node: Node) -> bool:
        """Give the call *node* what log records told of it; messages on a span itself go before them."""
        key, step = (trace.trace_id, node.span_id), node.step
        transcript = self._heard.get(key)
        if transcript is None or step is None or step.model is None:
            return False
        has_own = step.model.conversation is not None
        if not has_own and not transcript.is_answered and step.error is None:
            return False
        del self._heard[key]
        if not has_own:
            reason = step.model.finish_reason or transcript.finish_reason
            told = replace(step.model, conversation=transcript.conversation(), finish_reason=reason)
            node.step = replace(step, model=told)
        return not has_own

    def session_of(self, trace_id: str, span_id: str) -> Session | None:
        """The session in which a span is counted now, also when it is delivered once more."""
        trace = self._traces.get(trace_id)
        node = trace.nodes.get(span_id) if trace is not None else None
        if node is None or node.counted is None:
            return None
        return self.open.get(node.counted[0].session_key)

    def expire(self, now: float) -> list[Session]:
        """End and give out the sessions that heard nothing for `idle_s` by *now*."""
        silent = []
        for session in self.open.values():
            if now - session.seen_s < self.limits.idle_s:
                break
            silent.append(session)
        self.counts.expired_sessions += len(silent)
        return [self._end(session) for session in silent]

    def end_all(self) -> list[Session]:
        """End and give out every session."""
        return [self._end(session) for session in list(self.open.values())]

    def _end(self, session: Session) -> Session:
        del self.open[session.key]
        for run in session.runs.values():
            run.expired = True
        return session

    def settled_runs(self, now: float) -> list[tuple[Session, Run]]:
        """The runs that have become terminal, each once, `SETTLE_S` after their end was seen."""
        settled = []
        while self._ending and self._ending[0][0] + SETTLE_S <= now:
            _, session_key, run_key = self._ending.popleft()
            session = self.open.get(session_key)
            run = session.runs.get(run_key) if session is not None else None
            if session is not None and run is not None and not run.told:
                run.told = True
                settled.append((session, run))
        return settled

    def _end_runs(self, trace: Trace, now: float) -> None:
        """A trace without agent spans is one run: it ends with the trace's root span."""
        root = trace.root
        if root is None:
            return
        for key in trace.session_keys(trace.trace_id):
            session = self.open.get(key)
            run = session.runs.get(trace.trace_id) if session is not None else None
            if session is not None and run is not None and run.root is None:
                run.end(root)
                self._ending.append((now, session.key, run.key))

    def _trace(self, trace_id: str) -> Trace:
        trace = self._traces.get(trace_id)
        if trace is None:
            trace = self._traces[trace_id] = Trace(trace_id)
            if len(self._traces) > self.limits.traces:
                self._traces.popitem(last=False)
                self.counts.evicted_traces += 1
        else:
            self._traces.move_to_end(trace_id)
        return trace

    def _session(self, key: str, now: float) -> Session:
        session = self.open.get(key)
        if session is None:
            session = self.open[key] = Session(key)
            if len(self.open) > self.limits.sessions:
                self.open.popitem(last=False)
                self.counts.evicted_sessions += 1
        session.seen_s = now
        self.open.move_to_end(key)
        return session

    def _settle(self, trace: Trace, nodes: Iterable[Node], now: float) -> list[tuple[Place, Step]]:
        placed: list[tuple[Place, Step]] = []
        for node in nodes:
            step = trace.reading(node)
            if step is not None and step.kind is not StepKind.OTHER:
                placed.extend(self._count(trace, node, step, now))
            elif node.counted is not None:
                left = self._discount(node)
                if left is not None and left.is_empty and not left.findings:
                    del self.open[left.key]
        return placed

    def _count(self, trace: Trace, node: Node, step: Step, now: float) -> list[tuple[Place, Step]]:
        address = trace.address(node)
        if address.chained and (not trace.chain_key or trace.chain_key.startswith(UNSCORABLE)):
            trace.chain_key = self._chain(trace, step)
            address = trace.address(node)
        if node.counted is not None:
            if node.counted == (address, step):
                return []
            before: Step | None = node.counted[1]
            left = self._discount(node)
        else:
            before, left = trace.told(node, step), None
        session = self._session(address.session_key, now)
        place = session.add(step, address.run_key, address.agent_key, address.chained)
        if before is not None:
            place = replace(place, before=before)
        node.counted = (address, step)
        if place.run.root is step:
            self._ending.append((now, session.key, place.run.key))
        if left is not None and left is not session and left.is_empty:
            self._inherit(left, session)
        return [(place, step), *self._recover(trace, session, step, now)]

    def _discount(self, node: Node) -> Session | None:
        assert node.counted is not None
        address, step = node.counted
        node.counted = None
        session = self.open.get(address.session_key)
        if session is not None:
            session.remove(step, address.run_key, address.agent_key)
        return session

    def _inherit(self, left: Session, session: Session) -> None:
        """What was found in a session that moved away whole stays known where its steps are now."""
        for raised in left.findings.values():
            session.keep(replace(raised, session_key=session.key))
        session.pending.update(left.pending)
        del self.open[left.key]

    def _chain(self, trace: Trace, step: Step) -> str:
        """The session of a root-less model call: the one whose history it continues, or a new one."""
        conversation = step.model.conversation if step.model is not None else None
        if conversation is None:
            return UNSCORABLE + step.service
        key = next((self._chains[item] for item in conversation.continues if item in self._chains), trace.trace_id)
        for item in conversation.leaves:
            self._chains[item] = key
            self._chains.move_to_end(item)
        while len(self._chains) > self.limits.chains:
            self._chains.popitem(last=False)
        return key

    def _recover(self, trace: Trace, session: Session, step: Step, now: float) -> list[tuple[Place, Step]]:
        """Tool calls that exist only inside messages become steps when the next call brings their result."""
        if step.tool is not None:
            return self._span_of_tool(trace, session, step, now) if not step.tool.recovered else []
        conversation = step.model.conversation if step.model is not None else None
        if conversation is None:
            return []
        placed: list[tuple[Place, Step]] = []
        for result in conversation.returned:
            pending = session.answered(result, step)
            if pending is not None:
                placed.extend(self._recovered(*pending, result, step, now))
        for call in conversation.requested:
            session.expect(step, call)
        return placed

    def _recovered(
        self, call: ToolCall, asked: Step, result: ToolResult, answered: Step, now: float
    ) -> list[tuple[Place, Step]]:
        trace = self._traces.get(asked.trace_id)
        span_id = f"{asked.span_id}/{call.call_id or call.name}"
        if trace is None or span_id in trace.nodes or call.name in trace.tool_spans:
            return []
        step = Step(
            kind=StepKind.TOOL_CALL,
            dialect=asked.dialect,
            name=call.name,
            trace_id=asked.trace_id,
            span_id=span_id,
            parent_id=asked.span_id,
            start_ns=asked.end_ns,
            end_ns=max(asked.end_ns, answered.start_ns),
            service=asked.service,
            environment=asked.environment,
            agent=asked.agent,
            tool=self._tools.declared(call.answered(result)),
        )
        trace.recovered.setdefault(call.name, []).append(step)
        return self._settle(trace, trace.add(Node(span_id, asked.span_id, step.end_ns, step=step)), now)

    def _span_of_tool(self, trace: Trace, session: Session, step: Step, now: float) -> list[tuple[Place, Step]]:
        """A tool span tells more than messages do: what was recovered for this tool in its trace goes."""
        assert step.tool is not None
        session.pending.pop(step.tool.call_id or step.tool.name, None)
        if step.tool.name in trace.tool_spans:
            return []
        trace.tool_spans.add(step.tool.name)
        doubles = [
            node
            for node in trace.nodes.values()
            if node.step and node.step.tool and node.step.tool.recovered and node.step.name == step.tool.name
        ]
        for node in doubles:
            node.suppressed = True
        return self._settle(trace, doubles, now)


def _tells_more(step: Step, other: Step) -> bool:
    """Whether *step* says whose session it is, or what was said, and *other* does not."""
    return _known(step) > _known(other)


def _known(step: Step) -> tuple[bool, bool]:
    return bool(step.session_id), step.model is not None and step.model.conversation is not None
