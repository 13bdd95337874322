"""Agents that hand the same words to and fro: ping-pong, and hand-off cycles of up to five agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from loopwatch.effect import has_write_verb
from loopwatch.words import is_slot_batch, jaccard, text_words
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.detectors.loop.texts import answer_of
from loopwatch_processor.session import Session
from loopwatch_processor.step import Step, ToolCall

_NEWEST = 16
_MAX_LINKS = 256
_REFRAINS = 3
"""Our own choice: sayings that an agent may have for one thing, in turn."""
_REFRAIN_ROUNDS, _REFRAIN_SHARE = 5, 0.8
"""Our own choice: courtesies to and fro, of which one in five may be new."""
_TEXT_CHARS = 1_000
LINKS = "loop.links"
"""Where a session keeps which trace another one leads to."""


@dataclass(slots=True)
class Turn:
    """Steps of one agent between those of others."""

    agent: str
    steps: list[Step] = field(default_factory=list)

    @property
    def said(self) -> str:
        """What the agent said last; empty where that is not known."""
        return next((text for step in reversed(self.steps) if (text := _said(step))), "")[:_TEXT_CHARS]

    @property
    def words(self) -> tuple[str, ...]:
        """Those of `said`."""
        return tuple(text_words(self.said))

    @property
    def is_silent(self) -> bool:
        """Whether the agent had its turn and said nothing, which is more than not to know what it said."""
        return all(answer_of(step) is not None for step in self.steps) and not self.said.strip()

    @property
    def calls(self) -> list[ToolCall]:
        """Its tool calls, in order."""
        return [step.tool for step in self.steps if step.tool is not None]

    @property
    def results(self) -> set[tuple[str, str]]:
        """What its tools answered, as far as that is known; the receipt of a message is no news."""
        looks = [tool for tool in self.calls if not has_write_verb(tool.name)]
        return {(tool.name, answer) for tool in looks if (answer := tool.result or tool.result_hash)}


@dataclass(frozen=True, slots=True)
class HandoffMatch:
    """Turns that go round, oldest first."""

    turns: tuple[Turn, ...]
    period: int
    similarity: float

    @property
    def rounds(self) -> int:
        return len(self.turns) // self.period

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(turn.agent for turn in self.turns[: self.period])

    @property
    def pattern(self) -> str:
        return "ping_pong" if self.period == 2 else "handoff_cycle"

    @property
    def span_ids(self) -> tuple[str, ...]:
        return tuple(turn.steps[-1].span_id for turn in self.turns)


def root_trace(step: Step, session: Session) -> str:
    """The first of the traces that lead to the one of *step* by links; its own where there are none."""
    roots: dict[str, str] = session.memo.setdefault(LINKS, {})
    for trace_id, _ in step.links:
        if trace_id != step.trace_id and step.trace_id not in roots and len(roots) < _MAX_LINKS:
            roots[step.trace_id] = roots.get(trace_id, trace_id)
    return roots.get(step.trace_id, step.trace_id)


def turns_around(step: Step, session: Session) -> list[Turn]:
    """The newest turns of the agents that take part in the trace of *step*, and in traces linked to it.

    Empty while the session has one agent only.
    """
    if len(session.agents) < 2:
        return []
    named = [agent for agent in session.agents.values() if agent.name]
    if len({agent.name for agent in named}) < 2:
        return []
    root = root_trace(step, session)
    found = [
        (item.end_ns, agent.name, item)
        for agent in named
        for item in (*agent.model_calls[-_NEWEST:], *agent.tool_calls[-_NEWEST:])
        if item.trace_id == step.trace_id or root_trace(item, session) == root
    ]
    turns: list[Turn] = []
    for _, name, item in sorted(found, key=itemgetter(0)):
        if not turns or turns[-1].agent != name:
            turns.append(Turn(name))
        turns[-1].steps.append(item)
    return turns


def _said(step: Step) -> str:
    conversation = step.model.conversation if step.model is not None else None
    return conversation.output_text if conversation is not None else ""


def _heard(step: Step) -> str:
    conversation = step.model.conversation if step.model is not None else None
    return conversation.user_text if conversation is not None else ""


def handoffs(turns: Sequence[Turn], settings: LoopSettings) -> HandoffMatch | None:
    """The last turns go round between the same agents, who say the same and learn nothing new."""
    for period in range(2, settings.cycle_max_period + 1):
        if len(turns) < settings.handoff_rounds * period:
            break
        length, ratios = period, []
        while length < len(turns):
            earlier, later = turns[-length - 1], turns[-length - 1 + period]
            if earlier.agent != later.agent or not later.results <= earlier.results:
                break
            before = turns[-length - 1 :: -period][:_REFRAINS]
            similarity = max(_likeness(turn, later) for turn in before if turn.agent == later.agent)
            if similarity < settings.handoff_similarity_ratio:
                break
            ratios.append(similarity)
            length += 1
        rounds = length // period
        if rounds >= settings.handoff_rounds and len({turn.agent for turn in turns[-period:]}) == period:
            return HandoffMatch(tuple(turns[-rounds * period :]), period, sum(ratios) / len(ratios))
    return _refrains(turns)


def _refrains(turns: Sequence[Turn]) -> HandoffMatch | None:
    """Two agents who only talk, and say word for word what they said before, in whichever order: thanks for thanks."""
    tail = turns[-2 * _REFRAIN_ROUNDS :]
    agents = {turn.agent for turn in tail}
    if len(tail) < 2 * _REFRAIN_ROUNDS or len(agents) != 2 or any(turn.calls for turn in tail):
        return None
    said: set[tuple[str, str]] = set()
    repeated = []
    for turn in turns:
        saying = (turn.agent, turn.said)
        repeated.append(bool(turn.said.strip()) and saying in said)
        said.add(saying)
    share = sum(repeated[-len(tail) :]) / len(tail)
    return HandoffMatch(tuple(tail), 2, share) if share >= _REFRAIN_SHARE else None


def _likeness(earlier: Turn, later: Turn) -> float:
    """How alike the words of two turns are, else their tool calls; what is not captured is unknown, never alike."""
    before, now = earlier.words, later.words
    if before and now:
        # One sentence about another item is work handed on, as it is for tool calls.
        return 0.0 if is_slot_batch(before, now) else jaccard(before, now)
    if earlier.is_silent and later.is_silent:
        return float(_heard(earlier.steps[-1]) == _heard(later.steps[-1]))  # what is not captured looks silent, too
    return float(_are_same(earlier.calls, later.calls))


def _are_same(earlier: Sequence[ToolCall], later: Sequence[ToolCall]) -> bool:
    """Whether both turns made the very same calls: similar ones may be the next item of a list."""
    mine, theirs = (
        [(call.name, call.arguments or call.arguments_hash) for call in calls] for calls in (earlier, later)
    )
    return bool(mine) and mine == theirs and all(arguments for _, arguments in mine)
