"""One trace: which span stands under which, and what that says about every step in it.

Children arrive before their parents, so each question (whose session, which agent, which run, is this the same call
as another span's) is asked again for the spans below when a span arrives that changes the answer, and only for those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopwatch_processor import views
from loopwatch_processor.folding import Folded, folded, unfolded
from loopwatch_processor.kinds import AGENT_TURN, CALLS, MODEL_CALL, OTHER, RUNS, TOOL_CALL
from loopwatch_processor.names import Names, with_name
from loopwatch_processor.node import NOWHERE, USAGE_BELOW, Address, Node
from loopwatch_processor.node_lists import append, append_newest, by_end, prune, remembered
from loopwatch_processor.session import UNSCORABLE
from loopwatch_processor.step import Step

_NOWHERE_YET = Address("", "", ("", ""))
_NO_PLACE = ("", "", "", "", "", False)
MAX_NESTED_RUNS = 64
"""Agents inside agents, as deep as the outermost one of them is looked for."""
_MOST_FOLDED = 256
"""Spans of a trace that is folded: to unfold it holds up all else, for 6 µs a span."""
_NO_NODES: dict[str, Node] = {}
"""Of all traces that are folded."""


class Trace:
    """The spans of one trace that have arrived and are remembered."""

    __slots__ = (
        "_folded",
        "_has_twins",
        "_newest",
        "_nodes",
        "_orphans",
        "_serial",
        "_twins",
        "_where",
        "adopted",
        "chain_key",
        "forgotten",
        "recovered",
        "root",
        "seen_s",
        "session_ids",
        "sessions",
        "spent_until_ns",
        "tool_spans",
        "trace_id",
    )

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id
        self.seen_s = 0.0
        """Arrival of its newest span, by the clock of the caller."""
        self._nodes: dict[str, Node] = {}
        self._folded: tuple[Folded, ...] = ()
        """What takes the place of its spans while it is folded."""
        self._serial = 0
        """Of the session in which the first of what is folded is counted, as nearly always all of it is."""
        # What most traces have one of, or none, is held in tuples, or not made before it is needed: six dictionaries
        # and lists of one trace took 0.7 KB.
        self.session_ids: tuple[str, ...] = ()
        """The first two different ones: more change nothing."""
        self.chain_key = ""
        """The session of a root-less trace, found by its message history."""
        self.root: Step | None = None
        """The root span that ended last, where one has arrived that is no call itself."""
        self.adopted = ""
        """The root agent span that steps without a run of their own belong to, once spans have been forgotten."""
        self.sessions: Names = ()
        """Keys of the sessions with steps of this trace that no agent span holds together."""
        self.tool_spans: Names = ()
        """Names of tools that have spans of their own here, so messages need not tell of them."""
        self.recovered: dict[str, list[Node]] | None = None
        """By tool, the calls counted from messages that no tool span has taken the place of yet."""
        self.forgotten = 0
        self.spent_until_ns = 0
        """End of the newest forgotten call with usage."""
        self._orphans: dict[str, list[Node]] | None = None
        """By the span id of a parent that has not arrived, or was forgotten."""
        self._twins: dict[str, list[Node]] | None = None
        """By the id of response or tool call; None where the spans are so few that they are looked through instead."""
        self._has_twins = False
        """Whether two of its spans ever shared such an id."""
        self._newest = _NOWHERE_YET
        """Held once by all the spans in a row that share it."""
        self._where = _NO_PLACE  # the same, to be compared at once

    @property
    def nodes(self) -> dict[str, Node]:
        """In order of arrival. To ask for them unfolds the trace."""
        if self._folded:
            self._unfold()
        return self._nodes

    @property
    def size(self) -> int:
        """How many spans there are."""
        return len(self._folded) or len(self._nodes)

    @property
    def is_folded(self) -> bool:
        """Whether its spans are held as what they grow from; see `fold`."""
        return bool(self._folded)

    def fold(self) -> bool:
        """Hold only what its tree of spans grows from again, a tenth of it; whether it is so now.

        Not where more than that was decided meanwhile: spans that were forgotten, or stand for others.
        """
        nodes = self._nodes
        if len(nodes) > _MOST_FOLDED or self.forgotten or self.adopted or self.recovered or self.is_bare:
            return False
        self._serial, spans = folded(nodes.values(), self.address)
        if not spans:
            return False
        self.cut()
        self._folded, self._nodes, self._orphans, self._twins = spans, _NO_NODES, None, None
        self._newest, self._where = _NOWHERE_YET, _NO_PLACE
        return True

    def _unfold(self) -> None:
        spans, self._folded, self._nodes = self._folded, (), {}
        for span in spans:
            self.add(unfolded(span, self._serial))
        for node in self._nodes.values():
            if node.counted is not None and node.address is None:
                node.address = self.address(node)

    def add(self, node: Node) -> list[Node]:
        """Add *node*; returns every node whose address or reading may have changed, by end time."""
        parent_id, kind, nodes, ids = node.parent_id, node.kind, self._nodes, self.session_ids
        parent = nodes.get(parent_id) if parent_id else None
        if parent is not None:
            node.stand(parent.within())
        nodes[node.span_id] = node
        if parent_id or self._orphans is not None:
            self._hang(node, parent)
        is_news = len(ids) < 2 and node.session_id != "" and node.session_id not in ids
        if is_news:
            self.session_ids = (*ids, node.session_id)
        twins: Sequence[Node] = ()
        if kind is MODEL_CALL or kind is TOOL_CALL:
            twins = self._pair(node)
        elif not parent_id:
            self._end(node)
        if parent is not None or node.children or len(twins) > 1 or (is_news and len(nodes) > 1):
            return self._touched(node, parent, nodes if is_news else {}, twins)
        return [node] if kind is not OTHER else []  # nothing of it was known, as of most that arrive

    def _touched(
        self, node: Node, parent: Node | None, renamed: Mapping[str, Node], twins: Sequence[Node]
    ) -> list[Node]:
        """What `add` returns where *node* is not by itself; *renamed* may have got another session id by it."""
        touched = {node.span_id: node, **renamed}
        if node.above.outer is not None:
            views.link(node, touched)
        if node.children:
            self._spread(node, touched)
        if parent is not None:
            self._spend(node, parent, touched)
        if len(twins) > 1:
            touched.update((twin.span_id, twin) for twin in twins)
        steps = [item for item in touched.values() if item.kind is not OTHER]
        if len(steps) > 1:
            steps.sort(key=by_end)
        return steps

    @property
    def is_bare(self) -> bool:
        """Whether only structure has come so far, and not its root span either: all that counts may be on its way."""
        return not (self._folded or any(node.is_step or not node.parent_id for node in self._nodes.values()))

    def parent(self, node: Node) -> Node | None:
        """The span right above *node*, if it is known."""
        parent = self._nodes.get(node.parent_id) if node.parent_id else None
        return parent if parent is not node else None

    def address(self, node: Node) -> Address:
        """Where *node* is counted, by what has arrived so far."""
        above, ids = node.above, self.session_ids
        session_key = node.session_id or above.session_id or (ids[0] if len(ids) == 1 else "")
        kind, step = node.kind, node.step
        run_key = above.run or (node.span_id if kind in RUNS else self.adopted)
        # As `Node.is_rootless`, without the call.
        chained = not run_key and (above.rootless or (not node.parent_id and kind is MODEL_CALL))
        if chained:
            session_key = session_key or self.chain_key or self.trace_id
            run_key = self._chained_run(session_key)
        # One agent's nested spans are one agent.
        name = (step.agent if step is not None else "") or above.agent
        caller = above.caller if name == above.agent else above.agent_span
        turn = node.span_id if kind is AGENT_TURN else above.turn
        where = (session_key or self.trace_id, run_key or self.trace_id, name, caller, turn, chained)
        if where != self._where:
            self._where = where
            self._newest = Address(where[0], where[1], (name, caller), turn, chained)
        return self._newest

    def _chained_run(self, session_key: str) -> str:
        """The run of root-less calls: their chain, also within a session that they name themselves."""
        return session_key if self.chain_key.startswith(UNSCORABLE) else self.chain_key or session_key

    def reading(self, node: Node) -> Step | None:
        """What *node* counts as: None where another span tells of the same call."""
        step = node.step
        if step is None or node.suppressed:
            return None
        if node.kind in CALLS:
            return step if self.is_alone(node) else views.call_of(node, step, self.twins(node))
        return views.total(node, step, self.spent_until_ns)

    def is_alone(self, node: Node) -> bool:
        """Whether *node* is a call of which no other span tells: it counts as what it is, and nobody told of it."""
        kind = node.kind
        if (kind is not MODEL_CALL and kind is not TOOL_CALL) or node.suppressed or node.standing:
            return False
        if self._has_twins and any(twin is not node for twin in self.twins(node)):
            return False
        outer = node.above.outer
        return node.inner is None and (outer is None or not outer.is_call(node.step))

    def twins(self, node: Node) -> Sequence[Node]:
        """The newest calls with the response id or tool call id of *node*, itself included."""
        identity = node.identity
        if not identity:
            return ()
        if self._twins is not None:
            return self._twins.get(identity, ())
        return [item for item in self._nodes.values() if item.identity == identity]

    def affected(self, node: Node) -> list[Node]:
        """The node whose step has changed, and all whose address may hang on that."""
        queue, found = [node], {node.span_id: node}
        while queue:
            below = [child for child in queue.pop().children or () if child.span_id not in found]
            found.update((child.span_id, child) for child in below)
            queue.extend(below)
        return [item for item in found.values() if item.is_step]

    def claim(self, span: Step) -> Node | None:
        """The call counted from messages whose place the new tool *span* takes: each is given out once."""
        tool = span.tool
        found = self.recovered.get(tool.name) if tool is not None and self.recovered is not None else None
        if not found or tool is None:
            return None
        ids = [node.step.tool.call_id if node.step is not None and node.step.tool is not None else "" for node in found]
        return found.pop(ids.index(tool.call_id) if tool.call_id in ids else 0)

    def recover(self, tool: str, node: Node) -> None:
        """The call *node* of *tool* is counted from messages."""
        if self.recovered is None:
            self.recovered = {}
        append(self.recovered, tool, node)

    def hold_in(self, session_key: str, most: int) -> None:
        """A step that no agent span holds together with others is counted in that session, for the first time.

        Beyond *most* sessions the first is forgotten, as in `own_span` the first tool: its run ends when it idles out.
        """
        is_own = not self.sessions and self.session_ids == (session_key,)  # nearly always, and then held once
        self.sessions = self.session_ids if is_own else with_name(self.sessions, session_key, most)

    def own_span(self, tool: str, most: int) -> list[Node]:
        """A span of *tool* came, which tells more than messages do: returns the calls that go for it."""
        if tool in self.tool_spans:
            return []
        self.tool_spans = with_name(self.tool_spans, tool, most)
        doubles = self.recovered.get(tool, []) if self.recovered is not None else []
        for node in doubles:
            node.suppressed = True
        return doubles

    def cut(self) -> None:
        """It is forgotten: cut what ties its spans to one another in circles, so that they are freed at once.

        What circles only the garbage collector frees, which has to walk all sessions for it.
        """
        for node in self._nodes.values():
            node.stand(NOWHERE)
            node.inner = node.children = None

    def rehang(self) -> None:
        """Put every span under its parent again, where that is not known any more: in order of arrival, as before."""
        for node in self._nodes.values():
            parent = self.parent(node)
            if parent is not None:
                parent.hold(node)

    def forget(self, count: int) -> int:
        """Forget *count* of the oldest spans, which stay counted as they are; returns how many it were.

        Children arrive before their parents, so what has no children and is no agent tells nothing about spans to
        come: such spans go first.
        """
        spare = [node for node in self._nodes.values() if not node.is_run and node.parent_id and not node.children]
        gone = [*spare[:count], *list(self._nodes.values())[: max(0, count - len(spare))]]
        for node in gone:
            self._nodes.pop(node.span_id, None)
            node.stand(node.above)  # without the scope that names itself: see `cut`
            if node.spends() & USAGE_BELOW:
                self.spent_until_ns = max(self.spent_until_ns, node.end_ns)
        self.forgotten += len(gone)
        self._unhang(gone)
        if self.recovered is not None:
            prune(self.recovered, self._nodes, {node.step.name for node in gone if node.step is not None})
        if self._twins is not None:
            prune(self._twins, self._nodes, {node.identity for node in gone})
        for outer in {id(outer): outer for node in gone if (outer := node.above.outer) is not None}.values():
            outer.inner = [item for item in outer.inner or () if item.span_id in self._nodes]
        return len(gone)

    def _hang(self, node: Node, parent: Node | None) -> None:
        """Put *node* under its *parent*, or among those that wait for theirs; and under it those that waited for it."""
        if parent is not None:
            parent.hold(node)
        elif node.parent_id and node.parent_id != node.span_id:
            if self._orphans is None:
                self._orphans = {}
            append(self._orphans, node.parent_id, node)
        if self._orphans is not None:
            node.children = self._orphans.pop(node.span_id, None)
            self._orphans = self._orphans or None

    def _unhang(self, gone: Sequence[Node]) -> None:
        """What hangs under the spans *gone* waits for a parent again."""
        orphans = self._orphans or {}
        for node in gone:
            if node.children is not None:
                orphans[node.span_id], node.children = node.children, None
        above = {node.parent_id for node in gone}
        prune(orphans, self._nodes, above.union(node.span_id for node in gone))
        self._orphans = orphans or None
        for parent in [self._nodes[key] for key in above if key in self._nodes]:
            parent.children = remembered(parent.children or (), self._nodes) or None

    def _spread(self, node: Node, touched: dict[str, Node]) -> None:
        """Tell the spans below *node* what has changed above them, as far as it changes anything for them.

        And to *node* itself what they spend.
        """
        within = node.within()
        children = node.children or ()
        queue = [(child, within, 0) for child in children]
        seen = {node.span_id}
        for child in children:
            node.below |= child.spends()
        while queue:
            child, scope, runs = queue.pop()
            above = child.above
            if child.span_id in seen or runs > MAX_NESTED_RUNS or above is scope:
                continue
            if above is not NOWHERE and above == scope:
                continue
            seen.add(child.span_id)
            below = child.children
            before = child.within() if below else NOWHERE
            child.stand(scope)
            touched[child.span_id] = child
            if above.outer is None:
                views.link(child, touched)
            if below and child.within() != before:
                queue.extend((item, child.within(), runs + child.is_run) for item in below)

    def _spend(self, node: Node, parent: Node, touched: dict[str, Node]) -> None:
        """Tell the spans above *node* that a call below them gives its own usage or cost, each of them once."""
        spends = node.spends()
        above: Node | None = parent
        while above is not None and above.below | spends != above.below:
            above.below |= spends
            touched[above.span_id] = above
            above = self.parent(above)

    def _pair(self, node: Node) -> Sequence[Node]:
        """The calls that share the id of the call *node*, itself included."""
        node.identity = views.identity_of(node.step)
        if not node.identity:
            return ()
        if self._twins is not None:
            append_newest(self._twins, node)
        elif len(self._nodes) > views.MAX_VIEWS:
            self._twins = {}
            for item in self._nodes.values():
                append_newest(self._twins, item)
        elif len(self._nodes) == 1:
            return ()
        twins = self.twins(node)
        if len(twins) > 1:
            self._has_twins = True
        return twins

    def _end(self, node: Node) -> None:
        step = node.step
        if step is not None:
            self.root = max(self.root or step, step, key=lambda item: (item.end_ns, item.span_id))
