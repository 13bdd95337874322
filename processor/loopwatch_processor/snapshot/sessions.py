"""One session as a text, and back: its runs with their totals, what was found in it, and the spans of open traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from loopwatch_processor.bounds import Counts, SessionLimits
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.requests import Requests
from loopwatch_processor.run import Run, Totals
from loopwatch_processor.session import Session
from loopwatch_processor.snapshot import memos, traces
from loopwatch_processor.snapshot.pool import Pool, Read
from loopwatch_processor.snapshot.steps import Row, call_of, call_row, limits_row, result_of, result_row, usage_row
from loopwatch_processor.snapshot.traces import KeptTrace
from loopwatch_processor.step import Limits
from loopwatch_processor.trace import Trace

_MAX_TRACES = 64
"""As many as runs, or calls of agents, that go on at once, and that anybody waits for."""
VERSION = 1
"""Of the text: one of another version is left aside."""


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session of before a restart, and its traces."""

    session: Session
    traces: list[KeptTrace]


def write(session: Session, trace_of: Callable[[str], Trace | None], most_spans: int) -> str:
    """*session* with *most_spans* spans of the traces that may go on.

    Raises:
        TypeError: it holds a name or a number that no JSON can hold.
    """
    pool = Pool()
    data = {
        "session": [getattr(session, name) for name in _SCALARS],
        "totals": _totals_row(session.totals),
        "runs": [_run_row(run, pool) for run in session.runs.values()],
        "agents": [
            [*key, [pool.step(call) for call in agent.model_calls], memos.of_agent(agent)]
            for key, agent in session.agents.items()
        ],
        "findings": list(session.findings.values()),
        "requests": _requests(session.requests, pool),
        "memo": memos.of_session(session),
        "traces": _traces(session, trace_of, pool, most_spans),
        "steps": pool.steps,
        "addresses": pool.addresses,
    }
    return orjson.dumps(data).decode()


def read(text: str, limits: SessionLimits, counts: Counts) -> KeptSession:
    """What `write` wrote.

    Raises:
        ValueError: it is something else.
    """
    try:
        return _read(orjson.loads(text), limits, counts)
    except Exception as error:  # one row that nobody understands must not keep the others from being read
        raise ValueError(f"this is no snapshot of a session: {error!r}") from error


_SCALARS = ("key", "service", "environment", "agent", "agent_type", "started_ns", "ended_ns", "seen_s")


def _read(data: dict[str, Any], limits: SessionLimits, counts: Counts) -> KeptSession:
    found = Read(data["steps"], data["addresses"])
    scalars = dict(zip(_SCALARS, data["session"], strict=True))
    session = Session(scalars.pop("key"), limits, counts)
    session.totals = _totals_of(data["totals"])
    for name, value in scalars.items():
        setattr(session, name, value)
    for row in data["runs"]:
        run = _run_of(row, found)
        session.runs[run.key] = run
    for name, caller, calls, memo in data["agents"]:
        agent = session.agent_state((name, caller))
        agent.model_calls.extend(map(found.known, calls))
        memos.to_agent(agent, memo)
    for item in data["findings"]:
        raised = _raised_of(item)
        session.findings[raised.finding.detector, raised.finding.pattern, raised.agent] = raised
    _to_requests(session.requests, data["requests"], found)
    memos.to_session(session, data["memo"])
    return KeptSession(session, [traces.read(item, found) for item in data["traces"]])


def _traces(session: Session, trace_of: Callable[[str], Trace | None], pool: Pool, most: int) -> list[dict[str, Any]]:
    """The traces of which more may come, those that matter most first."""
    found, alive = [], []
    for trace_id, may_be_over in _open_traces(session).items():
        trace = trace_of(trace_id)
        if trace is None or (may_be_over and trace.root is not None):
            continue
        alive.append(trace)  # as the pool knows steps by their place in memory, and this may be a copy
        # Beyond the bound what was counted of a trace still follows its root, as of one whose spans were forgotten.
        found.append(traces.write(trace, pool, most))
        most -= len(found[-1]["nodes"])
        if len(found) >= _MAX_TRACES:
            break
    return found


def _open_traces(session: Session) -> dict[str, bool]:
    """Ids of the traces of runs whose end was not given out, the newest first, of what waits for an answer, and of
    the newest calls, whose traces are over once their root span came.
    """
    ids: dict[str, bool] = {}
    for run in reversed(session.runs.values()):
        if not run.told:
            steps = (run.root, run.last_step, run.last_model_call)
            ids.update((step.trace_id, False) for step in steps if step is not None)
            ids[run.key] = False
    ids.update((step.trace_id, False) for _, step in session.requests.asked.values())
    for agent in reversed(session.agents.values()):
        for call in reversed(agent.model_calls):
            ids.setdefault(call.trace_id, True)
    return ids


def _run_row(run: Run, pool: Pool) -> Row:
    return [
        run.key,
        run.chained,
        run.agent,
        run.started_ns,
        run.ended_ns,
        run.members,
        _totals_row(run.totals),
        run.limits and limits_row(run.limits),
        pool.step(run.root),
        pool.step(run.last_step),
        pool.step(run.last_model_call),
        run.told,
        memos.of_run(run),
    ]


def _run_of(row: Row, found: Read) -> Run:
    key, chained, agent, started_ns, ended_ns, members, totals, limits, root, last_step, last_model, told, memo = row
    run = Run(key, chained, agent, started_ns, ended_ns, members, _totals_of(totals))
    run.limits = limits and Limits(*limits)
    run.root, run.last_step, run.last_model_call = map(found.step, (root, last_step, last_model))
    run.told = told
    memos.to_run(run, memo)
    return run


def _totals_row(totals: Totals) -> Row:
    return [
        totals.steps,
        totals.model_calls,
        totals.tool_calls,
        usage_row(totals.usage),
        totals.cost_usd,
        totals.unpriced_calls,
        totals.errors,
    ]


def _totals_of(row: Row) -> Totals:
    steps, model_calls, tool_calls, usage, cost_usd, unpriced_calls, errors = row
    inputs, outputs, cache_reads, cache_writes, reasoning = usage
    tokens = inputs, outputs, cache_reads, cache_writes, reasoning
    return Totals(steps, model_calls, tool_calls, *tokens, cost_usd, unpriced_calls, errors)


def _raised_of(data: Mapping[str, Any]) -> RaisedFinding:
    finding = dict(data["finding"])
    finding |= {"severity": Severity(finding["severity"]), "span_ids": tuple(finding["span_ids"])}
    return RaisedFinding(**{**data, "finding": Finding(**finding)})


def _requests(requests: Requests, pool: Pool) -> list[list[Row]]:
    return [
        [[key, call_row(call), pool.step(step)] for key, (call, step) in requests.asked.items()],
        [[key, result_row(result), pool.step(step)] for key, (result, step) in requests.answered.items()],
        [[key, pool.step(step)] for key, step in requests.recovered.items()],
    ]


def _to_requests(requests: Requests, data: list[list[Row]], found: Read) -> None:
    asked, answered, recovered = data
    requests.asked = {key: (call_of(call), found.known(step)) for key, call, step in asked}
    requests.answered = {key: (result_of(result), found.known(step)) for key, result, step in answered}
    requests.recovered = {key: found.known(step) for key, step in recovered}
