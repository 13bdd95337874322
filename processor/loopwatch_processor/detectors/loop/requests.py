"""Whether a model call brings a new request from outside: the only thing that starts an agent afresh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopwatch.words import jaccard, text_words
from loopwatch_processor.detectors.loop.memory import AgentMemory
from loopwatch_processor.detectors.loop.texts import answer_of
from loopwatch_processor.session import AgentKey, AgentState, Place
from loopwatch_processor.step import Step

_UNLIKE_BELOW: Final = 0.5
_SHORTEST_WORDS: Final = 3
_BETWEEN: Final = "\0"
ENTRY: Final = "loop.entry"
"""Where a session keeps the agent that hears requests."""
_RESULT_CHARS: Final = 60
_MAX_REQUESTS: Final = 16
_WHILE_NS: Final = 60_000_000_000
"""Our own choice: a minute, in which nobody but a person waits with an answer at hand."""


def note_request(step: Step, place: Place, memory: AgentMemory) -> None:
    """Start *memory* afresh where the model call *step* brings a request unlike the earlier ones.

    Not a request: words to an agent that another one called, a text that repeats what a tool answered, a nudge
    of less than three words (a new one only postpones the page), and whatever comes while the agent is still at work
    with its tools. The same request again is one if it comes a while after an answer.
    """
    text = step.model.conversation.user_text if step.model and step.model.conversation else ""
    if not text or not _is_entry(place) or step.end_ns <= memory.afresh_ns:
        return
    if text != memory.heard:
        words = frozenset(text_words(text[:2000]))
        if len(words) < _SHORTEST_WORDS:
            if _hear_nudge(words, memory) and _has_answered(step, place.agent):
                memory.begin_calls_afresh(step.start_ns)
            return
        if all(jaccard(words, known.split(_BETWEEN)) < _UNLIKE_BELOW for known in memory.requests):
            _hear_request(text, words, step, place, memory)
            return
        memory.heard = text
    if _is_asked_later(step, place.agent):
        memory.begin_afresh(step.start_ns)


def _hear_request(text: str, words: frozenset[str], step: Step, place: Place, memory: AgentMemory) -> None:
    if memory.requests:
        if _works(step, place.agent) or _is_tool_talk(text, place.agent):
            return
        memory.begin_afresh(step.start_ns)
    memory.requests = [*memory.requests[1 - _MAX_REQUESTS :], _BETWEEN.join(words)]
    memory.heard = text


def _is_asked_later(step: Step, agent: AgentState) -> bool:
    """Whether the agent had answered, and a while passed: a person asks again, a harness would have at once."""
    answered = _newest_before(step, agent.model_calls)
    return answered is not None and step.start_ns - answered.end_ns >= _WHILE_NS and not _works(step, agent)


def _newest_before(step: Step, window: Sequence[Step]) -> Step | None:
    """The newest of *window* that ended before *step* began."""
    start_ns = step.start_ns
    for call in reversed(window):
        if call.end_ns <= start_ns and call is not step:
            return call
    return None


def _hear_nudge(words: frozenset[str], memory: AgentMemory) -> bool:
    """Somebody is there who stepped in, if it is new: what goes on counts from here. A harness says the same each time.

    Say whether it is new and not the only one, which a harness may say as well.
    """
    if words in memory.nudges or len(memory.nudges) >= _MAX_REQUESTS:
        return False
    memory.nudges.append(words)
    for episode in memory.episodes.values():
        episode.postpone()
    return len(memory.nudges) > 1


def _has_answered(step: Step, agent: AgentState) -> bool:
    """Whether the last that the agent did was an answer in words: a person who heard it wants the next thing."""
    before = _newest_before(step, agent.model_calls)
    return before is not None and bool(answer_of(before)) and not _works(step, agent)


def _is_entry(place: Place) -> bool:
    """Whether requests from outside reach this agent: nobody called it, and it is the first of its session."""
    key, memo = place.agent.key, place.session.memo
    entry: list[AgentKey] | None = memo.get(ENTRY)
    if entry is None:
        entry = memo[ENTRY] = [key]
    return not key[1] and bool(entry) and entry[0] == key


def _works(step: Step, agent: AgentState) -> bool:
    """Whether a tool call came since the agent's last answer: what follows is its result, or a remark on it."""
    tool = _newest_before(step, agent.tool_calls)
    if tool is None:
        return False
    before = _newest_before(step, agent.model_calls)
    return before is None or tool.end_ns > before.end_ns


def _is_tool_talk(text: str, agent: AgentState) -> bool:
    """Whether *text* hands on what a tool answered, as agents without a tool protocol do."""
    for call in agent.tool_calls:
        result = (call.tool.result or "").strip()[:_RESULT_CHARS] if call.tool is not None else ""
        message = call.error.message[:_RESULT_CHARS] if call.error is not None else ""
        if (result and result in text) or (message and message in text):
            return True
    return False
