"""One failing call that is carried from agent to agent of a run: each tries once, and none gets on."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from loopwatch.words import text_words
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.session import AgentKey

FAILURES: Final = "loop.failed"
"""Where a session keeps its `Failures`."""
_MAX_FAILED: Final = 32


@dataclass(slots=True)
class Failures:
    """Failed calls of all agents of a session that nothing has mended since, oldest first."""

    calls: list[tuple[AgentKey, Call]] = field(default_factory=list)
    episodes: dict[str, Episode] = field(default_factory=dict)
    """By tool."""

    def add(self, agent: AgentKey, call: Call) -> None:
        """Remember *call*, which failed; one whose agent became known since takes its own place."""
        self.calls = [item for item in self.calls if item[1].span_id != call.span_id]
        insort(self.calls, (agent, call), key=lambda item: item[1].end_ns)
        del self.calls[:-_MAX_FAILED]

    def episode(self, tool: str, agent: str) -> Episode:
        """The loop over *tool*, opened by *agent* where it is new."""
        return self.episodes.setdefault(tool, Episode(speaker=agent))

    def until(self, call: Call) -> Sequence[tuple[AgentKey, Call]]:
        """What failed up to *call*, which is the newest of them."""
        at = next((n for n, item in enumerate(self.calls) if item[1] is call), -1)
        return self.calls[: at + 1]

    def settle(self, call: Call) -> None:
        """Forget what *call*, which did not fail, mended: its tool's failures, or all where it changes something."""
        kept = [item for item in self.calls if item[1].tool != call.tool]
        if kept and call.is_mutating:  # asked last: nothing else that a call is asked without need takes as long
            kept = []
        if len(kept) < len(self.calls):
            self.calls = kept
            self.episodes = {tool: item for tool, item in self.episodes.items() if any(c.tool == tool for _, c in kept)}


def carried_error(failed: Sequence[tuple[AgentKey, Call]], settings: LoopSettings) -> Match | None:
    """The newest of *failed* was tried by other agents of the same run, on the same thing and with the same error."""
    if not failed:
        return None  # it ended before all that is remembered
    agent, newest = failed[-1]
    if newest.outcome.is_transient:
        return None
    found, agents = [newest], {agent}
    for other, call in reversed(failed[:-1]):
        same_run = call.trace_id == newest.trace_id and call.tool == newest.tool
        if same_run and _is_same_attempt(newest, call) and not _overlaps(call, found):
            found.append(call)
            agents.add(other)
    if len(agents) < 2 or len(found) < settings.same_error_calls:
        return None
    return Match("carried_error", tuple(reversed(found)))


def _overlaps(call: Call, others: Iterable[Call]) -> bool:
    return any(call.overlaps(other) for other in others)


def _is_same_attempt(newest: Call, call: Call) -> bool:
    """The error is the same, and so is all that the call names, or what the error names; a question may differ."""
    if not newest.outcome.same_as(call.outcome):
        return False
    if newest.same_call(call):
        return True
    if newest.is_sketched or call.is_sketched:
        return _share_a_field(newest, call)
    shared = {path: value for path, value in newest.literals.items() if call.literals.get(path) == value}
    if not any(text_words(value) for value in shared.values()):
        return False
    named = {word for value in shared.values() for word in text_words(value)}
    return shared.keys() == newest.literals.keys() or not newest.outcome.names.isdisjoint(named)


def _share_a_field(newest: Call, call: Call) -> bool:
    """By sketches: the error, which is the same, names something, and at least one field is the same."""
    fields, others = newest.sketched_fields, call.sketched_fields
    if fields is None or others is None or not newest.outcome.is_named:
        return False
    return any(fields[key].value == others[key].value for key in fields.keys() & others.keys())
