"""A session written down: one row that sums it up, and one row a step, with what a reader compares steps by.

An agent's state remembers its newest 32 tool calls and 32 model calls; what the journal was given before stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from loopwatch_processor.detectors.context import WindowOf
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.memory import NAME as LOOP
from loopwatch_processor.detectors.loop.memory import AgentMemory
from loopwatch_processor.detectors.loop.rephrased import likeness
from loopwatch_processor.finding import RaisedFinding, finding_as_dict
from loopwatch_processor.journal.rows import SessionRow, StepRow
from loopwatch_processor.redactor import Redactor
from loopwatch_processor.run import Run
from loopwatch_processor.session import AgentState, Session
from loopwatch_processor.step import Step

SAME, CHANGED, UNKNOWN = "same", "changed", "unknown"
"""What came of a call, beside what came of the earlier call that is most like it."""
MAX_RUNS: Final = 32
"""Of one session, the newest; all are counted."""
MAX_FINDINGS: Final = 64
"""Of one session, the worst; within one severity the newest."""
_MEMO: Final = "story"
_ERROR_MAX_CHARS: Final = 300
"""Where `step.ErrorInfo.message` is cut."""

_Told = dict[tuple[str, str], tuple[Step, StepRow]]


class Stories:
    """Writes sessions down.

    *window_of* knows the context windows of models; with *with_text* the redacted arguments, results and error
    messages of tool calls go in, which is what `capture.content` other than none asks for.
    """

    def __init__(self, window_of: WindowOf, *, with_text: bool = False, redactor: Redactor | None = None) -> None:
        self._window_of = window_of
        self._with_text = with_text
        self._redactor = redactor or Redactor()

    def rows(self, session: Session) -> tuple[SessionRow, list[StepRow]]:
        """*session* with the steps that are remembered, in order of their end. What was written once is not again."""
        told = [pair for agent in session.agents.values() for pair in self._agent(agent)]
        told.sort(key=lambda pair: (pair[0].end_ns, pair[0].span_id))
        return self.summary(session), [row for _, row in told]

    def summary(self, session: Session) -> SessionRow:
        """*session* without its steps: enough of one in which nothing was found."""
        return replace(listed(session), document=_document(session))

    def _agent(self, agent: AgentState) -> list[tuple[Step, StepRow]]:
        known: _Told = agent.memo.get(_MEMO, {})
        calls = _Calls(agent)
        told: _Told = {}
        for place, step in enumerate(agent.tool_calls):
            kept = _still(known, step)
            told[step.trace_id, step.span_id] = kept or (step, self._tool(step, agent, calls.compared(place)))
        before: dict[str, Step] = {}
        for step in agent.model_calls:
            told[step.trace_id, step.span_id] = _still(known, step) or (step, self._model(step, agent, before))
            before[_name(step)] = step
        agent.memo[_MEMO] = told
        return list(told.values())

    def _tool(self, step: Step, agent: AgentState, compared: Compared) -> StepRow:
        tool = step.tool
        assert tool is not None
        document: dict[str, Any] = {
            "similarity": compared.similarity,
            "similar_to": compared.span_id,
            "result": compared.result,
            "recovered": tool.recovered or None,
        }
        if self._with_text:
            document |= _texts(step, self._redactor)
        return _row(step, agent, document)

    def _model(self, step: Step, agent: AgentState, before: dict[str, Step]) -> StepRow:
        usage, window = step.usage, self._window_of(step)
        earlier = before.get(_name(step))
        growth = None
        if usage is not None and earlier is not None and earlier.usage is not None:
            growth = usage.input_tokens - earlier.usage.input_tokens
        document = {
            "window_tokens": window.tokens if window is not None else None,
            "growth_tokens": growth,
            "ttft_s": step.model.stream.ttft_s if step.model is not None and step.model.stream is not None else None,
        }
        return _row(step, agent, document)


@dataclass(frozen=True, slots=True)
class Compared:
    """A tool call beside the earlier call of the same tool, by the same agent, that is most like it."""

    similarity: float | None = None
    """What the loop detector goes by, in [0, 1]: 1 for the same call, the shared words of prose, else 0; None where
    there is no earlier call, or arguments are unknown."""
    span_id: str = ""
    """Of the earlier call; "" where none is like it at all."""
    result: str = ""
    """`SAME`, `CHANGED` or `UNKNOWN`; "" where none is like it at all."""


class _Calls:
    """The calls of one agent's window, as the loop detector has read them, else read anew."""

    def __init__(self, agent: AgentState) -> None:
        memory = agent.memo.get(LOOP)
        self._read: dict[str, Call] = dict(memory.calls) if isinstance(memory, AgentMemory) else {}
        self._steps = agent.tool_calls

    def compared(self, place: int) -> Compared:
        """The call at *place* of the window beside those before it."""
        newest = self._call(self._steps[place])
        earlier = [call for call in map(self._call, reversed(self._steps[:place])) if call.tool == newest.tool]
        best: tuple[float, Call] | None = None
        for call in earlier:
            similarity = _similarity(newest, call)
            if similarity is not None and (best is None or similarity > best[0]):
                best = similarity, call
            if similarity == 1.0:
                break
        newest.slim()
        if best is None:
            return Compared(result=UNKNOWN if earlier else "")
        similarity, call = best
        return Compared(similarity, call.span_id, _result(newest, call)) if similarity else Compared(0.0)

    def _call(self, step: Step) -> Call:
        call = self._read.get(step.span_id)
        if call is None:
            call = self._read[step.span_id] = Call(step)
        return call


