"""The loop detector: repetition without progress. See docs/detectors/loop.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from loopwatch_processor.detectors.loop import findings
from loopwatch_processor.detectors.loop.agents import Exchange, entry_of, exchange_of, handoffs
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.drift import drifting
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.failures import malformed, same_error
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.memory import memory_of, ordinal
from loopwatch_processor.detectors.loop.repeats import cycle, exact, scattered, unchanged
from loopwatch_processor.detectors.loop.rephrased import rephrased, reworded
from loopwatch_processor.detectors.loop.requests import note_request
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.detectors.loop.texts import TextMatch, answer_of, chanting, empty_replies, monologue
from loopwatch_processor.finding import Finding
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step, StepKind

CallPattern = Callable[[Sequence[Call], LoopSettings], Match | None]
TextPattern = Callable[[Sequence[Step], LoopSettings], TextMatch | None]

CALL_PATTERNS: tuple[CallPattern, ...] = (
    exact,
    malformed,
    cycle,
    same_error,
    reworded,
    rephrased,
    drifting,
    scattered,
    unchanged,
)
"""In order of how plainly they speak: the first one that matches names the finding."""
_TEXT = "text"
TEXT_PATTERNS: tuple[TextPattern, ...] = (empty_replies, monologue, chanting)


class LoopDetector:
    """Judges the newest tool calls and answers of each agent, and the turns between agents."""

    name = "loop"

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings

    def update(self, step: Step, place: Place) -> Iterator[Finding]:
        """Look at *step*: warning when a pattern shows, critical when it goes on for `critical_repeats` more."""
        ordinal(step, place)
        exchange = self._exchange(step, place)
        if step.kind is StepKind.TOOL_CALL and place.in_window:
            yield from self._calls(step, place)
        elif step.kind is StepKind.MODEL_CALL and place.in_window:
            note_request(step, place, memory_of(place))
            yield from self._texts(step, place, exchange)
        if exchange is not None:
            yield from self._handoffs(exchange, place)

    def _calls(self, step: Step, place: Place) -> Iterator[Finding]:
        memory = memory_of(place)
        calls = memory.read(step, place)
        rules = CALL_PATTERNS if calls else ()
        match = next((found for rule in rules if (found := rule(calls, self._settings))), None)
        memory.settle(match.subject if match else "", self._settings.quiet_calls)
        if match is None:
            return
        episode = memory.episode(match.subject)
        if any(call.span_id == step.span_id for call in match.calls):
            episode.repeat(step.span_id)
        yield findings.of_calls(match, episode, place, self._settings)

    def _texts(self, step: Step, place: Place, exchange: Exchange | None) -> Iterator[Finding]:
        answers = self._answers(place)
        if exchange is not None:  # what other agents say in between is theirs to answer
            in_turn = {entry.span_id for entry in exchange.turns()[-1].entries}
            answers = [answer for answer in answers if answer.span_id in in_turn]
        if not answers or answers[-1] is not step:
            return
        memory = memory_of(place)
        match = next((found for rule in TEXT_PATTERNS if (found := rule(answers, self._settings))), None)
        if match is None:
            memory.episodes.pop(_TEXT, None)
            return
        episode = memory.episode(_TEXT)
        episode.repeat(step.span_id)
        yield findings.of_texts(match, episode, place, self._settings)

    def _answers(self, place: Place) -> list[Step]:
        """Model calls that ended in words, since the last tool call and the last fresh start."""
        tools = place.agent.tool_calls
        since = max(memory_of(place).afresh_ns, tools[-1].end_ns if tools else 0)
        answers: list[Step] = []
        for call in reversed(place.agent.model_calls):
            if call.end_ns <= since or answer_of(call) is None:
                break
            if not answers or call.end_ns <= answers[-1].start_ns:  # side by side: one request for several answers
                answers.append(call)
        return answers[::-1]

    def _exchange(self, step: Step, place: Place) -> Exchange | None:
        """The exchange that *step* is a part of; None while only one agent takes part, or *step* says nothing."""
        entry = entry_of(step, place.agent.name)
        if entry is None:
            return None
        exchange = exchange_of(step, place.session)
        exchange.add(entry)
        return exchange if len(exchange.agents) > 1 else None

    def _handoffs(self, exchange: Exchange, place: Place) -> Iterator[Finding]:
        match = handoffs(exchange.turns(), self._settings)
        if match is None:
            exchange.episode = Episode()
            return
        exchange.episode.repeat(match.turns[-1].entries[0].span_id)
        yield findings.of_handoffs(match, exchange.episode, place, self._settings)
