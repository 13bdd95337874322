"""What agents say is never in a snapshot, and no secret is: names, ids, hashes, counts and sums are."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.shared import needs_recordings
from tests.snapshot.lives import beside, names, pipeline, requests, texts

SECRET = "sk-live-4f9a8b7c6d5e4f3a2b1c"
_CONTENT = re.compile(
    r"argument|\.result|\.content|message|prompt|completion|input\.value|output\.value|description|instruction|"
    r"metadata|^input$|^output$|^error$|\.text|parameters|tools|choice|exception"
)


def strings(data: Any) -> list[str]:
    if isinstance(data, str):
        return [data]
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    keys = list(data) if isinstance(data, dict) else []
    return [text for item in (*keys, *inner) for text in strings(item)]


def test_texts_arguments_results_and_messages_stay_outside() -> None:
    """A secret in every place where an emitter puts content, under the convention's names and others'."""
    values = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": "call_0",
        "gen_ai.agent.name": "researcher",
        "gen_ai.conversation.id": "conversation",
        "gen_ai.tool.call.arguments": f'{{"key": "{SECRET}"}}',
        "gen_ai.tool.call.result": SECRET,
        "gen_ai.tool.description": SECRET,
        "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text","content":"{SECRET}"}}]}}]',
        "gen_ai.output.messages": f'[{{"role":"assistant","parts":[{{"type":"text","content":"{SECRET}"}}]}}]',
        "error.type": "ValueError",
        "user.email": SECRET,
    }
    line = pipeline()
    for number, operation in enumerate(("execute_tool", "chat", "invoke_agent", "")):
        request = ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add()
        span.trace_id, span.span_id, span.name = b"t" * 16, bytes([number + 1]) * 8, SECRET if not operation else "x"
        span.start_time_unix_nano, span.end_time_unix_nano = 1, 2
        span.status.code, span.status.message = 2, f"refused: {SECRET}"
        for key, value in (values | {"gen_ai.operation.name": operation}).items():
            span.attributes.add(key=key).value.string_value = value
        line.feed_traces(request.SerializeToString(), 1.0)
        if not operation:  # the same span again, all that is known of a trace
            span.trace_id, span.parent_span_id = b"b" * 16, b"p" * 8
            line.feed_traces(request.SerializeToString(), 1.0)
    written = [*texts(line.sessions), beside(line.sessions)]
    assert (b"b" * 16).hex() in written[-1]
    assert "researcher" in "".join(written)
    assert SECRET not in "".join(written)


@needs_recordings
@pytest.mark.parametrize("name", names())
def test_no_string_of_a_recording_that_is_content_is_kept(name: str) -> None:
    """Of every instrumentation: no value of an attribute for content is in what is written, whole or as a part."""
    line = pipeline()
    said: set[str] = set()
    for item in requests(name):
        line.feed_traces(item.body, 1.0)
        for part in ExportTraceServiceRequest.FromString(item.body).resource_spans:
            spans = (span for scope in part.scope_spans for span in scope.spans)
            said.update(
                pair.value.string_value for span in spans for pair in span.attributes if _CONTENT.search(pair.key)
            )
    kept = "\n".join(text for one in texts(line.sessions) for text in strings(orjson.loads(one)))
    long = {text for text in said if len(text) >= 24 and " " in text}
    assert not [text for text in long if text in kept]
