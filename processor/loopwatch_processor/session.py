"""The state of one session: its runs, and what each of its agents did lately."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from loopwatch_processor import stop
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.step import Limits, Step, StepKind, ToolCall, ToolResult, Usage

WINDOW_STEPS = 32
"""Tool calls, and model calls, remembered per agent: the window that loops.md section 6 was measured with."""
MAX_RUNS = 256
MAX_AGENTS = 64
MAX_PENDING_CALLS = 64
NO_USAGE = Usage()


@dataclass(slots=True)
class Totals:
    """What was done and spent; model calls carry the money, parents' totals only where no call below has any."""

    steps: int = 0
    """Model calls and tool calls."""
    model_calls: int = 0
    tool_calls: int = 0
    usage: Usage = NO_USAGE
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    """Calls with tokens but no known price: the cost is a lower bound while this is above 0."""

    def count(self, step: Step, sign: int = 1) -> None:
        """Add *step*, or take it away with *sign* -1."""
        if step.kind is StepKind.MODEL_CALL:
            self.steps, self.model_calls = self.steps + sign, self.model_calls + sign
        elif step.kind is StepKind.TOOL_CALL:
            self.steps, self.tool_calls = self.steps + sign, self.tool_calls + sign
        if step.usage is not None:
            self.usage = self.usage + step.usage if sign > 0 else self.usage - step.usage
            self.unpriced_calls += sign if step.cost_usd is None else 0
        self.cost_usd += sign * (step.cost_usd or 0.0)


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
    memo: dict[str, Any] = field(default_factory=dict)
    """One entry a detector: what it remembers about this run."""

    def add(self, step: Step) -> None:
        """Count *step* and stretch the run over it."""
        self.members += 1
        self.totals.count(step)
        self.started_ns = min(self.started_ns or step.start_ns, step.start_ns)
        self.ended_ns = max(self.ended_ns, step.end_ns)
        self.limits = step.limits or self.limits
        if step.kind in (StepKind.MODEL_CALL, StepKind.TOOL_CALL):
            if self.last_step is None or step.end_ns >= self.last_step.end_ns:
                self.last_step = step
            last = self.last_model_call
            if step.kind is StepKind.MODEL_CALL and (last is None or step.end_ns >= last.end_ns):
                self.last_model_call = step

    def remove(self, step: Step) -> None:
        """Take *step* away again, because it belongs to another run."""
        self.members -= 1
        self.totals.count(step, -1)

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


AgentKey = tuple[str, str]
"""(agent name, span id of the agent that called it): parallel sub-agents do not blur each other."""


@dataclass(slots=True)
class AgentState:
    """The newest steps of one agent in one session, each list sorted by end time."""

    key: AgentKey
    tool_calls: list[Step] = field(default_factory=list)
    model_calls: list[Step] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)
    """One entry a detector: what it remembers about this agent."""

    @property
    def name(self) -> str:
        return self.key[0]

    def _window(self, step: Step) -> list[Step] | None:
        if step.kind is StepKind.TOOL_CALL:
            return self.tool_calls
        return self.model_calls if step.kind is StepKind.MODEL_CALL else None

    def add(self, step: Step) -> bool:
        """Put *step* into its window by end time; False if it is older than a full window, so only counted."""
        window = self._window(step)
        if window is None or (len(window) >= WINDOW_STEPS and step.end_ns < window[0].end_ns):
            return False
        insort(window, step, key=lambda item: item.end_ns)
        del window[:-WINDOW_STEPS]
        return True

    def remove(self, step: Step) -> None:
        """Take *step* out of its window, if it is still there."""
        window = self._window(step)
        if window is not None:
            window[:] = [item for item in window if item.span_id != step.span_id or item.trace_id != step.trace_id]


