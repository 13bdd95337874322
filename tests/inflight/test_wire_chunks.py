"""Content in the bytes of a streamed answer, however they are cut."""

import base64
import gzip
import itertools
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.wire_chunks import Chunks, chunks_of
from tests.inflight.hanging import ENDS, EVENTS, sse

SSE = "text/event-stream; charset=utf-8"
AWS = "application/vnd.amazon.eventstream"


def reader(content_type: str = SSE, encoding: str = "") -> Chunks:
    """The reader of an answer of that type."""
    found = chunks_of(content_type, encoding)
    assert found is not None
    return found


def whole(dialect: str, tokens: int = 7) -> bytes:
    """A whole answer."""
    return b"".join([*EVENTS[dialect](tokens), *ENDS[dialect](0)])


def aws(payload: Any, **headers: str) -> bytes:
    """One message as AWS frames it."""
    head = b"".join(
        bytes([len(name) + 1]) + b":" + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in ((name.replace("_", "-"), value) for name, value in headers.items())
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    framed = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return framed + struct.pack(">I", zlib.crc32(framed))


def invoke(document: Any) -> bytes:
    """An event of InvokeModelWithResponseStream: the model's own document, in base64."""
    given = {"bytes": base64.b64encode(json.dumps(document).encode()).decode()}
    return aws(given, message_type="event", event_type="chunk")


CONVERSE = b"".join(
    [
        aws({"role": "assistant"}, message_type="event", event_type="messageStart"),
        *[aws({"delta": {"text": "w"}}, message_type="event", event_type="contentBlockDelta")] * 7,
        aws({"stopReason": "end_turn"}, message_type="event", event_type="messageStop"),
        aws({"usage": {"outputTokens": 7}}, message_type="event", event_type="metadata"),
    ]
)
INVOKE = b"".join(
    [
        invoke({"type": "message_start", "message": {}}),
        *[invoke({"type": "content_block_delta", "delta": {"text": "w"}})] * 7,
        invoke({"type": "message_stop"}),
    ]
)
WHOLE = {
    "chat": (SSE, whole("chat")),
    "responses": (SSE, whole("responses")),
    "messages": (SSE, whole("messages")),
    "lines": ("application/x-ndjson", whole("lines")),
    "converse": (AWS, CONVERSE),
    "invoke": (AWS, INVOKE),
}


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 2000), max_size=8))
def test_where_the_bytes_are_cut_makes_no_difference(kind: str, cuts: list[int]) -> None:
    """Seven tokens and an end are seen in every dialect, in whatever parts they come."""
    content_type, body = WHOLE[kind]
    chunks = reader(content_type)
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    assert sum(chunks.feed(body[a:b]) for a, b in itertools.pairwise(edges)) == 7
    assert chunks.is_ended
    assert chunks.shows_end


@given(st.binary(max_size=300), st.sampled_from([SSE, "application/jsonl", AWS]), st.sampled_from(["", "gzip", "br"]))
def test_no_bytes_break_a_reader(data: bytes, content_type: str, encoding: str) -> None:
    """Whatever comes is read or counted as content, never raised."""
    chunks = reader(content_type, encoding)
    assert all(chunks.feed(data[i : i + 7]) >= 0 for i in range(0, len(data), 7))


_NAMES = [
    "type",
    "choices",
    "delta",
    "candidates",
    "content",
    "done",
    "message",
    "messageStop",
    "error",
    "finish_reason",
]
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(_DOCUMENTS, st.binary(max_size=40))
def test_no_document_breaks_a_reader(document: Any, tail: bytes) -> None:
    """Known names with unheard-of values, in each of the three framings, and headers of AWS that make no sense."""
    text = json.dumps(document).encode()
    assert reader().feed(b"data: " + text + b"\n\n") in (0, 1)
    assert reader("application/jsonl").feed(text + b"\n") in (0, 1)
    frame = struct.pack(">III", 16 + len(tail) + len(text), len(tail), 0) + tail + text + b"\0\0\0\0"
    assert reader(AWS).feed(invoke(document) + frame) in (0, 1, 2)


def test_nesting_without_end_is_content() -> None:
    """A document that is too deep to be read is there all the same."""
    assert reader().feed(b"data: " + b"[" * 100_000 + b"\n\n") == 1


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard_is_known(line_end: bytes) -> None:
    """Line feed, carriage return and both, also where they are cut apart."""
    chunks = reader()
    body = whole("chat").replace(b"\n", line_end)
    assert sum(chunks.feed(body[i : i + 1]) for i in range(len(body))) == 7
    assert chunks.is_ended


@pytest.mark.parametrize(
    "quiet",
    [
        b": keep-alive\n\n",
        b"event: ping\ndata: {}\n\n",
        b'data: {"type": "ping"}\n\n',
        b"retry: 3000\n\n",
        b"id: 7\n\n",
        b"\n\n",
        b"data:\n\n",
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
        b'data: {"error": {"message": "no"}}\n\n',
        b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n',
        b'data: {"choices": [{"delta": {"conte',
    ],
)
def test_what_brings_nothing_is_no_content(quiet: bytes) -> None:
    """Comments, pings, errors, usage, and half an event."""
    assert reader().feed(quiet) == 0


@pytest.mark.parametrize(
    "loud",
    [
        b"data: words\n\n",
        b'data: {"new": "shape"}\n\n',
        b'data: {"candidates": [{"content": {"parts": [{"text": "w"}]}}]}\n\n',
        b'data: {"choices": [{"delta":\ndata: {"content": "w"}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}\n\n',
    ],
)
def test_what_brings_something_is_content(loud: bytes) -> None:
    """Known shapes with content, data over two lines, and whatever nobody knows."""
    assert reader().feed(loud) == 1


def test_a_cut_answer_shows_no_end() -> None:
    """Without the last event the answer is known to be one that should have had it."""
    chunks = reader()
    chunks.feed(b"".join(EVENTS["messages"](3)))
    assert (chunks.is_ended, chunks.shows_end) == (False, True)


def test_an_event_that_is_too_large_to_read_is_content() -> None:
    """An image in one line takes bounded memory and counts as one chunk; the next event is read again."""
    chunks = reader()
    assert sum(chunks.feed(part) for part in (b"data: ", *[b"x" * 100_000] * 5, b"\n\n")) == 1
    assert chunks.feed(sse({"type": "ping"})) == 0


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_compressed_answers_are_unpacked(pack: Any) -> None:
    """gzip and deflate are read as they come."""
    packed = pack(whole("chat"))
    chunks = reader(SSE, "gzip" if pack is gzip.compress else "deflate")
    assert sum(chunks.feed(packed[i : i + 5]) for i in range(0, len(packed), 5)) == 7
    assert chunks.is_ended


def test_what_cannot_be_unpacked_is_content() -> None:
    """A stream that cannot be read is never a silent one."""
    assert reader(SSE, "br").feed(b"\x00\x01") == 1
    assert reader(SSE, "gzip").feed(b"no gzip at all, by far") == 1
    assert reader(AWS).feed(b"no frame of the kind" * 3) >= 1


def test_an_exception_of_bedrock_is_no_content() -> None:
    """The service's own errors come as messages as well."""
    message = aws({"message": "throttled"}, message_type="exception", exception_type="throttlingException")
    assert reader(AWS).feed(message) == 0


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "", "application/octet-stream"])
def test_other_answers_are_no_streams(content_type: str) -> None:
    """One document is not made of chunks."""
    assert chunks_of(content_type, "") is None
