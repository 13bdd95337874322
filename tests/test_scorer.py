"""The scorer as intake: when a request is owned, and what becomes of verdicts that did not arrive."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch.attributes import LOOPWATCH_HEALTH
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.errors import Busy, RefusedDownstream, Undecodable
from loopwatch_processor.incident import Change
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.intake import Receipt, Signal
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.sinks.base import Sinks
from loopwatch_processor.sinks.otlp import ForwardLimits, OtlpForwarder
from loopwatch_processor.sinks.otlp_answer import Delivered, Refused, TryAgain
from loopwatch_processor.telemetry import Telemetry
from tests.sinks.scripted import Scripted

BUDGET: dict[str, Any] = {"budgets": {"per_session": {"max_tool_calls": 2}}}
INLINE: dict[str, Any] = {**BUDGET, "forward": {"endpoint": "http://127.0.0.1:4317"}}


def body(*, calls: int = 1, first: int = 1) -> bytes:
    """*calls* tool calls of one session, each in a trace of its own; the third is over `BUDGET`."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(first, first + calls):
        span = spans.add(trace_id=bytes([number]) * 16, span_id=bytes([number]) * 8, name="execute_tool search")
        span.start_time_unix_nano, span.end_time_unix_nano = number * 10**9, (number + 1) * 10**9
        for key, value in (
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", "search"),
            ("gen_ai.conversation.id", "c"),
        ):
            span.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


def tool_calls(pipeline: Pipeline) -> int:
    """Those that were scored."""
    return sum(session.totals.tool_calls for session in pipeline.sessions.open.values())


def taken_bytes(telemetry: Telemetry) -> float:
    """The bytes of traces that were counted as taken."""
    return telemetry.registry.get_sample_value("loopwatch_requests_received_bytes_total", {"signal": "traces"}) or 0.0


class Inline:
    """A scorer before a scripted downstream, behind the door that the servers use."""

    def __init__(self, *answers: Any, limits: ForwardLimits | None = None) -> None:
        self.script = Scripted(list(answers))
        self.script.open.set()
        self.forwarder = OtlpForwarder(self.script, limits)
        self.pipeline = pipeline = build_pipeline(Config(**INLINE))
        self.telemetry = pipeline.telemetry
        sinks = Sinks([], pipeline.telemetry)
        scorer = Scorer(pipeline, sinks, pipeline.telemetry, lambda: 0.0, forwarder=self.forwarder, retry_after_s=3.0)
        self.faults: list[Exception] = []
        self.door = Admission(scorer, AdmissionLimits(), lambda _signal, fault: self.faults.append(fault))

    async def accept(self, request: bytes, signal: Signal = Signal.traces) -> Receipt:
        """What a server would answer."""
        return await self.door.accept(signal, lambda: request)

    def health(self) -> list[list[str]]:
        """By forwarded request, the trace ids (first byte) of spans that carry a verdict."""
        return [
            [
                span.trace_id.hex()[:2]
                for span in ExportTraceServiceRequest.FromString(sent).resource_spans[0].scope_spans[0].spans
                if any(pair.key == LOOPWATCH_HEALTH for pair in span.attributes)
            ]
            for _, sent in self.script.sent
        ]


def test_beside_a_collector_a_request_is_owned_once_it_is_scored() -> None:
    """As a tee the receipt is there at once."""
    pipeline = build_pipeline(Config())
    scorer = Scorer(pipeline, Sinks([], pipeline.telemetry), pipeline.telemetry, lambda: 0.0)
    assert scorer.accept(Signal.traces, body()) == Receipt()
    assert len(pipeline.sessions.open) == 1
    assert taken_bytes(pipeline.telemetry) == len(body())


def test_a_small_request_does_not_wait_for_a_large_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of very many spans is scored in slices, and whole by the time of its answer; probes get in between."""
    monkeypatch.setattr("loopwatch_processor.pipeline.SLICE", 10)

    async def run() -> None:
        pipeline = build_pipeline(Config())
        scorer = Scorer(pipeline, Sinks([], pipeline.telemetry), pipeline.telemetry, lambda: 0.0)
        door = Admission(scorer, AdmissionLimits())
        large = asyncio.create_task(door.accept(Signal.traces, lambda: body(calls=250)))
        small = asyncio.create_task(door.accept(Signal.traces, lambda: body(first=251)))
        await asyncio.wait({large, small}, return_when=asyncio.FIRST_COMPLETED)
        assert (small.done(), large.done()) == (True, False)
        assert await large == Receipt()
        assert tool_calls(pipeline) == 251

    asyncio.run(run())


def test_what_a_large_request_changes_is_kept_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each slice tells its changes at once, and says that more may come; the end says that nothing does."""
    monkeypatch.setattr("loopwatch_processor.pipeline.SLICE", 10)
    heard: list[tuple[int, bool]] = []

    def hear(changes: list[Change], more: bool) -> asyncio.Future[None]:
        heard.append((len(changes), more))
        told = asyncio.get_running_loop().create_future()
        told.set_result(None)
        return told

    async def run(request: bytes) -> None:
        pipeline = build_pipeline(Config(**BUDGET))
        scorer = Scorer(pipeline, Sinks([], pipeline.telemetry), pipeline.telemetry, lambda: 0.0, on_changes=hear)
        await Admission(scorer, AdmissionLimits()).accept(Signal.traces, lambda: request)

    asyncio.run(run(body(calls=50)))
    assert [more for _, more in heard] == [True] * (len(heard) - 1) + [False]
    assert heard[0][0]
    assert len(heard) > 1
    heard.clear()
    asyncio.run(run(body(calls=3)))
    assert [(count > 0, more) for count, more in heard] == [(True, False)]
    heard.clear()
    asyncio.run(run(body(calls=1)))
    assert heard == []


