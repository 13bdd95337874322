"""What the loop detector remembers about one agent: calls already read, and the loops that are going on."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.footer import Footer
from loopwatch_processor.detectors.loop.glance import Window
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step

_MAX_EPISODES = 16
NAME = "loop"


@dataclass(slots=True)
class AgentMemory:
    """Of one agent in one session."""

    calls: dict[str, Call] = field(default_factory=dict)
    """By span id, in no order; what left the window is dropped."""
    episodes: dict[str, Episode] = field(default_factory=dict)
    """By what is repeated, the newest last."""
    requests: list[str] = field(default_factory=list)
    """Words of the requests that came from outside, joined: as sets they would take four times the memory."""
    nudges: list[frozenset[str]] = field(default_factory=list)
    """Words of the few-word remarks that came from outside, each once."""
    heard: str = ""
    """The text of the newest of them: models are told it again and again, so its words need not be read each time."""
    afresh_ns: int = 0
    """When the newest of them came, or a remark after an answer: calls that ended before count no more."""
    asked_ns: int = 0
    """When the newest of them came: answers before count no more."""
    compacted_ns: int = 0
    """When its context was compacted last; 0 where it never was."""
    _footer: Footer = field(default_factory=Footer)
    _window: list[Step] = field(default_factory=list)
    """The agent's window as it was read last."""
    _scored: Window = field(default_factory=Window)
    """What `read` gave out last."""

    def read(self, step: Step, place: Place) -> Window:
        """The calls of the window since the last fresh start, oldest first, with *step* read anew.

        Nearly every step is the newest of its window, and all else is as it was: then one call is added to what
        was read last, which takes a sixth of the time of reading all of the window. It is valid until the next `read`.
        """
        window = place.agent.tool_calls
        if not self._follows(step, window):
            self._scored = Window()
            for call in self._read_all(step, place):
                self._scored.append(call)
            self._window = window.copy()
            return self._scored
        call = self._read_anew(step, _ordinal(place), place.run.key)
        scored = self._scored
        if step.tool is None or not step.tool.polling:
            if scored.calls and _is_fresh_start(scored.calls[-1], call):
                scored = self._scored = Window()
            scored.append(call)
        return scored

    def _follows(self, step: Step, window: list[Step]) -> bool:
        """Whether *window* is what it was, with *step* as its new end; then drop what fell off its other end.

        Lists of the same objects compare fast.
        """
        known = self._window
        dropped = len(known) + 1 - len(window)
        if window[-1] is not step or not 0 <= dropped <= 1 or step.end_ns <= self.afresh_ns:
            return False
        if len(self.calls) != len(known) or step.span_id in self.calls:
            return False
        oldest = known.pop(0) if dropped else None
        known.append(step)
        if known != window:
            return False
        if oldest is not None:
            gone = self.calls.pop(oldest.span_id)
            if self._scored.calls and self._scored.calls[0] is gone:
                self._scored.drop_oldest()
        return True

    def _read_all(self, step: Step, place: Place) -> list[Call]:
        known, run = self.calls.pop(step.span_id, None), place.run.key
        self._read_anew(step, known.ordinal if known is not None else _ordinal(place), run)
        window = place.agent.tool_calls
        for item in window:
            if item.span_id not in self.calls:
                self._read_anew(item, 0, run)
        if len(self.calls) > len(window):
            self._forget({item.span_id for item in window})
        scored = [item for item in window if item.end_ns > self.afresh_ns and not (item.tool and item.tool.polling)]
        calls = [self.calls[item.span_id] for item in scored]
        return calls[_start(calls) :]

    def _read_anew(self, step: Step, ordinal: int, run: str) -> Call:
        call = self.calls[step.span_id] = Call(step, ordinal, run)
        footer = self._footer
        if (call.outcome.has_lines or footer.line) and footer.note(call):
            for other in self.calls.values():
                if footer.ends(other):
                    other.outcome = other.outcome.without_last_line()
            known, self._scored = self._scored.calls, Window()
            for other in known:  # a window has marks of the answers
                self._scored.append(other)
        elif footer.is_known and footer.ends(call):
            call.outcome = call.outcome.without_last_line()
        return call

    def _forget(self, kept: set[str]) -> None:
        self.calls = {key: call for key, call in self.calls.items() if key in kept}

    def begin_afresh(self, at_ns: int) -> None:
        """Count nothing that ended before *at_ns* any more."""
        self.asked_ns = at_ns
        self.begin_calls_afresh(at_ns)
        self.episodes.clear()

    def begin_calls_afresh(self, at_ns: int) -> None:
        """Count no call that ended before *at_ns* any more.

        It goes back, and calls count again, where a long model call is heard after a short one that began later.
        """
        scored = self._scored.calls
        if at_ns < self.afresh_ns or (scored and scored[-1].end_ns > at_ns):
            self._window.clear()
        else:  # nearly always, and the next call need not read the whole window again
            self._scored = Window()
        self.afresh_ns = at_ns

    def episode(self, subject: str) -> Episode:
        """The loop about *subject*, opened where it is new."""
        found = self.episodes.pop(subject) if subject in self.episodes else Episode()
        self.episodes[subject] = found
        if len(self.episodes) > _MAX_EPISODES:
            del self.episodes[next(iter(self.episodes))]
        return found

    def settle(self, going_on: str, quiet_calls: int) -> None:
        """Let a tool call pass for every loop but *going_on*: those that stay quiet are over."""
        for subject, episode in list(self.episodes.items()):
            if subject != going_on:
                episode.quiet += 1
                if episode.quiet >= quiet_calls:
                    del self.episodes[subject]


def _start(calls: list[Call]) -> int:
    """Index of the first call since the last new root agent span."""
    for index in range(len(calls) - 1, 0, -1):
        if _is_fresh_start(calls[index - 1], calls[index]):
            return index
    return 0


def _is_fresh_start(earlier: Call, later: Call) -> bool:
    """Whether another run begins with *later*.

    A run is known to have a root of its own where its key is not the trace id. Spans without a root above
    them tell of no fresh start, and neither does another run in the same trace: while the span of the agent
    that calls them is open, turns of one sub-agent look like runs of their own.
    """
    return earlier.trace_id != later.trace_id and earlier.run not in (later.run, earlier.trace_id)


def _ordinal(place: Place) -> int:
    return place.step_index if place.before is None else 0


def memory_of(place: Place) -> AgentMemory:
    """The detector's memory of the agent at *place*."""
    memory: AgentMemory | None = place.agent.memo.get(NAME)
    if memory is None:
        memory = place.agent.memo[NAME] = AgentMemory()
    return memory
