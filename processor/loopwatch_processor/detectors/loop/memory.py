"""What the loop detector remembers about one agent: calls already read, and the loops that are going on."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step

_MAX_EPISODES = 16
NAME = "loop"


@dataclass(slots=True)
class AgentMemory:
    """Of one agent in one session."""

    calls: dict[str, Call] = field(default_factory=dict)
    """By span id, in no order; what left the window is dropped."""
    runs: dict[str, str] = field(default_factory=dict)
    """Run key of each call in `calls`, as it is known now."""
    episodes: OrderedDict[str, Episode] = field(default_factory=OrderedDict)
    """By what is repeated."""
    requests: list[frozenset[str]] = field(default_factory=list)
    """Words of the requests that came from outside."""
    nudges: list[frozenset[str]] = field(default_factory=list)
    """Words of the few-word remarks that came from outside, each once."""
    afresh_ns: int = 0
    """When the newest of them came: what ended before counts no more."""

    def read(self, step: Step, place: Place) -> list[Call]:
        """The calls of the window since the last fresh start, oldest first, with *step* read anew."""
        known = self.calls.pop(step.span_id, None)
        ordinal = known.ordinal if known is not None else place.step_index if place.before is None else 0
        self.calls[step.span_id] = Call(step, ordinal)
        self.runs[step.span_id] = place.run.key
        window = place.agent.tool_calls
        for item in window:
            if item.span_id not in self.calls:
                self.calls[item.span_id] = Call(item)
                self.runs.setdefault(item.span_id, place.run.key)
        if len(self.calls) > len(window):
            self._forget({item.span_id for item in window})
        scored = [item for item in window if item.end_ns > self.afresh_ns and not (item.tool and item.tool.polling)]
        calls = [self.calls[item.span_id] for item in scored]
        return calls[self._start(calls) :]

    def _forget(self, kept: set[str]) -> None:
        self.calls = {key: call for key, call in self.calls.items() if key in kept}
        self.runs = {key: run for key, run in self.runs.items() if key in kept}

    def _start(self, calls: list[Call]) -> int:
        """Index of the first call since the last new root agent span.

        A run is known to have a root of its own where its key is not the trace id. Spans without a root above
        them tell of no fresh start, and neither does another run in the same trace: while the span of the agent
        that calls them is open, turns of one sub-agent look like runs of their own.
        """
        for index in range(len(calls) - 1, 0, -1):
            later, earlier = calls[index], calls[index - 1]
            run = self.runs[earlier.span_id]
            if earlier.trace_id != later.trace_id and run not in (self.runs[later.span_id], earlier.trace_id):
                return index
        return 0

    def episode(self, subject: str) -> Episode:
        """The loop about *subject*, opened where it is new."""
        found = self.episodes.setdefault(subject, Episode())
        self.episodes.move_to_end(subject)
        if len(self.episodes) > _MAX_EPISODES:
            self.episodes.popitem(last=False)
        return found

    def settle(self, going_on: str, quiet_calls: int) -> None:
        """Let a tool call pass for every loop but *going_on*: those that stay quiet are over."""
        for subject, episode in list(self.episodes.items()):
            if subject != going_on:
                episode.quiet += 1
                if episode.quiet >= quiet_calls:
                    del self.episodes[subject]


def memory_of(place: Place) -> AgentMemory:
    """The detector's memory of the agent at *place*."""
    memory: AgentMemory | None = place.agent.memo.get(NAME)
    if memory is None:
        memory = place.agent.memo[NAME] = AgentMemory()
    return memory
