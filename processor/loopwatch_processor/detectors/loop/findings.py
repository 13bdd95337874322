"""Findings in words: one sentence for who is on call, never the content of a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors.loop.agents import HandoffMatch
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.detectors.loop.texts import TextMatch
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.session import Place
from loopwatch_processor.step import Step

_DONE = {
    "exact": "was called {n} times in a row with the same arguments and nothing new came back",
    "scattered": "was called {n} times with the same arguments and brought the same result",
    "unchanged": "looked {n} times at a thing that did not change",
    "cycle": "went round the same calls and results, {n} calls in all",
    "rounds": "went round the same calls in changing order with the same results, {n} calls in all",
    "redone": "repeated {n} calls of before the context was compacted, with the same results",
    "rephrased": "was called {n} times with re-phrased arguments (similarity {similarity:.2f})",
    "reworded": "was called {n} times with the same words in another order or spelling",
    "same_answer": "gave one answer to {n} calls in ever other words or parameters",
    "nothing_new": "was asked {n} times from one pool of words and brought back what had come before",
    "same_error": "failed {n} times with the same kind of error while the arguments drifted",
    "carried_error": "failed {n} times with the same error, tried by one agent after the other",
    "malformed": "rejected {n} calls for their form",
    "drifting": "was called {n} times with one drifting number and gave the same result",
}
_WATCHED = "was asked {n} times for no more than a time or an id, with never a minute between"
_INSTEAD_OF_WATCHING = "a call that waits, or other work"
_PROGRESS = {
    "exact": "a different result or a different call",
    "scattered": "a different result, or a change made before the next look",
    "unchanged": "a change in what it shows",
    "cycle": "a new call or a new result",
    "rounds": "a new call or a new result",
    "redone": "a new call, or a new result",
    "rephrased": "a question about something else, or acting on what came back",
    "reworded": "a question about something else",
    "same_answer": "another answer, or a question about something else",
    "nothing_new": "an answer that brings something new, or a question about something else",
    "same_error": "a success, or a different approach",
    "carried_error": "a success, or a different approach",
    "malformed": "a call that fits the tool's parameters",
    "drifting": "a different result, or a different question",
    "monologue": "a tool call or a different answer",
    "empty_replies": "an answer with text or a tool call",
    "chanting": "an answer that comes to an end",
    "ping_pong": "a new tool result or a turn that says something new",
    "handoff_cycle": "a new tool result or a turn that says something new",
}


def of_calls(match: Match, episode: Episode, place: Place, settings: LoopSettings) -> Finding:
    """The finding for repeated tool calls."""
    first = match.calls[0]
    names = match.tools
    tools = " and ".join([f"`{tool}`" for tool in names[:5]])
    watches = match.is_new_each_time
    done = (_WATCHED if watches else _DONE[match.pattern]).format(n=len(match.calls), similarity=match.similarity)
    return _finding(
        match.pattern,
        f"{tools} {done}{_since(first.ordinal)}",
        episode,
        settings,
        span_ids=tuple([call.span_id for call in match.calls]),
        similarity=match.similarity,
        values={"tool": ", ".join(names), "calls": len(match.calls)},
        spent=[call for call in place.agent.model_calls if call.end_ns > first.end_ns],
        progress=_INSTEAD_OF_WATCHING if watches else "",
    )


def of_texts(match: TextMatch, episode: Episode, settings: LoopSettings) -> Finding:
    """The finding for repeated answers."""
    n = len(match.steps)
    done = {
        "monologue": f"The agent gave one answer {n} times without a tool call (similarity {match.similarity:.2f})",
        "empty_replies": f"The agent gave {n} empty answers in a row",
        "chanting": f"One answer repeats the same piece of text {match.repeats} times",
    }[match.pattern]
    spent = match.steps if match.pattern == "chanting" else match.steps[1:]
    return _finding(
        match.pattern,
        done,
        episode,
        settings,
        span_ids=tuple(step.span_id for step in match.steps),
        similarity=match.similarity,
        values={"answers": n} if not match.repeats else {"repeats": match.repeats},
        spent=spent,
    )


def of_handoffs(match: HandoffMatch, episode: Episode, place: Place, settings: LoopSettings) -> Finding:
    """The finding for turns that go round between agents."""
    names = " → ".join((*match.agents, match.agents[0]))
    after = match.turns[match.period - 1].steps[-1].end_ns
    spent = [call for agent in place.session.agents.values() for call in agent.model_calls if call.end_ns > after]
    return _finding(
        match.pattern,
        f"{names} went round {match.rounds} times with similar turns (similarity {match.similarity:.2f}) "
        "and no new tool result",
        episode,
        settings,
        span_ids=match.span_ids,
        similarity=match.similarity,
        values={"agents": ", ".join(match.agents), "rounds": match.rounds},
        spent=spent,
    )


def _finding(
    pattern: str,
    done: str,
    episode: Episode,
    settings: LoopSettings,
    *,
    span_ids: tuple[str, ...],
    similarity: float,
    values: dict[str, float | int | str],
    spent: Sequence[Step],
    progress: str = "",
) -> Finding:
    is_critical = episode.repeats >= settings.critical_repeats
    tokens, usd = _spent(spent)
    return Finding(
        detector="loop",
        pattern=pattern,
        severity=Severity.CRITICAL if is_critical else Severity.WARNING,
        score=round(similarity * (1 - 0.5 / (1 + episode.repeats)), 3),
        stop_reason=StopReason.LOOP_DETECTED.value,
        summary=f"{done}{_cost(tokens, usd)}; {progress or _PROGRESS[pattern]} would count as progress.",
        span_ids=span_ids,
        values={**values, "similarity_ratio": round(similarity, 3), "repeats_since_warning": episode.repeats},
        threshold=float(settings.critical_repeats) if is_critical else None,
        wasted_tokens=tokens,
        wasted_usd=usd,
    )


def _since(ordinal: int) -> str:
    return f" since step {ordinal}" if ordinal else ""


def _spent(steps: Iterable[Step]) -> tuple[int | None, float | None]:
    tokens = [step.usage.total_tokens for step in steps if step.usage is not None]
    money = [step.cost_usd for step in steps if step.cost_usd is not None]
    return sum(tokens) if tokens else None, sum(money) if money else None


def _cost(tokens: int | None, usd: float | None) -> str:
    if not tokens:
        return ""
    return (
        f", {tokens:,} tokens"
        + (f" ({'under $0.01' if usd < 0.01 else f'${usd:,.2f}'})" if usd else "")
        + " spent meanwhile"
    )
