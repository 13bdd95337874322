"""Agents that hand the same words to and fro: ping-pong, and hand-off cycles of up to five agents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from loopwatch.words import jaccard, text_words
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.session import Session
from loopwatch_processor.step import Step, StepKind

_MAX_ENTRIES = 128
_MAX_TRACES = 64
_TEXT_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What one agent said or learned in one step."""

    end_ns: int
    span_id: str
    agent: str
    text: str = ""
    result: tuple[str, str] | None = None
    """Tool and what it answered; None where that is not known."""


@dataclass(slots=True)
class Turn:
    """Steps of one agent between those of others."""

    agent: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def words(self) -> frozenset[str]:
        """What the agent said last; empty where that is not known."""
        said = next((entry.text for entry in reversed(self.entries) if entry.text), "")
        return frozenset(text_words(said))

    @property
    def results(self) -> set[tuple[str, str]]:
        """What its tools answered."""
        return {entry.result for entry in self.entries if entry.result is not None}


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
        return tuple(turn.entries[-1].span_id for turn in self.turns)


@dataclass(slots=True)
class Exchange:
    """What the agents of one trace, or of traces linked to it, did lately."""

    entries: dict[str, Entry] = field(default_factory=dict)
    """By span id, in order of arrival."""
    agents: set[str] = field(default_factory=set)
    episode: Episode = field(default_factory=Episode)
    """The hand-offs that go round, while they do."""

    def add(self, entry: Entry) -> None:
        """Remember *entry*; a later reading of the same span replaces the earlier one."""
        self.entries[entry.span_id] = entry
        if len(self.entries) > _MAX_ENTRIES:
            del self.entries[next(iter(self.entries))]
        self.agents.add(entry.agent)

    def turns(self) -> list[Turn]:
        """The entries by time, those of one agent in a row taken together."""
        turns: list[Turn] = []
        for entry in sorted(self.entries.values(), key=lambda item: item.end_ns):
            if not turns or turns[-1].agent != entry.agent:
                turns.append(Turn(entry.agent))
            turns[-1].entries.append(entry)
        return turns


def exchange_of(step: Step, session: Session) -> Exchange:
    """The exchange that *step* belongs to: its trace's, or that of a trace which it links to."""
    exchanges: dict[str, Exchange] = session.memo.setdefault("loop.exchanges", {})
    for trace_id, _ in step.links:
        if trace_id in exchanges and step.trace_id not in exchanges:
            exchanges[step.trace_id] = exchanges[trace_id]
    if step.trace_id not in exchanges:
        exchanges[step.trace_id] = Exchange()
        if len(exchanges) > _MAX_TRACES:
            del exchanges[next(iter(exchanges))]
    return exchanges[step.trace_id]


def entry_of(step: Step, agent: str) -> Entry | None:
    """What *step* adds to an exchange; None where that is nothing, or the agent has no name."""
    if not agent:
        return None
    if step.kind is StepKind.MODEL_CALL:
        text = step.model.conversation.output_text if step.model and step.model.conversation else ""
        return Entry(step.end_ns, step.span_id, agent, text[:_TEXT_CHARS])
    if step.kind is StepKind.TOOL_CALL and step.tool is not None:
        result = step.tool.result if step.tool.result is not None else step.tool.result_hash
        return Entry(step.end_ns, step.span_id, agent, result=(step.tool.name, result) if result else None)
    return None


def handoffs(turns: Sequence[Turn], settings: LoopSettings) -> HandoffMatch | None:
    """The last turns go round between the same agents, who say the same and learn nothing new."""
    for period in range(2, settings.cycle_max_period + 1):
        length, ratios = period, []
        while length < len(turns):
            earlier, later = turns[-length - 1], turns[-length - 1 + period]
            similarity = _likeness(earlier, later)
            if similarity < settings.handoff_similarity_ratio or not later.results <= earlier.results:
                break
            ratios.append(similarity)
            length += 1
        rounds = length // period
        if rounds >= settings.handoff_rounds and len({turn.agent for turn in turns[-period:]}) == period:
            return HandoffMatch(tuple(turns[-rounds * period :]), period, sum(ratios) / len(ratios))
    return None


def _likeness(earlier: Turn, later: Turn) -> float:
    """What is not captured is unknown, never alike."""
    if earlier.agent != later.agent:
        return 0.0
    return jaccard(tuple(earlier.words), tuple(later.words))
