"""Tool calls that a session's messages tell of: asked for, answered, and whether they have spans of their own."""

from __future__ import annotations

from typing import TypeVar

from loopwatch_processor.bounds import Counts
from loopwatch_processor.step import Step, ToolCall, ToolResult

Asked = tuple[ToolCall, Step]
"""What a model asked for, and the call in which it did."""
Answered = tuple[ToolResult, Step]
"""What came back, and the call whose input brings it."""
_Told = TypeVar("_Told", ToolCall, ToolResult)
_UNIQUE_ID_CHARS = 12
"""Shorter tool call ids ("call_0") come again in each turn."""
_EARLY_ANSWERS = 16
"""Answers that overtook their request wait for it: seconds, so a few."""


class Requests:
    """What of one session's tool calls is known from messages alone, and what has come as spans."""

    __slots__ = ("answered", "asked", "counts", "limit", "recovered")

    def __init__(self, limit: int, counts: Counts) -> None:
        self.limit = limit
        self.counts = counts
        self.asked: dict[str, Asked] = {}
        """Calls that a model asked for and nobody has answered yet, by call id, else by name."""
        self.answered: dict[str, Answered] = {}
        """Answers whose request has not come yet, by call id."""
        self.recovered: dict[str, Step] = {}
        """The newest calls counted from messages, by span id: a tool span may still take their place."""

    def ask(self, step: Step, call: ToolCall) -> Answered | None:
        """The model asked for *call* in *step*: returns the answer, if that came first."""
        early = self.answered.get(call.call_id)
        if early is not None and early[1].start_ns >= step.end_ns:
            return self.answered.pop(call.call_id)
        if not self._is_expected(step, call):
            self.asked[call.call_id or call.name] = (call, step)
            self._bound()
        return None

    def answer(self, result: ToolResult, step: Step) -> Asked | None:
        """The request that *result*, which *step* brings back, answers: it is expected no more."""
        if (found := self.asked.get(result.call_id)) is not None and found[1].start_ns <= step.end_ns:
            return self.asked.pop(result.call_id)
        unnumbered = self.asked.get(result.name)
        # An emitter that gives no ids: a request can only be answered by what started after it was asked for.
        if unnumbered is not None and not unnumbered[0].call_id and unnumbered[1].end_ns <= step.start_ns:
            return self.asked.pop(result.name)
        return None

    def keep_answer(self, result: ToolResult, step: Step) -> None:
        """The request that *result* answers has not come: it may be on its way in another batch."""
        if result.call_id:
            self.answered[result.call_id] = (result, step)
            if len(self.answered) > _EARLY_ANSWERS:
                del self.answered[next(iter(self.answered))]

    def forget(self, step: Step) -> None:
        """*step* moved to another session, and with it what it asked for, brought back, or was counted from."""
        self.recovered.pop(step.span_id, None)
        if step.model is None or step.model.conversation is None:
            return
        for call in step.model.conversation.requested:
            _drop(self.asked, call.call_id or call.name, step)
        for result in step.model.conversation.returned:
            _drop(self.answered, result.call_id, step)

    def recover(self, step: Step) -> None:
        """The call *step* was counted from messages."""
        self.recovered[step.span_id] = step
        if len(self.recovered) > self.limit:
            del self.recovered[next(iter(self.recovered))]

    def see(self, step: Step) -> Step | None:
        """The tool span *step* came: returns the call counted from messages of another trace that it is, if any."""
        tool = step.tool
        if tool is None:
            return None
        self.answered.pop(tool.call_id, None)
        known = self.asked.get(tool.call_id or tool.name)
        if known is not None and known[0].name == tool.name:
            del self.asked[tool.call_id or tool.name]
        for item in self.recovered.values():
            if is_told_by(item, step):
                return self.recovered.pop(item.span_id)
        return None

    def absorb(self, other: Requests) -> None:
        """Take over what *other* waits for."""
        self.asked.update(other.asked)
        self.answered.update(other.answered)
        self.recovered.update(other.recovered)
        self._bound()

    def _bound(self) -> None:
        while len(self.asked) > self.limit:
            del self.asked[next(iter(self.asked))]
            self.counts.forgotten["requests"] += 1

    def _is_expected(self, step: Step, call: ToolCall) -> bool:
        """Whether another span told of this request, with the id or without; the one with the id stays."""
        for key, (known, asked) in self.asked.items():
            if known.name != call.name or asked.trace_id != step.trace_id or known.arguments != call.arguments:
                continue
            if bool(known.call_id) != bool(call.call_id):
                if call.call_id:
                    del self.asked[key]
                    return False
                return True
        return False


def _drop(known: dict[str, tuple[_Told, Step]], key: str, step: Step) -> None:
    if key in known and known[key][1].span_id == step.span_id:
        del known[key]


def is_told_by(recovered: Step, span: Step) -> bool:
    """Whether the call *recovered* from messages is that of the tool *span*: the same id, or run between the two."""
    mine, theirs = recovered.tool, span.tool
    if mine is None or theirs is None or mine.name != theirs.name:
        return False
    if len(mine.call_id) >= _UNIQUE_ID_CHARS and theirs.call_id:
        return mine.call_id == theirs.call_id
    return recovered.start_ns <= span.start_ns and span.end_ns <= recovered.end_ns
