"""Envelopes: what a protocol or a gateway writes around an answer is taken off, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.envelope import answer_in
from loopwatch.results import canonical_result, is_failure
from loopwatch.unwrap import unwrap_result


def protocol(text: str, call: str = "7d1c", *, failed: bool = False) -> str:
    """An answer as MCP hands it on."""
    meta = {"call": call, "elapsedMs": len(call)}
    return json.dumps({"content": [{"type": "text", "text": text}], "isError": failed, "_meta": meta})


def response(body: str, request: str = "7d1c", status: str = "200 OK") -> str:
    """An answer as HTTP hands it on."""
    return f"HTTP/1.1 {status}\r\ndate: Tue, 12 May 2026 09:01:46 GMT\r\nx-request-id: {request}\r\n\r\n{body}"


@pytest.mark.parametrize("wrap", [protocol, response])
def test_the_same_answer_in_two_envelopes_is_one_answer(wrap: object) -> None:
    """Ids and times of the envelope are no part of what the tool said, with content and for the helper alike."""
    assert callable(wrap)
    one, other = wrap("3 hits", "call-1"), wrap("3 hits", "call-22")

    assert answer_in(one) == answer_in(other) == "3 hits"
    assert canonical_result(unwrap_result(one)) == canonical_result(unwrap_result(other))


def test_envelopes_in_envelopes_are_taken_off() -> None:
    """A protocol over HTTP is two of them."""
    assert answer_in(response(protocol("3 hits"))) == "3 hits"


@pytest.mark.parametrize("text", [protocol("no such room", failed=True), response("no such room", status="404 Gone")])
def test_a_failure_that_the_envelope_tells_is_kept(text: str) -> None:
    """What was said about the failure stays, and it reads as one."""
    assert is_failure(answer_in(text))
    assert "no such room" in answer_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\ndate: now\netag: 7\n\n",
        "HTTP/2 is faster",
        '{"content": "a letter", "id": 7}',
        '{"content": [{"type": "image", "data": "aaaa"}]}',
        '{"content": [], "id": 7}',
        '{"content": [',
        '{"title": "content"}',
    ],
)
def test_what_is_no_envelope_stays_as_it_is(text: str) -> None:
    """A head without a body is itself the answer, and a document may have a field of that name."""
    assert answer_in(text) == text


@given(st.text())
def test_any_text_comes_out_of_its_envelope(text: str) -> None:
    """Whatever is said, it is the same inside and outside, and reading it never fails."""
    assert answer_in(protocol(text)) == answer_in(text.strip())
