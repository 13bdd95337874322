"""The loop detector: repetition without progress. See docs/detectors/loop.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from loopwatch_processor.detectors.loop import findings
from loopwatch_processor.detectors.loop.agents import Turn, handoffs, root_trace, turns_around
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.carried import FAILURES, Failures, carried_error
from loopwatch_processor.detectors.loop.compaction import compacted_at, redone
from loopwatch_processor.detectors.loop.drift import drifting
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.failures import malformed, same_error
from loopwatch_processor.detectors.loop.glance import Count, Glance, Window
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.memory import AgentMemory, memory_of
from loopwatch_processor.detectors.loop.repeats import cycle, exact, rounds, scattered, unchanged
from loopwatch_processor.detectors.loop.rephrased import rephrased, reworded
from loopwatch_processor.detectors.loop.requests import note_request
from loopwatch_processor.detectors.loop.research import nothing_new
from loopwatch_processor.detectors.loop.runs import fails_in_every_run
from loopwatch_processor.detectors.loop.same_answer import same_answer
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.detectors.loop.texts import TextMatch, answer_of, chanting, empty_replies, monologue
from loopwatch_processor.finding import Finding
from loopwatch_processor.kinds import CALLS
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step, StepKind

CallPattern = Callable[[Sequence[Call], LoopSettings], Match | None]
TextPattern = Callable[[Sequence[Step], LoopSettings], TextMatch | None]


class CallRule(NamedTuple):
    """A pattern, and what has to be there before it is worth a look."""

    pattern: CallPattern
    counted: Count
    needed: Callable[[LoopSettings], int]
    """With fewer than so many of them the pattern cannot show, so it is not asked."""


CALL_RULES: tuple[CallRule, ...] = (
    CallRule(exact, Count.IN_A_ROW, lambda at: min(at.exact_calls, at.exact_failing_calls, at.transient_failing_calls)),
    CallRule(malformed, Count.REJECTED, lambda at: at.malformed_calls),
    CallRule(cycle, Count.IN_ROUNDS, lambda at: min(at.cycle_rounds, at.cycle_unknown_rounds)),
    CallRule(
        same_error,
        Count.FAILED_ALIKE,
        lambda at: min(at.same_error_calls, at.same_error_unlike_calls, at.transient_failing_calls),
    ),
    CallRule(reworded, Count.SPELLED, lambda at: at.reworded_calls),
    CallRule(rephrased, Count.PROSE, lambda at: min(at.rephrased_calls, at.rewritten_calls)),
    CallRule(same_answer, Count.ANSWERED, lambda at: at.same_answer_calls),
    CallRule(nothing_new, Count.PROSE, lambda at: at.same_answer_calls),
    CallRule(drifting, Count.NUMBERED, lambda at: at.drifting_calls),
    CallRule(scattered, Count.SAME, lambda at: at.scattered_calls),
    CallRule(unchanged, Count.SAME, lambda at: min(at.unchanged_calls, at.scattered_calls)),
    CallRule(rounds, Count.IN_ANY_ORDER, lambda at: at.rounds),
)
"""In order of how plainly they speak: the first one that matches names the finding."""
CALL_PATTERNS: tuple[CallPattern, ...] = tuple(rule.pattern for rule in CALL_RULES)
_TEXT = "text"
_TOOL_CALL: Final = StepKind.TOOL_CALL
_MODEL_CALL: Final = StepKind.MODEL_CALL
HANDOFFS = "loop.handoffs"
"""Where a session keeps the exchanges between its agents that go on."""
TEXT_PATTERNS: tuple[TextPattern, ...] = (empty_replies, monologue, chanting)


class LoopDetector:
    """Judges the newest tool calls and answers of each agent, and the turns between agents."""

    name = "loop"
    kinds = CALLS

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings
        self._waiting_calls = settings.waiting_calls
        self._rules = [(rule.pattern, rule.counted.value, rule.needed(settings)) for rule in CALL_RULES]
        least = [min(needed for _, kind, needed in self._rules if kind == count) for count in Count]
        self._glance = Glance(settings, least)

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at *step*: warning when a pattern shows, critical when it goes on for `critical_repeats` more."""
        if not place.in_window:
            return ()
        session = place.session
        if step.kind is _TOOL_CALL:
            found = self._calls(step, place)
            turns = turns_around(step, session) if len(session.agents) > 1 else []
        elif step.kind is _MODEL_CALL:
            memory = memory_of(place)
            note_request(step, place, memory)
            memory.compacted_ns = max(memory.compacted_ns, compacted_at(step, place.agent))
            turns = turns_around(step, session) if len(session.agents) > 1 else []
            found = self._texts(step, place, turns)
        else:
            return ()
        told = None
        if turns or step.links or session.memo.get(HANDOFFS):
            told = self._handoffs(step, place, turns)
        if found is None and told is None:
            return ()
        return [item for item in (found, told) if item is not None]

    def _calls(self, step: Step, place: Place) -> Finding | None:
        memory = memory_of(place)
        window = memory.read(step, place)
        calls = window.calls
        match = self._match(window, memory) if calls else None
        if match is None and memory.compacted_ns and calls:
            match = redone(calls, memory.compacted_ns, self._settings)
        if match is None and len(calls) < len(memory.calls) and calls and calls[-1].outcome.fails:
            match = fails_in_every_run(calls[-1], memory.calls.values(), self._settings)
        if len(calls) > 1:
            calls[-2].slim()
        subject = match.subject if match is not None else ""
        if memory.episodes:
            memory.settle(subject, self._settings.quiet_calls)
        carried = self._carried(calls[-1], place) if calls and calls[-1].span_id == step.span_id else None
        if match is None:
            return carried
        episode = memory.episode(subject)
        episode.pattern = match.pattern
        alike = [call.span_id for call in match.calls]
        if step.span_id in alike:
            episode.repeat(step.span_id, alike)
        return findings.of_calls(match, episode, place, self._settings)

    def _carried(self, call: Call, place: Place) -> Finding | None:
        """What one agent after the other fails at."""
        failures: Failures | None = place.session.memo.get(FAILURES)
        if not call.outcome.fails:
            if failures is not None and failures.calls and call.outcome.is_known:
                failures.settle(call)
            return None
        if failures is None:
            failures = place.session.memo[FAILURES] = Failures()
        failures.add(place.agent.key, call)
        match = carried_error(failures.until(call), self._settings) if len(place.session.agents) > 1 else None
        if match is None:
            return None
        episode = failures.episode(call.tool, place.agent.name)
        episode.repeat(call.span_id, [item.span_id for item in match.calls])
        if place.agent.name != episode.speaker and episode.repeats < self._settings.critical_repeats:
            return None  # each agent tries once, and one warning is enough
        return findings.of_calls(match, episode, place, self._settings)

    def _match(self, window: Window, memory: AgentMemory) -> Match | None:
        """The first pattern that shows; one that showed before goes first, so that a loop keeps its name.

        While a loop goes on its own rule nearly always tells so, and asking it takes less than a glance.
        """
        settings, calls, waiting = self._settings, window.calls, self._waiting_calls
        known = {episode.pattern for episode in memory.episodes.values()} if memory.episodes else ()
        if known:
            for pattern, _, _ in self._rules:
                if pattern.__name__ in known and (found := pattern(calls, settings)) and not found.is_watch(waiting):
                    return found
        seen = self._glance.counts(window)
        if seen:
            for pattern, count, needed in self._rules:
                if seen[count] < needed or pattern.__name__ in known:
                    continue
                if (found := pattern(calls, settings)) and not found.is_watch(waiting):
                    return found
        return None

    def _texts(self, step: Step, place: Place, turns: Sequence[Turn]) -> Finding | None:
        answers = self._answers(place)
        if turns:  # what other agents say in between is theirs to answer
            in_turn = {item.span_id for item in turns[-1].steps}
            answers = [answer for answer in answers if answer.span_id in in_turn]
        if not answers or answers[-1] is not step:
            return None
        memory = memory_of(place)
        match = next((found for rule in TEXT_PATTERNS if (found := rule(answers, self._settings))), None)
        if match is None:
            memory.episodes.pop(_TEXT, None)
            return None
        episode = memory.episode(_TEXT)
        episode.repeat(step.span_id, (answer.span_id for answer in match.steps))
        return findings.of_texts(match, episode, self._settings)

    def _answers(self, place: Place) -> list[Step]:
        """Model calls that ended in words, since the last tool call and the last fresh start."""
        tools = place.agent.tool_calls
        since = max(memory_of(place).asked_ns, tools[-1].end_ns if tools else 0)
        answers: list[Step] = []
        for call in reversed(place.agent.model_calls):
            if call.end_ns <= since or answer_of(call) is None:
                break
            if not answers or call.end_ns <= answers[-1].start_ns:  # side by side: one request for several answers
                answers.append(call)
        return answers[::-1]

    def _handoffs(self, step: Step, place: Place, turns: Sequence[Turn]) -> Finding | None:
        episodes: dict[str, Episode] = place.session.memo.setdefault(HANDOFFS, {})
        match = handoffs(turns, self._settings) if turns else None
        root = root_trace(step, place.session)  # also where nothing matches: it notes what the step links to
        if match is None:
            self._quieten(episodes, root)
            return None
        episode = episodes.setdefault(root, Episode())
        began = [turn.steps[0].span_id for turn in match.turns]
        episode.repeat(began[-1], began)
        episode.speaker = episode.speaker or place.agent.name
        if place.agent.name != episode.speaker:
            return None  # one of them speaks for all: the finding names each
        return findings.of_handoffs(match, episode, place, self._settings)

    def _quieten(self, episodes: dict[str, Episode], root: str) -> None:
        """A turn that has only begun looks like no other yet, so an exchange is over after some quiet steps."""
        episode = episodes.get(root)
        if episode is not None:
            episode.quiet += 1
            if episode.quiet >= self._settings.quiet_calls:
                del episodes[root]
