"""What the processor writes on spans that pass through it: the scores and findings of their session.

A verdict is written when it changes, and on the first span of every further trace while it stands, so that tail
sampling behind the processor keeps every trace of a sick session. One that a client sent is never believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from loopwatch.attributes import LOOPWATCH_FINDINGS, LOOPWATCH_HEALTH, LOOPWATCH_SCORE, Health
from loopwatch_processor.finding import Severity
from loopwatch_processor.otlp import rewrite_traces, span_key
from loopwatch_processor.session import Session

SCORE_PREFIX = f"{LOOPWATCH_SCORE}."
MAX_FINDINGS = 16
_MAX_TRACES = 64
_HEALTH = {Severity.CRITICAL: Health.CRITICAL, Severity.WARNING: Health.WARNING, Severity.INFO: Health.OK}
_MEMO = "verdict"
_NAMES = tuple(name.encode() for name in (SCORE_PREFIX, LOOPWATCH_FINDINGS, LOOPWATCH_HEALTH))
_SHARED = b"loopwatch."

SpanKey = tuple[str, str]
"""Trace id and span id, as hex."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The scores and findings of one session at one moment."""

    health: Health
    scores: tuple[tuple[str, float], ...]
    """By detector, the highest score of its findings."""
    findings: tuple[str, ...]
    """`severity detector/pattern`, sorted."""

    def attributes(self) -> list[KeyValue]:
        """The span attributes that say it."""
        pairs = [KeyValue(key=SCORE_PREFIX + name, value=AnyValue(double_value=score)) for name, score in self.scores]
        named = ArrayValue(values=[AnyValue(string_value=item) for item in self.findings])
        pairs.append(KeyValue(key=LOOPWATCH_FINDINGS, value=AnyValue(array_value=named)))
        pairs.append(KeyValue(key=LOOPWATCH_HEALTH, value=AnyValue(string_value=self.health.value)))
        return pairs


def verdict_of(session: Session) -> Verdict | None:
    """What is to be said of *session* now; None while nothing was found."""
    worst = session.worst
    if worst is None:
        return None
    found = [raised.finding for raised in session.findings.values()]
    scores: dict[str, float] = {}
    for finding in found:
        scores[finding.detector] = max(scores.get(finding.detector, 0.0), round(finding.score, 3))
    named = sorted({f"{finding.severity.label} {finding.detector}/{finding.pattern}" for finding in found})
    return Verdict(_HEALTH[worst], tuple(sorted(scores.items())), tuple(named[:MAX_FINDINGS]))


def due(session: Session, trace_id: str) -> Verdict | None:
    """The verdict to write on a span of *trace_id* that is passing now; None where it has been said already."""
    verdict = verdict_of(session)
    if verdict is None:
        return None
    said, traces = session.memo.get(_MEMO, (None, ()))
    if said == verdict and trace_id in traces:
        return None
    known = traces if said == verdict else ()
    session.memo[_MEMO] = (verdict, (*known, trace_id)[-_MAX_TRACES:])
    return verdict


def untell(session: Session) -> None:
    """Take back what was said of *session*: its spans did not reach the downstream, so the next ones say it again."""
    session.memo.pop(_MEMO, None)


def write(body: bytes, verdicts: Mapping[SpanKey, Verdict]) -> bytes:
    """*body* with these verdicts on its spans; the very same bytes where there is nothing to write or to remove."""
    holds_some = _may_hold_verdicts(body)
    if not verdicts and not holds_some:
        return body

    def written(raw: bytes) -> bytes:
        # Reading all attributes of those that nothing is written on or removed from takes three times as long.
        is_concerned = (holds_some and _may_hold_verdicts(raw)) or _is_due(raw, verdicts)
        return _stamped(raw, verdicts) if is_concerned else raw

    return rewrite_traces(
        body,
        resource=partial(_without_verdicts, Resource),
        scope=partial(_without_verdicts, InstrumentationScope),
        span=written,
    )


def _may_hold_verdicts(encoded: bytes) -> bool:
    """Whether the name of a verdict is anywhere in *encoded*; one search for what they share takes a third of three."""
    at = encoded.find(_SHARED)
    while at >= 0:
        if encoded.startswith(_NAMES, at):
            return True
        at = encoded.find(_SHARED, at + 1)
    return False


def _is_due(raw: bytes, verdicts: Mapping[SpanKey, Verdict]) -> bool:
    try:
        return span_key(raw) in verdicts
    except DecodeError:
        return False


def _stamped(raw: bytes, verdicts: Mapping[SpanKey, Verdict]) -> bytes:
    try:
        span = SpanMessage.FromString(raw)
    except DecodeError:
        return raw
    verdict = verdicts.get((span.trace_id.hex(), span.span_id.hex()))
    believed = [pair for pair in span.attributes if not _is_verdict(pair.key)]
    if verdict is None and len(believed) == len(span.attributes):
        return raw
    del span.attributes[:]
    span.attributes.extend([*believed, *(verdict.attributes() if verdict is not None else ())])
    return bytes(span.SerializeToString())


def _without_verdicts(kind: type[Resource] | type[InstrumentationScope], raw: bytes) -> bytes:
    """A sampler that reads a span's attribute reads the resource's as well."""
    if not _may_hold_verdicts(raw):
        return raw
    try:
        message = kind.FromString(raw)
    except DecodeError:
        return raw
    believed = [pair for pair in message.attributes if not _is_verdict(pair.key)]
    if len(believed) == len(message.attributes):
        return raw
    del message.attributes[:]
    message.attributes.extend(believed)
    return bytes(message.SerializeToString())


def _is_verdict(key: str) -> bool:
    return key.startswith(SCORE_PREFIX) or key in (LOOPWATCH_FINDINGS, LOOPWATCH_HEALTH)
