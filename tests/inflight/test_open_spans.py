"""Which open spans are told of, when, and with which words. Time is the test's."""

import gc
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from loopwatch._counts import counts
from loopwatch.content_clock import ContentClock, set_clock
from loopwatch.open_spans import Event, OpenSpans
from loopwatch.span_words import is_model_call

S = 10**9
BASE = 10**15
"""Second 0 of the tests: the SDK takes a start at 0 for none."""
STARTED, BEAT, ENDED = "loopwatch.span.started", "loopwatch.heartbeat", "loopwatch.span.ended"
CHAT = {"gen_ai.operation.name": "chat"}


class Feed(SpanProcessor):
    """Hands spans on as a provider does."""

    def __init__(self, spans: OpenSpans) -> None:
        self.spans = spans

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        self.spans.add(span)

    def on_end(self, span: Any) -> None:
        self.spans.remove(span)


class Scene:
    """A program whose spans start at second 0, unless said otherwise."""

    def __init__(self, max_open: int = 100, max_announced: int = 10) -> None:
        self.spans = OpenSpans(5 * S, 15 * S, max_open, max_announced, common={"loopwatch.process.id": "p"})
        self.provider = TracerProvider()
        self.provider.add_span_processor(Feed(self.spans))

    def start(self, attributes: Mapping[str, Any], name: str = "s", parent: Any = None, at_s: float = 0) -> Any:
        context = None if parent is None else trace.set_span_in_context(parent)
        return self.provider.get_tracer("t").start_span(
            name, context=context, attributes=dict(attributes), start_time=BASE + int(at_s * S)
        )

    def told(self, at_s: float) -> list[str]:
        return [event.name for event in self.spans.sweep(BASE + int(at_s * S))]

    def events(self, at_s: float = 5) -> list[Event]:
        return self.spans.sweep(BASE + int(at_s * S))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_span_is_announced_after_the_grace_and_then_beats(scene: Scene) -> None:
    """At 5 s, at 20 s, at 35 s, and nothing between; after its end one word and then nothing."""
    span = scene.start(CHAT)
    assert [scene.told(at_s) for at_s in (4.9, 5, 6, 19.9)] == [[], [STARTED], [], []]
    assert [scene.told(at_s) for at_s in (20, 21, 35)] == [[BEAT], [], [BEAT]]
    span.end()
    assert [scene.told(at_s) for at_s in (36, 50, 99)] == [[ENDED], [], []]


def test_a_span_that_ends_within_the_grace_is_never_told_of(scene: Scene) -> None:
    """Most calls end soon, and cost no event."""
    scene.start(CHAT).end()
    assert scene.told(99) == []


def test_a_wall_clock_that_is_set_back_silences_nobody(scene: Scene) -> None:
    """Beats go on at their pace, and a span from before is announced; its age is never negative."""
    kept = [scene.start(CHAT, at_s=5000)]
    assert scene.told(5005) == [STARTED]
    kept.append(scene.start(CHAT, at_s=5005))
    events = scene.events(1000)
    assert [event.name for event in events] == [BEAT, STARTED]
    assert [event.attributes["loopwatch.span.age"] for event in events] == [0.0, 0.0]
    assert [scene.told(at_s) for at_s in (1014, 1015)] == [[], [BEAT, BEAT]]


def test_heartbeats_leave_together(scene: Scene) -> None:
    """Spans that were announced at different times beat in one batch."""
    kept = [scene.start(CHAT)]
    assert scene.told(5) == [STARTED]
    kept.append(scene.start(CHAT, at_s=5))
    assert scene.told(10) == [STARTED]
    assert [scene.told(at_s) for at_s in (19, 20, 25, 35)] == [[], [BEAT] * 2, [], [BEAT] * 2]
    assert len(kept) == 2


