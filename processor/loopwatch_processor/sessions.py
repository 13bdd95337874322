"""Which session every step belongs to: the only owner of traces and sessions."""

from __future__ import annotations

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.chains import Chains
from loopwatch_processor.conversation import Heard
from loopwatch_processor.kinds import OTHER
from loopwatch_processor.node import Address, Node
from loopwatch_processor.recovery import recovered_node
from loopwatch_processor.requests import Answered, Asked
from loopwatch_processor.run import Run
from loopwatch_processor.session import UNSCORABLE, Place, Session
from loopwatch_processor.step import Conversation, Step, ToolCall
from loopwatch_processor.store import Store
from loopwatch_processor.tools import Tools
from loopwatch_processor.trace import Trace
from loopwatch_processor.transcripts import Transcripts
from loopwatch_processor.values import replace
from loopwatch_processor.views import told


class Counting:
    """What spans make be counted anew, step by step: of a step that moves a detector sees what came before it."""

    __slots__ = ("now", "placed")

    def __init__(self, now: float) -> None:
        self.now = now
        self.placed: list[tuple[Place, Step]] = []

    def give(self, place: Place, step: Step) -> None:
        """*step* has just been counted at its *place*."""
        self.placed.append((place, step))


class Sessions(Store):
    """Puts steps into sessions, and moves them when a later span says where they belong."""

    def __init__(self, limits: SessionLimits | None = None, tools: Tools | None = None) -> None:
        super().__init__(limits)
        self._tools = tools or Tools()
        self._chains = Chains(self.limits.chains, self.counts)
        self._transcripts = Transcripts(self.limits.traces, self.counts)

    def observe(self, node: Node, trace_id: str, now: float) -> list[tuple[Place, Step]]:
        """Take one span; returns every step that was counted anew, where it belongs."""
        counting = Counting(now)
        self.take(node, trace_id, counting)
        return counting.placed

    def take(self, node: Node, trace_id: str, counting: Counting) -> None:
        """Take one span; gives every step that is counted anew, where it belongs, to *counting*."""
        trace = self._trace(trace_id, counting.now)
        nodes = trace.nodes
        if not self._seen.is_new(trace_id + node.span_id) or node.span_id in nodes:
            self.counts.duplicates += 1
            return
        if self._transcripts.heard or (node.step is not None and node.step.tool is not None):
            self._complete(node, trace)
        if not node.parent_id and (other := self._twins.unite(node)) is not None:
            self._united(other, counting)
        self._spans += 1
        self._settle(trace, trace.add(node), counting)
        if trace.root is not None and trace.root is node.step:
            self._rooted(trace, node, counting)
        limits = self.limits
        if self._has_more_traces or self._spans > limits.spans or len(nodes) > limits.spans_per_trace:
            self._bound(trace)

    def converse(self, trace_id: str, span_id: str, heard: Heard, now: float) -> list[tuple[Place, Step]]:
        """Take messages of a model call that came as log records, before or after its span; see `observe`."""
        counting = Counting(now)
        self.hear(trace_id, span_id, heard, counting)
        return counting.placed

    def hear(self, trace_id: str, span_id: str, heard: Heard, counting: Counting) -> None:
        """The same; see `take`."""
        self._transcripts.hear(trace_id, span_id, heard)
        trace = self._traces.get(trace_id)
        node = trace.nodes.get(span_id) if trace is not None else None
        if trace is not None and node is not None and self._transcripts.tell(trace_id, node):
            self._settle(trace, trace.affected(node), counting)

    def _complete(self, node: Node, trace: Trace) -> None:
        """Add to the step of *node* what is known of its tool, and what log records told of its messages."""
        step = node.step
        if step is not None and step.tool is not None:
            declared = self._tools.declared(step.tool)
            if declared is not step.tool:
                node.step = replace(step, tool=declared)
        if self._transcripts.heard:
            self._transcripts.tell(trace.trace_id, node)

    def rejoin(self, trace: Trace, nodes: list[Node]) -> None:
        """Further spans of the calls of *nodes*, which were taken up, and calls that go on from them, find them."""
        for node in nodes:
            if not node.suppressed:
                self._twins.remember(node)
            if node.step is not None and trace.chain_key:
                self._chains.learn(node.step, trace.chain_key)

    def session_of(self, trace_id: str, span_id: str) -> Session | None:
        """The session in which a span is counted now, also when it is delivered once more."""
        trace = self._traces.get(trace_id)
        node = trace.nodes.get(span_id) if trace is not None else None
        return self._holder(node) if node is not None else None

    def has_seen(self, trace_id: str, span_id: str) -> bool:
        """Whether this span has arrived lately."""
        return trace_id + span_id in self._seen

    def key_of(self, trace_id: str) -> str:
        """The session of a span in that trace that has not arrived, and does not name one itself."""
        trace = self._traces.get(trace_id)
        if trace is None:
            return trace_id
        return trace.session_ids[0] if len(trace.session_ids) == 1 else trace.chain_key or trace_id

    def _united(self, other: Node, counting: Counting) -> None:
        """*other*, in another trace, and a span that came are one call."""
        trace = self._traces.get(other.step.trace_id) if other.step is not None else None
        if trace is not None:
            self._settle(trace, [other], counting)

    def _settle(self, trace: Trace, nodes: list[Node], counting: Counting) -> None:
        if len(nodes) == 1 and nodes[0].counted is None:  # nearly always
            node = nodes[0]
            alone = trace.is_alone(node)
            step = node.step if alone else trace.reading(node)
            if step is not None and step.kind is not OTHER:
                self._count(trace, node, step, counting, alone)
        elif nodes:
            self._resettle(trace, nodes, counting)

    def _resettle(self, trace: Trace, nodes: list[Node], counting: Counting) -> None:
        counted = [node for node in nodes if node.counted is not None]
        if counted:
            self._move_findings(trace, counted, counting.now)
        gone = []
        for node in nodes:
            step = trace.reading(node)
            if step is not None and step.kind is not OTHER:
                self._count(trace, node, step, counting)
            elif node.counted is not None:
                gone.append(node)
        # Last, so that a span which takes the place of another finds what was told of the call already.
        for node in gone:
            left = self._discount(node)
            if left is not None and left.is_empty and not left.findings:
                del self.open[left.key]
                self.watcher.session_ended(left.key, counting.now)

    def _move_findings(self, trace: Trace, nodes: list[Node], now: float) -> None:
        """What was found in a step moves with it, and before any other: found again there, it is nothing new."""
        holders = {node.address.session_key: node for node in nodes if node.address is not None}
        moves = []
        for held in holders.values():
            left = self._holder(held)
            for key, raised in list(left.findings.items()) if left is not None else ():
                node = trace.nodes.get(raised.span_id) if raised.trace_id == trace.trace_id else None
                if left is None or node is None:
                    continue
                address = trace.address(node)
                moved = replace(
                    raised,
                    session_key=address.session_key,
                    run_key=address.run_key,
                    agent=address.agent_key[0] or raised.agent,
                )
                if moved != raised and not address.chained:
                    del left.findings[key]
                    moves.append((raised, moved))
        for raised, moved in moves:
            self._session(moved.session_key, now).keep(moved)
            self.watcher.moved(raised, moved, now)

    def _count(self, trace: Trace, node: Node, step: Step, counting: Counting, alone: bool = False) -> None:
        """Count *node* as *step*, where it is not yet; *alone*: no other span tells of it."""
        address, known, left, moved = trace.address(node), node.counted, None, False
        if address.chained:
            address = self._chained(trace, node, step, address)
        if known is not None:
            is_here = node.address is address or node.address == address
            if is_here and (known is step or known == step):
                return
            left, moved = self._discount(node), not is_here
        session, run_key = self._session(address.session_key, counting.now), address.run_key
        before = known
        if known is None and not (alone and step.tool is None):
            before = self._told(trace, session, node, alone)
        place = session.add(step, run_key, address.agent_key, address.chained, address.turn, before=before, moved=moved)
        node.counted, node.address, node.serial = step, address, session.serial
        if run_key == trace.trace_id and session.key not in trace.sessions:
            self._make_room(len(trace.sessions), "trace_sessions")
            trace.hold_in(session.key, self.limits.spans_per_trace)
        run = place.run
        if run.root is step or (run.root is None and trace.root is not None):
            self._end_run(trace, session, run, counting.now)
        if left is not None and left is not session:
            self._leave(left, session, counting.now)
        counting.give(place, step)
        tool, model = step.tool, step.model
        if tool is not None and (tool.recovered or tool.name not in trace.tool_spans):
            self._own(trace, session, step, tool, counting)
        if model is not None and model.conversation is not None:
            self._recover(trace, session, step, model.conversation, counting)

    def _leave(self, left: Session, session: Session, now: float) -> None:
        """A step moved from *left* to *session*."""
        if left.is_empty:
            session.take(left)
            self._dissolve(left, session, now)
        elif len(self.shrunk) < self.limits.sessions:
            self.shrunk.add(left.key)

    def _chained(self, trace: Trace, node: Node, step: Step, address: Address) -> Address:
        """Where a root-less call is counted, by what it goes on from."""
        if trace.chain_key and not trace.chain_key.startswith(UNSCORABLE):
            return address
        trace.chain_key = self._chains.session_key(step)
        return trace.address(node)

    def _end_run(self, trace: Trace, session: Session, run: Run, now: float) -> None:
        """A run ends with its agent or job span; steps without one are a run that ends with the trace's root span."""
        if run.root is None:
            if trace.root is None or run.key != trace.trace_id:
                return
            run.end(trace.root)
        self._ends(session, run, now)

    def _rooted(self, trace: Trace, node: Node, counting: Counting) -> None:
        """The trace's root span came: what is left without an agent span ends with it."""
        if trace.forgotten:
            self._adopt(trace, node, counting)
        for key in trace.sessions:
            session = self.open.get(key)
            run = session.runs.get(trace.trace_id) if session is not None else None
            if session is not None and run is not None and trace.root is not None:
                run.end(trace.root)
                self._ends(session, run, counting.now)

    def _adopt(self, trace: Trace, root: Node, counting: Counting) -> None:
        """Forgotten steps cannot move one by one, so what is left of them joins the session and run of the root."""
        session = self.open.get(trace.address(root).session_key)
        left = self.open.get(trace.trace_id)
        if session is None or len(trace.session_ids) > 1:
            return
        if left is not None and left is not session:
            session.absorb(left)
            self._dissolve(left, session, counting.now)
        if not root.is_run:
            return
        trace.adopted = root.span_id
        self._settle(trace, [node for node in trace.nodes.values() if not node.above.run], counting)
        if (run := session.runs.pop(trace.trace_id, None)) is not None:
            session.run(root.span_id).absorb(run)

    def _discount(self, node: Node) -> Session | None:
        session, step, address = self._holder(node), node.counted, node.address
        node.discount()
        if session is not None and step is not None and address is not None:
            session.remove(step, address.run_key, address.agent_key)
        return session

    def _told(self, trace: Trace, session: Session, node: Node, alone: bool) -> Step | None:
        """What was counted already of the call that *node* is a further view of.

        A call recovered from messages is given out once: the next span of that tool is another call.
        """
        step = node.step
        if step is None or step.tool is None or step.tool.recovered:
            return None if alone else told(node, trace.twins(node))
        if (double := trace.claim(step)) is None:
            elsewhere = session.requests.see(step)
            other = self._traces.get(elsewhere.trace_id) if elsewhere is not None else None
            double = other.nodes.get(elsewhere.span_id) if other is not None and elsewhere is not None else None
        if double is None:
            return None if alone else told(node, trace.twins(node))
        double.suppressed = True
        if double.counted is not None:
            self._discount(double)
        return double.step

    def _own(self, trace: Trace, session: Session, step: Step, tool: ToolCall, counting: Counting) -> None:
        """Note that the call *step* was recovered from messages, or that spans of *tool* go before messages now."""
        if tool.recovered:
            session.requests.recover(step)
            return
        if tool.name not in trace.tool_spans:
            self._make_room(len(trace.tool_spans), "trace_tools")
        if doubles := trace.own_span(tool.name, self.limits.spans_per_trace):
            self._settle(trace, doubles, counting)

    def _make_room(self, names: int, reason: str) -> None:
        """Count what goes where a trace has as many *names* as it may, and another one comes."""
        if names >= self.limits.spans_per_trace:
            self.counts.forgotten[reason] += 1

    def _recover(
        self, trace: Trace, session: Session, step: Step, conversation: Conversation, counting: Counting
    ) -> None:
        """Tool calls that exist only inside messages become steps when the next call brings their result."""
        for result in conversation.returned:
            if (asked := session.requests.answer(result, step)) is not None:
                self._recovered(session, asked, (result, step), counting)
            elif not trace.tool_spans:
                session.requests.keep_answer(result, step)
        for call in conversation.requested:
            if (answered := session.requests.ask(step, call)) is not None:
                self._recovered(session, (call, step), answered, counting)

    def _recovered(self, session: Session, asked: Asked, answered: Answered, counting: Counting) -> None:
        call, step = asked
        trace = self._traces.get(step.trace_id)
        if trace is None or call.name in trace.tool_spans:
            return
        node = recovered_node(self._tools.declared(call.answered(answered[0])), step, answered[1])
        if node.span_id in trace.nodes or node.step is None or session.has_tool_span(node.step):
            return
        trace.recover(call.name, node)
        self._settle(trace, self._add(trace, node), counting)
