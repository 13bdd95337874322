"""What the messages of one model call tell, heard one after another: its history is hashed, never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from loopwatch_processor.step import Conversation, ToolCall, ToolResult

TEXT_MAX_CHARS = 2_000
"""Of a message or a tool's result, only so much is kept: enough to tell two apart."""
_UNIQUE_ID_CHARS = 12
"""Shorter tool call ids ("call_0") are taken as not unique, so they tie calls together only with their question."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message in our own terms, whatever the vendor's shape was."""

    role: str
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()


@dataclass(frozen=True, slots=True)
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

    def hear(self, heard: Heard) -> None:
        """Take the messages that come next."""
        for message in heard.inputs:
            self._input(message)
        for message in heard.outputs:
            self._output(message)
        self.finish_reason = heard.finish_reason or self.finish_reason

    def conversation(self) -> Conversation | None:
        """What has been heard; None where that is nothing, or only that somebody spoke."""
        told = Conversation(
            requested=tuple(self._requested),
            returned=tuple(self._returned),
            user_text=self._user_text,
            output_text="".join(self._answers)[:TEXT_MAX_CHARS],
            continues=(*_some(self._continues), *self._ids(result.call_id for result in self._returned)),
            leaves=(
                *(_some(self._key()) if self.is_answered else ()),
                *self._ids(call.call_id for call in self._requested),
            ),
        )
        return told if told != Conversation() else None

    def _input(self, message: Message) -> None:
        self._add(message)
        if message.role == "assistant":
            self._continues = self._key()
            self._asked = {call.call_id: call.name for call in message.calls}
            self._returned.clear()
        for result in message.results:
            name = result.name or self._asked.get(result.call_id, "")
            self._returned.append(replace(result, name=name))
        if message.role == "user" and message.text:
            self._user_text = message.text[:TEXT_MAX_CHARS]

    def _output(self, message: Message) -> None:
        self._add(message)
        self._answers.append(message.text[:TEXT_MAX_CHARS])
        self._requested.extend(message.calls)

    def _add(self, message: Message) -> None:
        """One hash of a history: roles, texts and calls, not the vendor's spelling of them."""
        if message.role == "system":
            return
        self._has_text = self._has_text or bool(message.text)
        calls = ";".join(f"{call.name}({call.arguments_hash or call.arguments})" for call in message.calls)
        results = ";".join(result.hash or result.text for result in message.results)
        # A vendor's role for a tool result may be "tool" or "user": what was returned tells it anyway.
        role = "tool" if message.results else message.role
        self._digest.update(f"{role}\0{message.text.strip()}\0{calls}\0{results}\1".encode("utf-8", "surrogatepass"))

    def _key(self) -> str:
        """The history's key; "" where no text was captured, since then all histories look alike."""
        return f"history:{self._digest.hexdigest()}" if self._has_text else ""

    def _ids(self, call_ids: Iterable[str]) -> tuple[str, ...]:
        """Keys from tool call ids. One that may not be unique counts with the question that it serves, since some
        emitters leave the assistant's turns out of the history (OpenLIT)."""
        asked = hashlib.blake2b(self._user_text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        scope = f"{asked}:" if self._user_text else ""
        keys = (f"id:{'' if len(item) >= _UNIQUE_ID_CHARS else scope}{item}" for item in call_ids if item)
        return tuple(key for key in keys if scope or len(key) >= _UNIQUE_ID_CHARS + len("id:"))


def _some(key: str) -> tuple[str, ...]:
    return (key,) if key else ()