def test_an_event_says_where_its_span_stands(scene: Scene) -> None:
    """Ids of the span, its parent and the outermost open span; who it works for comes from the spans above."""
    root = scene.start({"gen_ai.operation.name": "invoke_agent", "session.id": "thread-1", "agent.name": "outer"})
    middle = scene.start({"gen_ai.agent.name": "inner", "loopwatch.job.id": "j"}, parent=root)
    span = scene.start(CHAT | {"gen_ai.request.model": "m", "gen_ai.system": "openai"}, "chat m", middle, at_s=1.5)
    first, event = scene.events(7)

    assert first.attributes["gen_ai.agent.name"] == "outer"
    assert "loopwatch.span.parent_id" not in first.attributes
    assert event.context == span.get_span_context()
    assert event.attributes == {
        "gen_ai.conversation.id": "thread-1",
        "gen_ai.agent.name": "inner",
        "loopwatch.job.id": "j",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.provider.name": "openai",
        "loopwatch.span.name": "chat m",
        "loopwatch.span.parent_id": trace.format_span_id(middle.get_span_context().span_id),
        "loopwatch.span.root_id": trace.format_span_id(root.get_span_context().span_id),
        "loopwatch.span.age": 5.5,
        "loopwatch.process.id": "p",
    }


def test_a_remote_parent_is_named_and_the_process_is_the_root(scene: Scene) -> None:
    """A worker that another process called is the outermost here."""
    remote = trace.NonRecordingSpan(trace.SpanContext(1, 2, True, trace.TraceFlags(1)))
    span = scene.start(CHAT, parent=remote)
    (event,) = scene.events()
    assert event.attributes["loopwatch.span.parent_id"] == "0000000000000002"
    assert event.attributes["loopwatch.span.root_id"] == trace.format_span_id(span.get_span_context().span_id)


def test_what_is_set_later_is_said_later(scene: Scene) -> None:
    """Some instrumentations set the model, or even the mark of a GenAI span, after the start."""
    span = scene.start({})
    assert scene.told(6) == []
    span.set_attribute("gen_ai.operation.name", "chat")
    assert scene.told(7) == [STARTED]
    span.set_attribute("gen_ai.request.model", "m")
    (beat,) = scene.events(22)
    assert beat.attributes["gen_ai.request.model"] == "m"


def test_an_abandoned_span_is_told_apart_from_one_that_ended(scene: Scene) -> None:
    """A span that nobody holds any more will never be exported, and takes no memory here."""
    ended, abandoned = scene.start(CHAT), scene.start(CHAT)
    scene.told(5)
    ended.end()
    del abandoned
    gc.collect()
    outcomes = {event.attributes["loopwatch.span.outcome"] for event in scene.events(6)}
    assert outcomes == {"ended", "abandoned"}
    assert not scene.spans._open
    assert not scene.spans.announced


def test_more_spans_than_may_be_open_are_counted() -> None:
    """The oldest are followed, the rest is a number; when one ends there is room again."""
    scene = Scene(max_open=2)
    kept = [scene.start(CHAT) for _ in range(5)]
    assert scene.told(5) == [STARTED] * 2
    assert counts() == {"span_not_followed": 3}
    kept[0].end()
    kept.append(scene.start(CHAT, at_s=5))
    assert scene.told(11) == [ENDED, STARTED]


def test_more_spans_than_may_be_announced_are_counted() -> None:
    """Events are bounded as well, for a process with very many calls at a time."""
    scene = Scene(max_announced=2)
    kept = [scene.start(CHAT) for _ in range(5)]
    assert [scene.told(at_s) for at_s in (5, 6)] == [[STARTED] * 2, []]
    assert counts() == {"span_not_announced": 3}
    kept[0].end()
    assert scene.told(7) == [ENDED, STARTED]
    assert counts() == {"span_not_announced": 3}


class RecordOnly(Sampler):
    """Records every span and samples none."""

    def should_sample(self, *_: Any, **__: Any) -> SamplingResult:
        return SamplingResult(Decision.RECORD_ONLY)

    def get_description(self) -> str:
        return "record only"


def test_a_span_that_is_not_sampled_is_not_told_of() -> None:
    """Nobody will ever see it end."""
    scene = Scene()
    scene.provider = TracerProvider(sampler=RecordOnly())
    scene.provider.add_span_processor(Feed(scene.spans))
    span = scene.start(CHAT)
    assert span.is_recording()
    assert scene.told(99) == []


