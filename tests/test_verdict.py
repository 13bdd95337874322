"""Verdicts on spans that pass through: written when they change, replaced never appended, never believed."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch.attributes import LOOPWATCH_FINDINGS, LOOPWATCH_HEALTH, Health
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.session import Session
from loopwatch_processor.verdict import Verdict, due, write

SICK = Verdict(Health.WARNING, (("loop", 0.9),), ("warning loop/rephrased",))
SPAN_KEY = ("01" * 16, "02" * 8)


def request(**attributes: str) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add(schema_url="https://example.com/1")
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add(schema_url="https://example.com/2")
    for number in (1, 3):
        span = scope.spans.add(trace_id=bytes([number]) * 16, span_id=bytes([number + 1]) * 8, name=f"span {number}")
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    return message


def attributes(message: ExportTraceServiceRequest, at: int = 0) -> dict[str, object]:
    pairs = message.resource_spans[0].scope_spans[0].spans[at].attributes
    assert len({pair.key for pair in pairs}) == len(pairs)
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in pairs}


def session(severity: Severity) -> Session:
    finding = Finding("loop", "rephrased", severity, 0.9, "loop_detected", "It repeats itself.")
    kept = Session("s")
    kept.keep(RaisedFinding(finding, "s", "r", "a", "svc", "", "t", "x", 3, 0))
    return kept


def test_untouched_bytes_are_the_same_bytes() -> None:
    """Nothing to write, nothing to remove: the very same object goes on."""
    body = request(user="x").SerializeToString()

    assert write(body, {}) is body


def test_a_verdict_is_added_to_its_span_alone() -> None:
    """The other span and everything around them stay as they were."""
    written = ExportTraceServiceRequest.FromString(write(request(user="x").SerializeToString(), {SPAN_KEY: SICK}))

    assert attributes(written)["loopwatch.score.loop"] == 0.9
    assert attributes(written)[LOOPWATCH_HEALTH] == "warning"
    assert [item.string_value for item in attributes(written)[LOOPWATCH_FINDINGS].values] == ["warning loop/rephrased"]  # type: ignore[attr-defined]
    for span in written.resource_spans[0].scope_spans[0].spans:
        kept = [pair for pair in span.attributes if not pair.key.startswith("loopwatch.")]
        del span.attributes[:]
        span.attributes.extend(kept)
    assert written == request(user="x")


def test_a_verdict_that_a_client_sent_is_removed() -> None:
    """Nobody but the processor says whether a session is well."""
    forged = request(**{LOOPWATCH_HEALTH: "ok", "loopwatch.score.loop": "0", "user": "x"})
    written = ExportTraceServiceRequest.FromString(write(forged.SerializeToString(), {SPAN_KEY: SICK}))

    assert attributes(written)["loopwatch.score.loop"] == 0.9
    assert attributes(written, at=1) == {"user": "x"}


@pytest.mark.parametrize("name", ["loopwatch.score.loop", LOOPWATCH_FINDINGS, LOOPWATCH_HEALTH])
def test_each_name_of_a_verdict_is_found_alone_behind_our_other_attributes(name: str) -> None:
    """Spans of our own helpers have other names that begin alike, and stay the same bytes without a verdict."""
    honest = request(**{"loopwatch.step.index": "1", "loopwatch.session.id": "x"}).SerializeToString()
    forged = request(**{"loopwatch.step.index": "1", "loopwatch.session.id": "x", name: "ok"}).SerializeToString()

    assert write(honest, {}) is honest
    written = ExportTraceServiceRequest.FromString(write(forged, {}))
    assert written == ExportTraceServiceRequest.FromString(honest)


def test_a_verdict_on_the_resource_or_scope_is_removed() -> None:
    """Samplers read those as well, so forging one there would be as good."""
    forged, honest = request(user="x"), request(user="x")
    resource = forged.resource_spans[0]
    resource.resource.attributes.add(key=LOOPWATCH_HEALTH).value.string_value = "ok"
    resource.scope_spans[0].scope.attributes.add(key="loopwatch.score.loop").value.double_value = 0.0
    honest.resource_spans[0].scope_spans[0].scope.SetInParent()

    assert ExportTraceServiceRequest.FromString(write(forged.SerializeToString(), {})) == honest


def test_a_span_that_cannot_be_read_is_left_alone() -> None:
    """Its bytes are the user's: they pass."""
    broken = b"\x0a\x08\x12\x06\x12\x04\x0a\x05\x01\x01"

    assert write(broken, {SPAN_KEY: SICK}) == broken


def test_a_verdict_is_due_once_a_trace() -> None:
    """On the first span of a trace, and not again while it stands."""
    sick = session(Severity.WARNING)

    assert due(sick, "t1") == SICK
    assert due(sick, "t1") is None
    assert due(sick, "t2") == SICK
    assert due(Session("well"), "t1") is None


def test_a_verdict_is_due_again_when_it_changes() -> None:
    """A rise in severity is said on the next span."""
    sick = session(Severity.WARNING)
    due(sick, "t1")
    sick.keep(next(iter(session(Severity.CRITICAL).findings.values())))

    changed = due(sick, "t1")
    assert changed is not None
    assert changed.health is Health.CRITICAL
