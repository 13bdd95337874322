"""Messages that left as hash and sketch: calls, results and texts compare as their content did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.chanting import repeats_in
from loopwatch.redact import Redactor
from loopwatch.sketch import Sketcher
from loopwatch.words import jaccard, text_words
from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects import chat_json, messages
from loopwatch_processor.dialects.stand_ins import sketched_result, text_of, tool_call
from loopwatch_processor.step import Conversation, ToolCall, ToolResult

REDACTOR = Redactor(Sketcher(b"key"))
LONG = "the quarterly report of ACME lists revenue cost margin and headcount for each region and every product line "


def _sent(said: list[dict[str, Any]]) -> str:
    """*said* as it leaves the process."""
    return REDACTOR.messages(json.dumps(said))


def _conversation(inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> Conversation:
    found = messages.conversation(messages.from_json(_sent(inputs)), messages.from_json(_sent(outputs)))
    assert found is not None
    return found


@pytest.mark.parametrize("as_text", [False, True])
def test_a_call_is_read_from_its_stand_in(as_text: bool) -> None:
    """As an object or as JSON text: hash, sketch and class are set, and the arguments are unknown."""
    stand_in: Any = REDACTOR.arguments({"query": "annual report of ACME"})
    call = tool_call("search", "call_1", json.dumps(stand_in) if as_text else stand_in)

    assert call == ToolCall(
        "search",
        "call_1",
        arguments=None,
        arguments_hash=stand_in["loopwatch.hash"],
        arguments_sketch=stand_in["loopwatch.sketch"],
        arguments_class="prose",
    )


def test_a_call_knows_all_that_its_stand_in_tells() -> None:
    """Skeleton, names and effect as well, and the kind of its answer."""
    command = tool_call("sh", "", REDACTOR.arguments({"command": "head -c 5 /var/log/app.log | tail"}))
    task = tool_call("ask", "", REDACTOR.arguments({"task": "please write to Anna Schmidt of ACME Corp"}))
    answer = sketched_result("", REDACTOR.result("Error: no such file"), "sh")

    assert (command.arguments_effect, command.arguments_names) == ("read", "")
    assert command.arguments_skeleton not in ("", command.arguments_hash)
    assert (task.arguments_effect, len(task.arguments_names), task.arguments_skeleton) == ("", 8, "")
    assert answer is not None
    assert command.answered(answer).result_class == "error"


def test_a_call_with_its_arguments_stays_as_it_is() -> None:
    """Content is content, even where it holds a field of a stand-in's name."""
    said = {"loopwatch.hash": "h", "query": "x"}

    assert tool_call("search", "", said).arguments == '{"loopwatch.hash":"h","query":"x"}'
    assert tool_call("search", "", None).arguments is None


SHAPES = (
    {"role": "tool", "tool_call_id": "call_1", "content": "nothing found"},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "nothing found"}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "nothing found"}]},
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "nothing found"}]}
        ],
    },
    {"role": "user", "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "nothing found"}]}}]},
)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_result_is_read_from_its_stand_in(shape: dict[str, Any]) -> None:
    """In the shapes of OpenAI, the GenAI convention, Anthropic and Bedrock: hash and sketch, no text."""
    (returned,) = _conversation([shape], [{"role": "assistant", "content": "sorry"}]).returned
    expected = REDACTOR.result("nothing found")

    assert returned == ToolResult("call_1", "", "", expected["loopwatch.hash"], expected["loopwatch.sketch"])


def test_a_result_in_several_pieces_is_text_that_compares() -> None:
    """There is no hash of the whole, but equal pieces stay equal and others do not."""

    def result(*texts: str) -> ToolResult:
        blocks = [{"type": "text", "text": text} for text in texts]
        said: list[dict[str, Any]] = [{"role": "tool", "tool_call_id": "call_1", "content": blocks}]
        return _conversation(said, [{"role": "assistant", "content": "ok"}]).returned[0]

    assert result("one page", "and two") == result("one page", "and two")
    assert result("one page", "and two") != result("one page", "and three")
    assert result("one page", "and two").text


def test_no_stand_in_is_no_sketched_result() -> None:
    """Results with their content are read elsewhere."""
    others: tuple[Any, ...] = ("text", {"results": []}, [{"type": "text", "text": "a"}], None, [])
    for said in others:
        assert sketched_result("call_1", said, "") is None


