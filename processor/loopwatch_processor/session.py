"""The state of one session: its runs, and what each of its agents did lately."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field, replace
from typing import Any

from loopwatch_processor.bounds import Counts, SessionLimits
from loopwatch_processor.finding import RaisedFinding, Severity
from loopwatch_processor.kinds import AGENT_TURN, CALLS, JOB, MODEL_CALL, TOOL_CALL
from loopwatch_processor.requests import Requests, is_told_by
from loopwatch_processor.run import Run, Totals, count
from loopwatch_processor.step import Step
from loopwatch_processor.values import value

WINDOW_STEPS = 32
"""Tool calls, and model calls, remembered per agent: the window that loops.md section 6 was measured with."""
_DEFAULTS = SessionLimits()

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

    def add(self, step: Step) -> bool:
        """Put *step* into its window by end time; False if it is older than a full window, so only counted."""
        kind = step.kind
        if kind is MODEL_CALL:
            window = self.model_calls
        elif kind is TOOL_CALL:
            window = self.tool_calls
        else:
            return False
        if not window or step.end_ns > window[-1].end_ns:
            window.append(step)  # nearly always
        elif len(window) >= WINDOW_STEPS and step.end_ns < window[0].end_ns:
            return False
        else:
            insort(window, step, key=lambda item: (item.end_ns, item.span_id))
        if len(window) > WINDOW_STEPS:
            del window[0]
        return True

    def remove(self, step: Step) -> None:
        """Take *step* out of its window, if it is still there."""
        if step.kind not in CALLS:
            return
        window = self.tool_calls if step.kind is TOOL_CALL else self.model_calls
        for at, item in enumerate(window):
            if item is step:
                del window[at]  # nearly always
                break
        else:
            window[:] = [item for item in window if item.span_id != step.span_id or item.trace_id != step.trace_id]


UNSCORABLE = "unscorable:"
"""Prefix of the one session per service that holds root-less model calls which nothing ties together."""


class Session:
    """The ordered runs that share one key, with bounded state."""

    __slots__ = (
        "agent",
        "agent_type",
        "agents",
        "counts",
        "ended_ns",
        "environment",
        "findings",
        "is_scorable",
        "key",
        "limits",
        "memo",
        "requests",
        "runs",
        "seen_s",
        "serial",
        "service",
        "started_ns",
        "totals",
    )

    def __init__(
        self,
        key: str,
        limits: SessionLimits = _DEFAULTS,
        counts: Counts | None = None,
        serial: int = 0,
        *,
        service: str = "",
        environment: str = "",
        agent: str = "",
        agent_type: str = "",
        seen_s: float = 0.0,
    ) -> None:
        self.key = key
        self.is_scorable = not key.startswith(UNSCORABLE)
        """Whether its steps belong together; else only what one call tells by itself is worth a finding."""
        self.limits = limits
        self.counts = counts if counts is not None else Counts()
        """Where it is counted what was forgotten."""
        self.serial = serial
        """Tells it from an earlier session of the same key that was forgotten."""
        self.service = service
        self.environment = environment
        self.agent = agent
        self.agent_type = agent_type
        self.started_ns = 0
        self.ended_ns = 0
        self.seen_s = seen_s
        """Arrival of its newest span, by the clock of the caller."""
        self.totals = Totals()
        # Both are in order as plain dicts are, which take half the memory of an `OrderedDict`: most hold one entry.
        self.runs: dict[str, Run] = {}
        self.agents: dict[AgentKey, AgentState] = {}
        self.findings: dict[tuple[str, str, str], RaisedFinding] = {}
        """By (detector, pattern, agent): the most severe one raised."""
        self.requests = Requests(limits.requests_per_session, self.counts)
        self.memo: dict[str, Any] = {}
        """What detectors remember about this session, each under its own name and bounded by itself."""

    def run(self, key: str, chained: bool = False) -> Run:
        """The run *key*, made where it is new; the oldest are forgotten beyond the limit."""
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(key, chained)
            if len(self.runs) > self.limits.runs_per_session:
                del self.runs[next(iter(self.runs))]
                self.counts.forgotten["runs"] += 1
        return run

    def agent_state(self, key: AgentKey) -> AgentState:
        """The state of one agent; the least recently active are forgotten beyond the limit."""
        state = self.agents.get(key)
        if state is None:
            state = self.agents[key] = AgentState(key)
            if len(self.agents) > self.limits.agents_per_session:
                del self.agents[next(iter(self.agents))]
                self.counts.forgotten["agents"] += 1
        elif len(self.agents) > 1:
            self.agents[key] = self.agents.pop(key)
        return state

    def add(
        self,
        step: Step,
        run_key: str,
        agent_key: AgentKey,
        chained: bool = False,
        turn: str = "",
        *,
        before: Step | None = None,
        moved: bool = False,
    ) -> Place:
        """Count *step* where it belongs; for *turn*, *before* and *moved* see `Place`."""
        start_ns, end_ns, totals, agents = step.start_ns, step.end_ns, self.totals, self.agents
        if start_ns < self.started_ns or not self.started_ns:
            self.started_ns = start_ns
        if end_ns > self.ended_ns:  # noqa: PLR1730 - several times cheaper than a call
            self.ended_ns = end_ns
        if not self.service:
            self.service = step.service
        self.environment = self.environment or step.environment
        self.agent_type = self.agent_type or step.agent_type
        run, agent = self.runs.get(run_key), agents.get(agent_key)
        if run is None:
            run = self.run(run_key, chained)
        if agent is None or len(agents) > 1:
            agent = self.agent_state(agent_key)
        count(step, (totals, run.totals))
        run.add(step)
        kind = step.kind
        if step.span_id == run_key and (kind is AGENT_TURN or kind is JOB):
            run.end(step)
            self.agent = step.agent or self.agent
        if not self.agent:
            self.agent = agent_key[0]
        if not run.agent:
            run.agent = agent_key[0]
        return Place(self, run, agent, agent.add(step), totals.steps, before, moved, turn)

    def remove(self, step: Step, run_key: str, agent_key: AgentKey) -> None:
        """Take *step* away again, because it belongs elsewhere; what is left empty goes."""
        run = self.runs.get(run_key)
        count(step, (self.totals, run.totals) if run is not None else (self.totals,), -1)
        if run is not None:
            run.remove(step)
            if run.members == 0:
                del self.runs[run_key]
        if (agent := self.agents.get(agent_key)) is not None:
            agent.remove(step)
            if not agent.tool_calls and not agent.model_calls:
                del self.agents[agent_key]
        self.requests.forget(step)

    def has_tool_span(self, recovered: Step) -> bool:
        """Whether the call *recovered* from messages has come as a span lately."""
        calls = (call for state in self.agents.values() for call in state.tool_calls)
        return any(call.tool and not call.tool.recovered and is_told_by(recovered, call) for call in calls)

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

    def keep(self, raised: RaisedFinding) -> RaisedFinding | None:
        """Remember *raised* where it is new or more severe than what was known; as it is kept, or None.

        What has become more severe is kept with the step that raised it first.
        Beyond the limit (agents' names come from spans) only what is more severe than another takes its place.
        """
        finding = raised.finding
        key = (finding.detector, finding.pattern, raised.agent)
        known = self.findings.get(key) or self._named_since(key)
        if known is not None and known.finding.severity >= finding.severity:
            return None
        if known is None and len(self.findings) >= self.limits.findings_per_session:
            self.counts.forgotten["findings"] += 1
            least = min(self.findings, key=lambda item: self.findings[item].finding.severity)
            if self.findings[least].finding.severity >= finding.severity:
                return None
            del self.findings[least]
        kept = replace(raised, since=known.since) if known is not None else raised
        self.findings[key] = kept
        return kept

    def _named_since(self, key: tuple[str, str, str]) -> RaisedFinding | None:
        """What was raised of this agent before the span came that names it: it is the same finding."""
        unnamed = self.findings.pop((key[0], key[1], ""), None)
        if unnamed is not None:
            self.findings[key] = replace(unnamed, agent=key[2])
        return self.findings.get(key)

    def take(self, other: Session) -> None:
        """Take over what is left in *other*, whose steps are all here now."""
        for raised in other.findings.values():
            self.keep(replace(raised, session_key=self.key))
        self.requests.absorb(other.requests)

    def absorb(self, other: Session) -> None:
        """Take over all that *other* holds: both are one session."""
        self.totals.absorb(other.totals)
        self.started_ns = min(self.started_ns or other.started_ns, other.started_ns or self.started_ns)
        self.ended_ns = max(self.ended_ns, other.ended_ns)
        for key, run in other.runs.items():
            self.run(key, run.chained).absorb(run)
        for agent_key, state in other.agents.items():
            for step in (*state.tool_calls, *state.model_calls):
                self.agent_state(agent_key).add(step)
        self.take(other)

    def has_agent(self, name: str) -> bool:
        """Whether the agent *name* works in it, or something was found of it."""
        return (
            name == self.agent
            or any(name == state.name for state in self.agents.values())
            or any(name == raised.agent for raised in self.findings.values())
        )

    @property
    def worst(self) -> Severity | None:
        """The severity of its worst finding; None without findings."""
        return max((raised.finding.severity for raised in self.findings.values()), default=None)


@value
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
    moved: bool = False
    """Whether this very span was counted elsewhere until now: it tells where it belongs, and nothing new."""
    turn: str = ""
    """Span id of the agent span that it belongs to: tells invocations of one agent apart; "" while none has come."""