def test_a_streams_clock_is_on_its_events(scene: Scene) -> None:
    """Without a stream nothing is said of one; with a clock, how long it has been silent, and how much came."""
    span = scene.start(CHAT)
    (event,) = scene.events()
    assert "loopwatch.stream.current_gap" not in event.attributes
    now = [0.0]
    clock = ContentClock(lambda: now[0])
    set_clock(span, clock)
    clock.asked()
    clock.arrived(3)
    clock.asked()
    now[0] = 42.0
    (event,) = scene.events(20)
    assert (event.attributes["loopwatch.stream.current_gap"], event.attributes["loopwatch.stream.chunks"]) == (42.0, 3)


def test_chunk_events_are_a_clock_where_there_is_none(scene: Scene) -> None:
    """OpenLLMetry adds an event for each chunk; of long streams the SDK keeps the last 128."""
    span = scene.start(CHAT)
    for number in range(200):
        span.add_event("llm.content.completion.chunk", timestamp=BASE + number * S // 100)
    span.add_event("something else", timestamp=BASE + 3 * S)
    (event,) = scene.events(11.99)
    assert event.attributes["loopwatch.stream.current_gap"] == pytest.approx(10.0)
    assert event.attributes["loopwatch.stream.chunks"] == 200


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"gen_ai.operation.name": "execute_tool"}, "execute_tool"),
        ({"gen_ai.operation.name": "something_new"}, "something_new"),
        ({"openinference.span.kind": "LLM"}, "chat"),
        ({"openinference.span.kind": "TOOL"}, "execute_tool"),
        ({"openinference.span.kind": "AGENT"}, "invoke_agent"),
        ({"openinference.span.kind": "CHAIN"}, "invoke_workflow"),
        ({"traceloop.span.kind": "workflow"}, "invoke_workflow"),
        ({"traceloop.span.kind": "tool"}, "execute_tool"),
        ({"llm.request.type": "completion"}, "text_completion"),
        ({"langfuse.observation.type": "generation"}, "chat"),
        ({"langsmith.span.kind": "llm"}, "chat"),
        ({"mcp.method.name": "tools/call"}, "execute_tool"),
        ({"gen_ai.system": "openai", "gen_ai.request.model": "m"}, "chat"),
    ],
)
def test_spans_of_every_instrumentation_are_known(scene: Scene, attributes: Any, operation: str) -> None:
    """Each library's own mark is an official operation on the event."""
    span = scene.start(attributes)
    (event,) = scene.events()
    assert event.attributes["gen_ai.operation.name"] == operation
    assert span.is_recording()


@pytest.mark.parametrize(
    "attributes",
    [{}, {"http.request.method": "POST"}, {"traceloop.span.kind": "task"}, {"mcp.method.name": "tools/list"}],
)
def test_other_spans_are_not_told_of(scene: Scene, attributes: Any) -> None:
    """A web request, a step of a workflow and a listing of tools are nobody's call."""
    span = scene.start(attributes)
    assert scene.told(99) == []
    assert span.is_recording()


def test_a_chain_inside_another_span_is_not_told_of(scene: Scene) -> None:
    """Only the outermost stands for the run."""
    root = scene.start({"openinference.span.kind": "CHAIN"})
    inner = scene.start({"openinference.span.kind": "CHAIN"}, parent=root)
    assert scene.told(5) == [STARTED]
    assert inner.is_recording()


@pytest.mark.parametrize(
    ("attributes", "tool"),
    [
        ({"openinference.span.kind": "TOOL", "tool.name": "search"}, "search"),
        ({"traceloop.span.kind": "tool", "traceloop.entity.name": "search"}, "search"),
        ({"langsmith.span.kind": "tool"}, "s"),
    ],
)
def test_a_tool_is_named(scene: Scene, attributes: Any, tool: str) -> None:
    """By its instrumentation's attribute, else by its span."""
    span = scene.start(attributes)
    (event,) = scene.events()
    assert event.attributes["gen_ai.tool.name"] == tool
    assert span.is_recording()


@pytest.mark.parametrize(
    ("operation", "is_one"),
    [("chat", True), ("generate_content", True), ("new", True), ("execute_tool", False), ("embeddings", False)],
)
def test_model_calls_are_told_from_other_work(operation: str, is_one: bool) -> None:
    """Only they have a stream of their own."""
    assert is_model_call({"gen_ai.operation.name": operation}) is is_one
