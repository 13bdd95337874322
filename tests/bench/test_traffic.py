"""The benchmark's traffic is what agents send: every copy is read as its recording, and no two copies are the same."""

from __future__ import annotations

from typing import TypeGuard

from bench.shapes import Hole, Kind, Shape
from bench.traffic import Mix, batches, shapes
from loopwatch_processor.dialects import read
from loopwatch_processor.otlp import Span, decode_traces

SMALL = Mix(sessions=20, spans_per_batch=64)


def spans_of(bodies: list[bytes]) -> list[Span]:
    found = [span for body in bodies for span in decode_traces(body)]
    assert all(isinstance(span, Span) for span in found)
    return [span for span in found if isinstance(span, Span)]


def of(dialect: str) -> list[Shape]:
    return [shape for shape in shapes() if shape.dialect == dialect]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """So that two versions of loopwatch can be compared."""
    assert list(batches(300, SMALL)) == list(batches(300, SMALL))


def test_another_seed_gives_other_bytes() -> None:
    """A second round is no repeated delivery of the first."""
    assert next(batches(64, SMALL)) != next(batches(64, Mix(sessions=20, spans_per_batch=64, seed=2)))


def test_batches_hold_what_was_asked_for() -> None:
    """All full but the last."""
    assert [len(spans_of([body])) for body in batches(150, SMALL)] == [64, 64, 22]


def test_no_span_is_sent_twice() -> None:
    """A repeated span would be dropped, which costs less than scoring."""
    spans = spans_of(list(batches(2_000, SMALL)))

    assert len({(span.trace_id, span.span_id) for span in spans}) == 2_000


def test_every_recorded_dialect_is_in_the_mix() -> None:
    """What is read is what was recorded, by the dialects that read the recordings."""
    spans = spans_of(list(batches(5_000, Mix(sessions=98))))
    steps = [read(span) for span in spans]

    assert len({step.dialect for step in steps if step is not None}) >= len({shape.dialect for shape in shapes()}) - 3


def test_spans_of_a_trace_keep_their_tree() -> None:
    """As many parents are there as in the recording."""
    for shape in of("otel_genai"):
        spans = spans_of(list(batches(len(shape.spans), Mix(sessions=1), [shape])))
        ids = {span.span_id for span in spans}
        recorded = [[part.number for part in span.parts if is_span_id(part)] for span in shape.spans]
        parents = {number for own, *parent in recorded for number in parent}
        assert len({span.parent_id for span in spans} & ids) == len(parents & {own for own, *_ in recorded})


def is_span_id(part: bytes | Hole) -> TypeGuard[Hole]:
    return isinstance(part, Hole) and part.kind is Kind.SPAN_ID


def test_a_conversation_goes_on_over_its_turns() -> None:
    """One session id, a new trace for each turn, later than the one before."""
    (shape,) = [item for item in of("otel_genai") if item.name == "langchain"][:1]
    spans = spans_of(list(batches(3 * len(shape.spans), Mix(sessions=1), [shape])))

    assert len({span.trace_id for span in spans}) == 3
    assert len({str(span.get("gen_ai.conversation.id")) for span in spans if span.has("gen_ai.conversation.id")}) == 1
    starts = [span.start_ns for span in spans if not span.parent_id]
    assert starts == sorted(starts)


def test_a_call_id_is_the_same_wherever_its_trace_writes_it() -> None:
    """On the tool span and in the messages of the model call that asked for it."""
    langchain = next(item for item in of("otel_genai") if item.name == "langchain")
    spans = spans_of(list(batches(len(langchain.spans), Mix(sessions=1), [langchain])))
    call_ids = {str(span.get("gen_ai.tool.call.id")) for span in spans if span.has("gen_ai.tool.call.id")}

    assert call_ids
    assert all(any(item in str(span.get("gen_ai.input.messages")) for span in spans) for item in call_ids)


def test_no_recorded_id_is_left() -> None:
    """Left over, it would tie all copies of a recording into one call."""
    body = b"".join(batches(2_000, Mix(sessions=98)))

    assert b"chatcmpl-0" not in body
    assert b"ACME Corp" not in body