@dataclass(slots=True)
class Session:
    """The ordered runs that share one key, with bounded state."""

    key: str
    service: str = ""
    environment: str = ""
    agent: str = ""
    agent_type: str = ""
    started_ns: int = 0
    ended_ns: int = 0
    seen_s: float = 0.0
    """Arrival of its newest span, by the clock of the caller."""
    totals: Totals = field(default_factory=Totals)
    runs: OrderedDict[str, Run] = field(default_factory=OrderedDict)
    forgotten_runs: int = 0
    agents: OrderedDict[AgentKey, AgentState] = field(default_factory=OrderedDict)
    findings: dict[tuple[str, str, str], RaisedFinding] = field(default_factory=dict)
    """By (detector, pattern, agent): the most severe one raised."""
    pending: OrderedDict[str, tuple[ToolCall, Step]] = field(default_factory=OrderedDict)
    """Tool calls that a model asked for and nobody has answered yet, by call id."""
    memo: dict[str, Any] = field(default_factory=dict)

    def run(self, key: str, chained: bool = False) -> Run:
        """The run *key*, made where it is new; the oldest are forgotten beyond `MAX_RUNS`."""
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(key, chained)
            if len(self.runs) > MAX_RUNS:
                self.runs.popitem(last=False)
                self.forgotten_runs += 1
        return run

    def agent_state(self, key: AgentKey) -> AgentState:
        """The state of one agent; the least recently active are forgotten beyond `MAX_AGENTS`."""
        state = self.agents.get(key)
        if state is None:
            state = self.agents[key] = AgentState(key)
            if len(self.agents) > MAX_AGENTS:
                self.agents.popitem(last=False)
        self.agents.move_to_end(key)
        return state

    def add(self, step: Step, run_key: str, agent_key: AgentKey, chained: bool) -> Place:
        """Count *step* where it belongs."""
        self.totals.count(step)
        self.started_ns = min(self.started_ns or step.start_ns, step.start_ns)
        self.ended_ns = max(self.ended_ns, step.end_ns)
        self.service = self.service or step.service
        self.environment = self.environment or step.environment
        self.agent_type = self.agent_type or step.agent_type
        run, agent = self.run(run_key, chained), self.agent_state(agent_key)
        run.add(step)
        if step.kind is StepKind.AGENT_TURN and step.span_id == run_key:
            run.end(step)
            self.agent = step.agent or self.agent
        self.agent = self.agent or agent.name
        run.agent = run.agent or agent.name
        return Place(self, run, agent, agent.add(step), self.totals.steps)

    def remove(self, step: Step, run_key: str, agent_key: AgentKey) -> None:
        """Take *step* away again, because it belongs elsewhere; what is left empty goes."""
        self.totals.count(step, -1)
        if (run := self.runs.get(run_key)) is not None:
            run.remove(step)
            if run.members == 0:
                del self.runs[run_key]
        if (agent := self.agents.get(agent_key)) is not None:
            agent.remove(step)
            if not agent.tool_calls and not agent.model_calls:
                del self.agents[agent_key]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left in it, because everything moved elsewhere."""
        return not self.runs

    @property
    def stop_reason(self) -> str | None:
        """Why its newest run ended; None while that run goes on."""
        if not self.runs:
            return None
        return max(self.runs.values(), key=lambda run: run.ended_ns).stop_reason

    def keep(self, raised: RaisedFinding) -> bool:
        """Remember *raised*; True where it is new or more severe than what was known."""
        finding = raised.finding
        key = (finding.detector, finding.pattern, raised.agent)
        known = self.findings.get(key)
        if known is not None and known.finding.severity >= finding.severity:
            return False
        self.findings[key] = raised
        return True

    def expect(self, step: Step, call: ToolCall) -> None:
        """Remember that the model asked for *call* in *step*."""
        if self._is_expected(step, call):
            return
        self.pending[call.call_id or call.name] = (call, step)
        if len(self.pending) > MAX_PENDING_CALLS:
            self.pending.popitem(last=False)

    def answered(self, result: ToolResult, step: Step) -> tuple[ToolCall, Step] | None:
        """The request that *result*, which *step* brings back, answers: it is expected no more."""
        if (found := self.pending.pop(result.call_id, None)) is not None:
            return found
        unnumbered = self.pending.get(result.name)
        # An emitter that gives no ids: a request can only be answered by what started after it was asked for.
        if unnumbered is None or unnumbered[0].call_id or unnumbered[1].end_ns > step.start_ns:
            return None
        return self.pending.pop(result.name)

    def _is_expected(self, step: Step, call: ToolCall) -> bool:
        """Whether another span told of this request, with the id or without; the one with the id stays."""
        for key, (known, asked) in self.pending.items():
            same = (known.name, known.arguments, asked.trace_id) == (call.name, call.arguments, step.trace_id)
            if same and bool(known.call_id) != bool(call.call_id):
                if call.call_id:
                    del self.pending[key]
                    return False
                return True
        return False

    @property
    def worst(self) -> Severity | None:
        """The severity of its worst finding; None without findings."""
        return max((raised.finding.severity for raised in self.findings.values()), default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step belongs: what a detector may look at."""

    session: Session
    run: Run
    agent: AgentState
    in_window: bool
    """False where the step is older than the agent's window: it is counted, not scored."""
    step_index: int
    """Ordinal of the step in its session, from 1, in order of arrival."""
    before: Step | None = None
    """What this call was counted as already, elsewhere or with less detail; None where it is new."""


