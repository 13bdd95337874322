"""What the messages of one model call tell, heard one after another: its history is hashed, never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from loopwatch_processor.step import Conversation, ToolCall, ToolResult
from loopwatch_processor.values import value

TEXT_MAX_CHARS = 2_000
"""Of a message or a tool's result, only so much is kept: enough to tell two apart."""
_UNIQUE_ID_CHARS = 12
"""Shorter tool call ids ("call_0") are taken as not unique, so they tie calls together only with their question."""


@value
class Message:
    """One message in our own terms, whatever the vendor's shape was."""

    role: str
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


@value
class Heard:
    """Messages of one model call that came together; several make up the call where each has its own record."""

    inputs: tuple[Message, ...] = ()
    outputs: tuple[Message, ...] = ()
    finish_reason: str = ""
    """Why the model stopped, where the record of its answer says so."""


class Transcript:
    """The messages of one model call so far, in order: bounded, however long its history is."""

    __slots__ = (
        "_answers",
        "_asked",
        "_continues",
        "_digest",
        "_has_text",
        "_requested",
        "_returned",
        "_user_text",
        "finish_reason",
    )

    def __init__(self) -> None:
        self.finish_reason = ""
        self._digest = hashlib.blake2b(digest_size=12)
        self._has_text = False
        self._continues = ""
        self._asked: dict[str, str] = {}
        self._returned: list[ToolResult] = []
        self._requested: list[ToolCall] = []
        self._user_text = ""
        self._answers: list[str] = []

    @property
    def is_answered(self) -> bool:
        """Whether the model's answer was heard."""
        return bool(self._answers)

    @property
    def size(self) -> int:
        """Characters of results and of names of calls that it holds; all else is short."""
        results = sum([len(result.text) + len(result.call_id) + len(result.name) for result in self._returned])
        return results + sum([len(call_id) + len(name) for call_id, name in self._asked.items()])

    def copy(self) -> Transcript:
        """One that goes on by itself."""
        other = Transcript()
        other.finish_reason = self.finish_reason
        other._digest = self._digest.copy()
        other._has_text = self._has_text
        other._continues = self._continues
        other._asked = dict(self._asked)
        other._returned = list(self._returned)
        other._requested = list(self._requested)
        other._user_text = self._user_text
        other._answers = list(self._answers)
        return other

    def hear(self, heard: Heard) -> None:
        """Take the messages that come next."""
        self.take(heard.inputs, heard.outputs)
        self.finish_reason = heard.finish_reason or self.finish_reason

    def take(self, inputs: Sequence[Message], outputs: Sequence[Message]) -> None:
        """The same for messages that come without a word on why the model stopped."""
        said: list[str] = []
        answered, has_text = -1, False  # of the input's newest answer: where it ends, and whether a text was before
        for message in inputs:
            self._input(message, said)
            if message.role == "assistant":
                answered = len(said)
                self._continues = ""
                has_text = self._has_text
        for message in outputs:
            self._output(message, said)
        # Hashed at once: message by message it takes twice the time.
        if answered >= 0:
            self._hash(said[:answered])
            if has_text:
                self._continues = f"history:{self._digest.hexdigest()}"
            del said[:answered]
        self._hash(said)

    def conversation(self) -> Conversation | None:
        """What has been heard; None where that is nothing, or only that somebody spoke."""
        output_text = "".join(self._answers)[:TEXT_MAX_CHARS]
        continues = self._ids([result.call_id for result in self._returned]) if self._returned else ()
        leaves = self._ids([call.call_id for call in self._requested]) if self._requested else ()
        if self._continues:
            continues = (self._continues, *continues)
        if self._answers and self._has_text:
            leaves = (f"history:{self._digest.hexdigest()}", *leaves)
        if not (self._requested or self._returned or self._user_text or output_text or continues or leaves):
            return None
        return Conversation(
            tuple(self._requested), tuple(self._returned), self._user_text, output_text, continues, leaves
        )

    def _input(self, message: Message, said: list[str]) -> None:
        self._add(message, said)
        if message.role == "assistant":
            self._asked = {call.call_id: call.name for call in message.calls} if message.calls else {}
            self._returned.clear()
        for result in message.results:
            self._returned.append(result if result.name else result.named(self._asked.get(result.call_id, "")))
        if message.role == "user" and message.text:
            self._user_text = message.text[:TEXT_MAX_CHARS]

    def _output(self, message: Message, said: list[str]) -> None:
        self._add(message, said)
        self._answers.append(message.text[:TEXT_MAX_CHARS])
        self._requested.extend(message.calls)

    def _add(self, message: Message, said: list[str]) -> None:
        """One hash of a history: roles, texts and calls, not the vendor's spelling of them."""
        role, calls, results = message.role, "", ""
        if role == "system":
            return
        if message.text:
            # Where no text was captured all histories look alike, and have no key.
            self._has_text = True
        if message.calls:
            calls = ";".join([f"{call.name}({call.arguments_hash or call.arguments})" for call in message.calls])
        if message.results:
            results = ";".join([result.hash or result.text for result in message.results])
            # A vendor's role for a tool result may be "tool" or "user": what was returned tells it anyway.
            role = "tool"
        said.append(f"{role}\0{message.text.strip()}\0{calls}\0{results}\1")

    def _hash(self, said: list[str]) -> None:
        self._digest.update("".join(said).encode("utf-8", "surrogatepass"))

    def _ids(self, call_ids: list[str]) -> tuple[str, ...]:
        """Keys from tool call ids. One that may not be unique counts with the question that it serves, since some
        emitters leave the assistant's turns out of the history (OpenLIT)."""
        keys = []
        for call_id in call_ids:
            if len(call_id) >= _UNIQUE_ID_CHARS:
                keys.append(f"id:{call_id}")
            elif call_id and self._user_text:
                keys.append(f"id:{_digest(self._user_text)}:{call_id}")
        return tuple(keys)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
