"""What is open now, for a reader: the open spans of a session, and the sessions that nothing else is known of yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from loopwatch_processor.journal.rows import SessionRow
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.open_watch import OpenWatch
from loopwatch_processor.story import MAX_FINDINGS, found_as_dict

MAX_SHOWN = 32
"""Open spans of one session that are shown, the oldest first."""


class OpenStories:
    """Reads *watch*; call it on the thread that changes it."""

    def __init__(self, watch: OpenWatch) -> None:
        self._watch = watch

    def by_session(self) -> dict[str, list[OpenSpan]]:
        """Every open span, by the key of its session; the newest heard of last."""
        found: dict[str, list[OpenSpan]] = defaultdict(list)
        for span in self._watch.spans.open.values():
            found[self._watch.session_key(span)].append(span)
        return found

    def of(self, key: str) -> list[OpenSpan]:
        """The open spans of the session *key*."""
        return [span for span in self._watch.spans.open.values() if self._watch.session_key(span) == key]


def row_of(key: str, spans: Sequence[OpenSpan]) -> SessionRow:
    """A session of which only *spans*, at least one, are known: its first call has not ended."""
    found = [raised.finding for span in spans for raised in span.raised.values() if raised.finding is not None]
    first = min(spans, key=lambda span: span.began_ns).said
    named = next((span.said.agent for span in spans if span.said.agent), "")
    return SessionRow(
        key=key,
        environment=first.environment,
        service=first.service,
        agent=named,
        agent_type=next((span.said.agent_type for span in spans if span.said.agent_type), ""),
        started_ns=min(span.began_ns for span in spans),
        ended_ns=max(span.said.at_ns for span in spans),
        steps=0,
        tool_calls=0,
        tokens=0,
        cost_usd=0.0,
        stop_reason="",
        severity=max((raised.finding.severity for raised in found), default=None),
        open=True,
        detectors=tuple(dict.fromkeys(raised.finding.detector for raised in found)),
        document={"findings": [found_as_dict(raised) for raised in found[:MAX_FINDINGS]]},
    )


def open_as_dicts(spans: Sequence[OpenSpan]) -> list[Mapping[str, Any]]:
    """*spans* as plain data, the oldest first; times are those at which their processes told of them last."""
    oldest = sorted(spans, key=lambda span: span.began_ns)[:MAX_SHOWN]
    return [_plain(span) for span in oldest]


def _plain(span: OpenSpan) -> dict[str, Any]:
    said = span.said
    return {
        "kind": said.kind.value,
        "name": said.model or said.tool or said.agent,
        "agent": said.agent,
        "open_s": round(span.age_s, 3),
        "silent_s": round(said.gap_s, 3) if said.gap_s is not None else None,
        "chunks": said.chunks,
        "process": said.process_name or said.process,
        "job": said.job_id or None,
        "at_ns": said.at_ns,
        "trace_id": said.trace_id,
        "span_id": said.span_id,
    }