def test_a_large_request_whose_sender_goes_away_has_said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is forwarded; when it is sent again its verdicts are written, and no span is scored twice."""
    monkeypatch.setattr("loopwatch_processor.pipeline.SLICE", 10)

    async def run() -> None:
        inline, request = Inline(), body(calls=50)
        gone = asyncio.create_task(inline.accept(request))
        while not tool_calls(inline.pipeline):
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait({gone})
        assert 0 < tool_calls(inline.pipeline) < 50
        assert inline.script.sent == []
        assert await inline.accept(request) == Receipt()
        assert tool_calls(inline.pipeline) == 50
        (stamped,) = inline.health()
        assert len(stamped) == 50

    asyncio.run(run())


def test_in_line_the_answer_waits_for_the_downstream_and_others_do_not() -> None:
    """While one request is on its way the next one is scored and sent."""

    async def run() -> None:
        inline = Inline()
        inline.script.open.clear()
        first, second = (asyncio.create_task(inline.accept(body(first=number))) for number in (1, 2))
        while inline.forwarder.in_flight < 2:
            await asyncio.sleep(0)
        assert not first.done()
        inline.script.open.set()
        assert list(await asyncio.gather(first, second)) == [Receipt(), Receipt()]

    asyncio.run(run())


def test_the_downstreams_partial_success_reaches_the_sender() -> None:
    """What it rejected, the sender hears."""
    assert asyncio.run(Inline(Delivered(2, "too old")).accept(body())) == Receipt(2, "too old")


@pytest.mark.parametrize(("after_s", "told_s"), [(None, 3.0), (7.0, 7.0)])
def test_a_downstream_that_is_away_makes_the_sender_keep_its_data(after_s: float | None, told_s: float) -> None:
    """Busy with the downstream's wish, or our own default."""
    with pytest.raises(Busy) as raised:
        asyncio.run(Inline(TryAgain("down", after_s)).accept(body()))
    assert raised.value.retry_after_s == told_s


def test_what_the_downstream_refuses_for_good_is_refused_to_the_sender() -> None:
    """Sending it again would not help, and it is no fault of ours."""
    inline = Inline(Refused("http_400", "HTTP 400: no"))
    with pytest.raises(RefusedDownstream, match="HTTP 400: no"):
        asyncio.run(inline.accept(body()))
    assert inline.faults == []
    assert taken_bytes(inline.telemetry) == 0


def test_an_undecodable_request_is_not_forwarded() -> None:
    """The sender's own fault ends here."""
    inline = Inline()
    with pytest.raises(Undecodable):
        asyncio.run(inline.accept(b"\xff\xff"))
    assert inline.script.sent == []


def test_too_much_on_its_way_is_busy_and_not_scored() -> None:
    """A request that cannot be sent is not looked at."""

    async def run() -> None:
        inline = Inline(limits=ForwardLimits(requests_max=1))
        inline.script.open.clear()
        waiting = asyncio.create_task(inline.accept(body()))
        while not inline.forwarder.in_flight:
            await asyncio.sleep(0)
        with pytest.raises(Busy):
            await inline.accept(body(first=2))
        inline.script.open.set()
        await waiting
        assert len(inline.script.sent) == 1

    asyncio.run(run())


def test_a_sender_that_goes_away_loses_nothing() -> None:
    """What was scored still arrives."""

    async def run() -> None:
        inline = Inline()
        inline.script.open.clear()
        sender = asyncio.create_task(inline.accept(body()))
        while not inline.forwarder.in_flight:
            await asyncio.sleep(0)
        sender.cancel()
        await asyncio.wait([sender])
        inline.script.open.set()
        await inline.forwarder.close(30)
        assert inline.script.sent == [(Signal.traces, body())]

    asyncio.run(run())


@pytest.mark.parametrize("failure", [TryAgain("down"), RuntimeError("bug")])
def test_a_verdict_that_did_not_arrive_is_written_on_the_next_try(failure: Any) -> None:
    """The spans of a retry were scored before, and still carry what was found; what arrived is not said twice."""

    async def run() -> Inline:
        inline = Inline(failure)
        with pytest.raises(Busy):
            await inline.accept(body(calls=3))
        await inline.accept(body(calls=3))
        await inline.accept(body(calls=3))
        return inline

    failed, again, repeated = asyncio.run(run()).health()
    assert failed == ["02", "03"]
    assert again == ["01", "02", "03"]
    assert repeated == []