def test_a_call_that_was_asked_for_knows_its_sketched_result() -> None:
    """A call recovered from messages carries hash and sketch of its answer instead of a text."""
    call = ToolCall("search", "call_1", arguments_hash="a")

    sketched = call.answered(ToolResult("call_1", "", "search", "h", "s"))
    plain = call.answered(ToolResult("call_1", "", "search"))
    assert (sketched.result, sketched.result_hash, sketched.result_sketch, sketched.recovered) == (None, "h", "s", True)
    assert (plain.result, plain.result_hash) == ("", "")


def test_calls_without_a_root_are_still_chained() -> None:
    """The next call goes on from the history that the last one left, under one key; another text's does not."""
    asked: list[dict[str, Any]] = [{"role": "user", "content": "What was the revenue of ACME?"}]
    called = {
        "role": "assistant",
        "content": "I will search",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"q": "ACME"}'}}],
    }
    answered = {"role": "tool", "tool_call_id": "1", "content": "12.1M"}

    first = _conversation(asked, [called])
    second = _conversation([*asked, called, answered], [{"role": "assistant", "content": "It was 12.1M"}])
    other = _conversation([{"role": "user", "content": "And that of Initech?"}], [called])

    assert first.leaves == second.continues != ()
    assert first.leaves != other.leaves


def test_histories_that_differ_in_arguments_only_are_not_one() -> None:
    """The hash of a call's arguments is part of the history."""

    def left(query: str) -> tuple[str, ...]:
        function = {"name": "search", "arguments": json.dumps({"q": query})}
        call = {"role": "assistant", "content": "ok", "tool_calls": [{"type": "function", "function": function}]}
        return _conversation([{"role": "user", "content": "go on"}], [call]).leaves

    assert left("ACME") == left("ACME") != left("Initech")


def test_a_whole_attribute_that_is_text_stays_a_text() -> None:
    """A prompt and an answer without any structure are the user's and the model's words."""
    prompt, answer = REDACTOR.messages("find the report"), REDACTOR.messages("here it is")

    assert messages.from_json(prompt) == chat_json.request(prompt) == [Message("user", text_of(prompt))]
    assert chat_json.response(answer).messages() == [Message("assistant", text_of(answer))]


def test_a_text_compares_as_it_did_with_its_content() -> None:
    """Short ones by their words, long ones by a sketch of them; the hash tells apart what sounds alike."""

    def alike(left: str, right: str) -> float:
        return jaccard(*(text_words(text_of(REDACTOR.text(text))) for text in (left, right)))

    assert alike("find the annual report of ACME", "the annual report of ACME, find it!") == 1.0
    assert alike("find the annual report of ACME", "book a room in Lima") == 0.0
    assert alike(LONG * 3 + "in May", LONG * 3 + "in June") > 0.7
    assert alike(LONG, " ".join(str(number) for number in range(40))) < 0.2
    assert text_of(REDACTOR.text("Yes.")) != text_of(REDACTOR.text("yes"))


def test_a_text_that_chants_still_does() -> None:
    """Its piece stands there as often as it was said, up to 32 times; other texts have none."""
    chant = "It is done and I will now mark all of it as complete. "

    assert repeats_in(text_of(REDACTOR.text(chant * 11))) == 11
    assert repeats_in(text_of(REDACTOR.text(chant * 99))) == 32
    assert repeats_in(text_of(REDACTOR.text(LONG + chant))) <= 1


@given(left=st.text(max_size=80), right=st.text(max_size=80))
def test_two_texts_are_one_exactly_where_their_stand_ins_are(left: str, right: str) -> None:
    """Whatever was written, reading keeps what is equal equal and what differs different."""
    one, other = REDACTOR.text(left), REDACTOR.text(right)

    assert (text_of(one) == text_of(other)) is (one == other)
    assert not one or text_of(json.dumps(one)) == text_of(one)


@given(st.dictionaries(st.sampled_from(["loopwatch.hash", "loopwatch.sketch", "loopwatch.class", "x"]), st.text()))
def test_no_stand_in_of_strangers_breaks_a_dialect(said: dict[str, str]) -> None:
    """A sketch that cannot be read is one without words, and any other object is content."""
    found = messages.from_json(json.dumps([{"role": "user", "content": said}]))

    assert [message.role for message in found] == ["user"]
    assert isinstance(text_of(said), str)
    assert tool_call("t", "", said).name == "t"
