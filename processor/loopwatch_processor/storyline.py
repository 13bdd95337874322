"""A session's rows → its story as plain data: the steps in order, numbered, with what was found where it happened.

The rows may come from memory, from the journal, or from both: the story is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from loopwatch_processor.alerts import alert_name
from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Snapshot
from loopwatch_processor.journal.rows import SessionRow, StepRow

Rows = tuple[SessionRow, Sequence[StepRow]]
"""One session, and steps of it."""


def headline(row: SessionRow) -> dict[str, Any]:
    """One session as lists show it. `stop_reason` is null while its newest run goes on."""
    return {
        "session": row.key,
        "environment": row.environment,
        "service": row.service,
        "agent": row.agent,
        "agent_type": row.agent_type,
        "open": row.open,
        "stop_reason": row.stop_reason or None,
        "severity": row.severity.label if row.severity is not None else None,
        "detectors": list(row.detectors),
        "started_ns": row.started_ns,
        "ended_ns": row.ended_ns,
        "steps": row.steps,
        "tool_calls": row.tool_calls,
        "tokens": row.tokens,
        "cost_usd": row.cost_usd,
    }


def story(
    row: SessionRow,
    steps: Sequence[StepRow],
    incidents: Sequence[Snapshot] = (),
    open_spans: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """*row* with its runs, incidents, findings and *open_spans*, and *steps* in order of their end.

    Steps are numbered back from the newest, as those that nobody remembers are the oldest.
    """
    ordered = sorted(_own(steps), key=lambda step: (step.end_ns, step.span_id))
    forgotten = max(0, row.steps - len(ordered))
    numbers = {(step.trace_id, step.span_id): forgotten + place for place, step in enumerate(ordered, 1)}
    document = dict(row.document)
    return {
        **headline(row),
        **{name: document.get(name) for name in ("model_calls", "input_tokens", "output_tokens", "unpriced_calls")},
        "errors": document.get("errors") or {},
        "runs_total": document.get("runs_total", 0),
        "runs": document.get("runs") or [],
        "incidents": [_incident(snapshot) for snapshot in incidents],
        "open_spans": list(open_spans),
        "steps_forgotten": forgotten,
        "story": list(_lines(row, ordered, numbers)),
        "findings": [_placed(finding, ordered, numbers) for finding in document.get("findings") or []],
    }


def united(live: Rows, kept: Rows | None) -> Rows:
    """What memory knows of a session, and what the journal knows beside it: earlier steps and findings."""
    if kept is None:
        return live
    (row, steps), (old, old_steps) = live, kept
    known = {(step.trace_id, step.span_id) for step in steps}
    findings = [*(row.document.get("findings") or ()), *_only_in(old, row)]
    whole = replace(
        row,
        started_ns=min(row.started_ns, old.started_ns) if row.started_ns and old.started_ns else row.started_ns,
        steps=max(row.steps, old.steps),
        tool_calls=max(row.tool_calls, old.tool_calls),
        tokens=max(row.tokens, old.tokens),
        cost_usd=max(row.cost_usd or 0.0, old.cost_usd or 0.0) if row.cost_usd or old.cost_usd else row.cost_usd,
        severity=max((item for item in (row.severity, old.severity) if item is not None), default=None),
        detectors=tuple(dict.fromkeys((*row.detectors, *old.detectors))),
        document={**row.document, "findings": sorted(findings, key=lambda finding: finding["at_ns"])},
    )
    return whole, [*steps, *(step for step in old_steps if (step.trace_id, step.span_id) not in known)]


def _only_in(old: SessionRow, row: SessionRow) -> list[dict[str, Any]]:
    known = {_problem(finding) for finding in row.document.get("findings") or ()}
    return [finding for finding in old.document.get("findings") or () if _problem(finding) not in known]


def _problem(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    return finding["detector"], finding["pattern"], finding["agent"]


def worst(findings: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The most severe of *findings*, the first of these; None where there are none."""
    return max(findings, key=lambda finding: Severity[finding["severity"].upper()], default=None)


def _own(steps: Sequence[StepRow]) -> list[StepRow]:
    """*steps* without the calls known from messages whose own span came later: each call once."""
    seen = [step for step in steps if step.kind == "tool_call" and not step.document.get("recovered")]
    return [step for step in steps if not step.document.get("recovered") or not any(_is_of(step, own) for own in seen)]


def _is_of(recovered: StepRow, own: StepRow) -> bool:
    return recovered.name == own.name and recovered.start_ns <= own.start_ns and own.end_ns <= recovered.end_ns


def _lines(
    row: SessionRow, ordered: Sequence[StepRow], numbers: Mapping[tuple[str, str], int]
) -> Iterable[dict[str, Any]]:
    spent = sum(step.document.get("cost_usd") or 0.0 for step in ordered)
    total = max(0.0, (row.cost_usd or 0.0) - spent)
    by_span = {step.span_id: numbers[step.trace_id, step.span_id] for step in ordered}
    for step in ordered:
        document = dict(step.document)
        total += document.get("cost_usd") or 0.0
        window, used = document.get("window_tokens"), document.get("input_tokens")
        yield {
            "number": numbers[step.trace_id, step.span_id],
            "offset_s": round((step.start_ns - row.started_ns) / 1e9, 3),
            "duration_s": round(max(0, step.end_ns - step.start_ns) / 1e9, 3),
            "agent": step.agent,
            "caller": document.get("caller"),
            "kind": step.kind,
            "name": step.name,
            "similarity": document.get("similarity"),
            "similar_to": by_span.get(document.get("similar_to", "")),
            "result": document.get("result"),
            "input_tokens": used,
            "output_tokens": document.get("output_tokens"),
            "context_growth_tokens": document.get("growth_tokens"),
            "context_ratio": round(used / window, 4) if used is not None and window else None,
            "cost_usd": document.get("cost_usd"),
            "cost_total_usd": round(total, 6) if row.cost_usd is not None else None,
            "error_class": document.get("error_class"),
            **{name: document[name] for name in ("arguments", "output", "error") if name in document},
            "trace_id": step.trace_id,
            "span_id": step.span_id,
            "start_ns": step.start_ns,
        }


def _placed(
    finding: Mapping[str, Any], ordered: Sequence[StepRow], numbers: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """*finding* with the `number` of the step after which it was raised; 0 where that is not remembered."""
    before = [step for step in ordered if step.end_ns <= finding["at_ns"]]
    exact = [step for step in before if step.span_id.partition("/")[0] == finding["span_id"]]
    place = (exact or before)[-1:]
    number = numbers[place[0].trace_id, place[0].span_id] if place else 0
    severity = Severity[str(finding["severity"]).upper()]
    return {**finding, "number": number, "alert": alert_name(finding["detector"], finding["pattern"], severity)}


def _incident(snapshot: Snapshot) -> dict[str, Any]:
    lead = snapshot.lead
    return {
        "id": snapshot.id,
        "alert": alert_name(snapshot.identity.detector, lead.pattern, snapshot.severity),
        "severity": snapshot.severity.label,
        "detector": snapshot.identity.detector,
        "agent": snapshot.identity.agent,
        "sessions": snapshot.sessions_total,
        "opened_s": snapshot.opened_s,
        "resolved_s": snapshot.resolved_s,
        "muted": snapshot.muted,
        "summary": lead.summary,
    }