def _similarity(newest: Call, call: Call) -> float | None:
    if newest.same_call(call):
        return 1.0
    return round(likeness(newest, call), 4) if newest.key and call.key else None


def _result(newest: Call, call: Call) -> str:
    one, other = newest.outcome, call.outcome
    if one.same_as(other):
        return SAME
    if one.kind is other.kind and not (one.same_as(one) and other.same_as(other)):
        return UNKNOWN  # what cannot be told from itself has no text
    return CHANGED if one.is_known and other.is_known else UNKNOWN


def listed(session: Session) -> SessionRow:
    """*session* as a list shows it, without a document."""
    totals = session.totals
    is_unpriced = totals.unpriced_calls and not totals.cost_usd
    found = sorted(session.findings.values(), key=lambda raised: -raised.finding.severity)
    return SessionRow(
        key=session.key,
        environment=session.environment,
        service=session.service,
        agent=session.agent,
        agent_type=session.agent_type,
        started_ns=session.started_ns,
        ended_ns=session.ended_ns,
        steps=totals.steps,
        tool_calls=totals.tool_calls,
        tokens=totals.total_tokens,
        cost_usd=None if is_unpriced else round(totals.cost_usd, 6),
        stop_reason=session.stop_reason or "",
        severity=session.worst,
        open=not session.runs or not all(run.expired for run in session.runs.values()),
        detectors=tuple(dict.fromkeys(raised.finding.detector for raised in found)),
    )


def _document(session: Session) -> dict[str, Any]:
    totals = session.totals
    runs = sorted(session.runs.values(), key=lambda run: run.started_ns)[-MAX_RUNS:]
    return {
        "model_calls": totals.model_calls,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
        "unpriced_calls": totals.unpriced_calls,
        "errors": dict(totals.errors or {}),
        "runs_total": len(session.runs),
        "runs": [_run(run) for run in runs],
        "findings": [found_as_dict(raised) for raised in _worst(list(session.findings.values()))],
    }


def _worst(raised: Sequence[RaisedFinding]) -> list[RaisedFinding]:
    kept = sorted(raised, key=lambda item: (item.finding.severity, item.at_ns))[-MAX_FINDINGS:]
    return sorted(kept, key=lambda item: (item.at_ns, -item.finding.severity))


def found_as_dict(raised: RaisedFinding) -> dict[str, Any]:
    """*raised* as a story keeps it."""
    where = {"agent": raised.agent, "trace_id": raised.trace_id, "span_id": raised.span_id, "at_ns": raised.at_ns}
    return finding_as_dict(raised) | where


def _run(run: Run) -> dict[str, Any]:
    return {
        "run": run.key,
        "agent": run.agent,
        "started_ns": run.started_ns,
        "ended_ns": run.ended_ns,
        "steps": run.totals.steps,
        "tokens": run.totals.total_tokens,
        "cost_usd": round(run.totals.cost_usd, 6),
        "stop_reason": run.stop_reason,
    }


def _row(step: Step, agent: AgentState, document: dict[str, Any]) -> StepRow:
    """*step* as a row; what is not known is left out of its document."""
    usage = step.usage
    shared = {
        "caller": agent.key[1] or None,
        "input_tokens": usage.input_tokens if usage is not None else None,
        "output_tokens": usage.output_tokens if usage is not None else None,
        "cost_usd": step.cost_usd,
        "error_class": step.error.tool_class if step.error is not None else None,
    }
    known = {key: value for key, value in (shared | document).items() if value is not None and value != ""}
    name = step.tool.name if step.tool is not None else _name(step)
    return StepRow(step.trace_id, step.span_id, step.start_ns, step.end_ns, step.kind.value, agent.name, name, known)


def _name(step: Step) -> str:
    return (step.model.model if step.model is not None else "") or step.name


def _texts(step: Step, redactor: Redactor) -> dict[str, str]:
    shown = redactor.shown
    texts = {}
    if step.tool is not None:
        texts = {"arguments": shown(step.tool.arguments or ""), "output": shown(step.tool.result or "")}
    if step.error is not None:
        said = step.error.message
        texts["error"] = shown(said, is_cut=len(said) >= _ERROR_MAX_CHARS)
    return texts


def _still(known: _Told, step: Step) -> tuple[Step, StepRow] | None:
    """What was written of *step*, unless another span has told more of it since."""
    told = known.get((step.trace_id, step.span_id))
    return told if told is not None and told[0] is step else None
