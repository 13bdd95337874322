"""A conversation that grows is told by its calls as if each were read from its beginning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects import chat_json, histories
from loopwatch_processor.dialects import read as read_span
from loopwatch_processor.dialects.messages import conversation, from_json, listed, told
from loopwatch_processor.step import Conversation
from tests.dialects.made import span
from tests.test_call_counts import python_calls

LONG = "long enough to be looked up, whatever else there is"
_texts = st.sampled_from(("", LONG, "},", "}]", '[{"', "é\U0001f600"))
_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(("user", "assistant", "tool", "system"))},
    optional={
        "content": _texts | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": _texts}), max_size=2),
        "tool_call_id": st.sampled_from(("call_1", "call_abcdefghijkl")),
        "tool_calls": st.lists(
            st.fixed_dictionaries({"id": st.sampled_from(("call_1", "call_abcdefghijkl")), "name": st.just("look")}),
            max_size=2,
        ),
    },
)
_endings = st.sampled_from(
    ("", "]", "}", ",", "x", ",]", '"a"]', ',"a"]', ',["a"]]', '{"role":"user"}]', " ,{}]", " ]\n")
)
_readers = st.sampled_from((from_json, chat_json.request))


def looked_up(text: str, read: histories.Reader) -> Conversation | None:
    """What *text* tells, of any length, with an answer after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histories, "WORTH_CHARS", 0)
        return told(text, [Message("assistant", "done")], read)


@settings(max_examples=300, deadline=None)
@given(st.lists(_messages, min_size=1, max_size=8), st.sampled_from((None, (",", ":"))), _readers, _endings)
@example([{"role": "user", "content": LONG}], None, from_json, ',["a"]]')
def test_what_grew_is_told_as_if_it_were_new(
    messages: list[dict[str, Any]], separators: Any, read: histories.Reader, ending: str
) -> None:
    """Message by message, again, and with any end: what is no JSON any more tells what it tells by itself."""
    whole = [json.dumps(messages[:size], separators=separators) for size in range(1, len(messages) + 1)]
    for text in (*whole, whole[-1], whole[-1][:-1] + ending):
        expected = conversation(read(text), [Message("assistant", "done")])
        assert looked_up(text, read) == expected


def test_what_a_call_costs_does_not_grow_with_its_history() -> None:
    """Python calls of the hundredth turn are those of the tenth, but for looking it up."""
    turn = [{"role": "user", "content": LONG * 10}, {"role": "assistant", "content": LONG * 10}]
    texts = [json.dumps(turn * number) for number in range(1, 101)]
    calls = [python_calls(lambda text=text: told(text, [], from_json)) for text in texts]
    assert calls[99] <= 1.5 * calls[9]


@settings(max_examples=100, deadline=None)
@given(st.lists(_messages, min_size=1, max_size=12), st.lists(_messages, max_size=3), _readers)
def test_a_list_that_grew_is_told_as_if_it_were_new(
    messages: list[dict[str, Any]], other: list[dict[str, Any]], read: histories.Reader
) -> None:
    """Item by item, again, and where a later call goes on from the middle of it."""
    grown = [messages[:size] for size in range(1, len(messages) + 1)]
    for items in (*grown, messages, messages[: len(messages) // 2] + other):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(histories, "WORTH_ITEMS", 1)
            found = listed(items, [Message("assistant", "done")], read)
        assert found == conversation(read(items), [Message("assistant", "done")])


def _langfuse(turns: int) -> dict[str, Any]:
    return {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": json.dumps({"messages": _TURN * turns}),
    }


def _openinference(turns: int) -> dict[str, Any]:
    names = {
        f"llm.input_messages.{place}.message.{part}": said
        for place, message in enumerate(_TURN * turns)
        for part, said in message.items()
    }
    return {"openinference.span.kind": "LLM", **names}


def _openllmetry(turns: int) -> dict[str, Any]:
    names = {
        f"gen_ai.prompt.{place}.{part}": said
        for place, message in enumerate(_TURN * turns)
        for part, said in message.items()
    }
    return {"traceloop.entity.name": "x", "gen_ai.operation.name": "chat", **names}


_TURN = [{"role": "user", "content": LONG}, {"role": "assistant", "content": LONG}]


@pytest.mark.parametrize("made", [_langfuse, _openinference, _openllmetry])
def test_a_call_reads_only_what_is_new_in_a_list(made: Callable[[int], dict[str, Any]]) -> None:
    """Of every dialect whose history is no JSON array of its own; the messages of a turn take twenty Python calls."""
    sent = [span(made(turns)) for turns in range(8, 60)]
    calls = [python_calls(lambda call=call: read_span(call)) for call in sent]
    assert calls[-1] <= 2 * calls[2]


def test_conversations_of_one_length_in_turn_are_each_read_from_where_they_were() -> None:
    """Of every call after the first, only the items that it adds."""
    said = [[{"role": "user", "content": f"{name} {number}"} for number in range(60)] for name in ("one", "other")]
    taken: list[int] = []

    def counting(items: Any) -> list[Message]:
        taken.append(len(items))
        return from_json(items)

    for size in range(40, 60, 2):
        for items in said:
            histories.listed(items[:size], counting)
    assert taken == [40, 40] + [2] * 18


def test_items_that_cannot_be_told_apart_are_read_again() -> None:
    """Nested deeper than JSON is written."""
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    items = [{"role": "user", "content": [deep, {"type": "text", "text": "x"}]}] * 10
    assert listed(items, [], from_json) == conversation(from_json(items), [])


def test_histories_are_forgotten_from_the_oldest_on() -> None:
    """So many are kept, whatever comes."""
    for number in range(2 * histories._KNOWN_MAX):
        told(json.dumps([{"role": "user", "content": f"{LONG * 100} {number}"}]), [], from_json)
    assert len(histories._known) == histories._KNOWN_MAX
