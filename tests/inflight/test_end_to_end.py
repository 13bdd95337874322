"""From an open span in a real process to events at a Collector's door."""

import threading
from collections.abc import Iterator

from opentelemetry.sdk.trace import TracerProvider

import loopwatch
from loopwatch import inflight
from tests.inflight.collector import Collector, Told
from tests.semconv.wire import MODEL, misfits, missing, undeclared


def test_a_stream_that_hangs_is_told_of_while_it_hangs(provider: TracerProvider, logs: Collector) -> None:
    """After its third chunk a stream is silent: heartbeats say for how long, until it goes on and the call ends."""
    inflight.install(grace_s=0.05, interval_s=0.1, endpoint=logs.endpoint, http=False)
    go_on = threading.Event()

    def chunks() -> Iterator[str]:
        yield from "abc"
        go_on.wait(60)

    def work() -> None:
        with (
            loopwatch.session("planner", conversation_id="c-1", agent_type="research"),
            loopwatch.model_call("gpt-x", provider="openai"),
        ):
            for _ in loopwatch.stream(chunks()):
                pass

    agent = threading.Thread(target=work)
    agent.start()
    told = logs.wait_for(lambda told: len(_of(told, "loopwatch.heartbeat", "chat")) >= 3)
    go_on.set()
    agent.join()
    told = logs.wait_for(lambda told: len(_of(told, "loopwatch.span.ended")) == 2)

    beats = _of(told, "loopwatch.heartbeat", "chat")
    gaps_s = [beat.attributes["loopwatch.stream.current_gap"] for beat in beats]
    assert gaps_s == sorted(gaps_s)
    assert gaps_s[-1] > 0.2
    assert {beat.attributes["loopwatch.stream.chunks"] for beat in beats} == {3}
    (agent_span,) = _of(told, "loopwatch.span.started", "invoke_agent")
    (call,) = _of(told, "loopwatch.span.started", "chat")
    assert call.trace_id == agent_span.trace_id
    assert (
        call.attributes["loopwatch.span.parent_id"] == call.attributes["loopwatch.span.root_id"] == agent_span.span_id
    )
    assert call.attributes["gen_ai.conversation.id"] == "c-1"
    assert call.resource["service.name"] == "agents"
    for event in told:
        item = MODEL.items["events"][event.name]
        assert (undeclared(event.attributes, item), missing(event.attributes, item, "required")) == (set(), set())
        assert misfits(event.attributes) == {}
        assert event.severity == "DEBUG"


def _of(told: list[Told], name: str, operation: str | None = None) -> list[Told]:
    return [
        event for event in told if event.name == name and operation in (None, event.attributes["gen_ai.operation.name"])
    ]
