"""Steps without a change of state, and drift away from the goal. See docs/detectors/progress.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from loopwatch.attributes import StopReason
from loopwatch_processor.detectors.progress_settings import ProgressSettings
from loopwatch_processor.detectors.reports import (
    MAX_REPORTS,
    Report,
    Reports,
    falling_scores,
    report_of,
    standing_reports,
)
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.kinds import COUNTED, TOOL_CALL
from loopwatch_processor.session import AgentState, Place
from loopwatch_processor.step import Step

NAME: Final = "progress"


class ProgressDetector:
    """Watches the state hash and the progress score that steps carry; without them, only the novelty of results."""

    name = NAME
    kinds = COUNTED

    def __init__(self, settings: ProgressSettings) -> None:
        self._settings = settings
        self._stale_results = settings.stale_results

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at what *step* reports: warning for a standing state or a falling score, info for stale results."""
        if step.progress is not None or step.state_hash:
            report = report_of(step, place)
            if report is not None:
                return self._reported(report, step, place)
        if step.kind is not TOOL_CALL:
            return ()
        known: Reports | None = place.run.memo.get(self.name)
        if known is not None and known.of(place.agent.name):
            return ()
        return self._stale(place.agent.tool_calls, step, place)

    def _reported(self, report: Report, step: Step, place: Place) -> Iterator[Finding]:
        if place.moved:
            self._forget(step, place)
        known: Reports | None = place.run.memo.get(self.name)
        if known is None:
            known = Reports()
            place.run.remember(self.name, known)
        reports = known.add(report, place.agent.name)
        yield from self._unchanged(reports, place)
        yield from self._drift(reports, place)

    def _forget(self, step: Step, place: Place) -> None:
        """*step* turned out to belong to this run: it says nothing of the others any more."""
        for run in place.session.runs.values():
            if run is not place.run and (known := run.memo.get(self.name)) is not None:
                known.forget(step.span_id)

    def _unchanged(self, reports: Sequence[Report], place: Place) -> Iterator[Finding]:
        standing = standing_reports(reports)
        count = len(standing) - 1
        if count < self._settings.unchanged_reports:
            return
        what = "state" if any(report.state for report in standing) else "progress score"
        more = " or more" if len(standing) == MAX_REPORTS else ""
        tokens, usd = _spent(place.agent, standing[0].end_ns)
        yield self._finding(
            "unchanged",
            f"The {what} has not changed over the last {count}{more} reports{_since(standing[0])}{_cost(tokens, usd)}; "
            f"a changed {what} would count as progress, without one the run should halt.",
            score=1 - 0.5 ** (count / self._settings.unchanged_reports),
            span_ids=tuple(report.span_id for report in standing),
            values={"unchanged_reports": count},
            threshold=float(self._settings.unchanged_reports),
            spent=(tokens, usd),
        )

    def _drift(self, reports: Sequence[Report], place: Place) -> Iterator[Finding]:
        back = self._settings.drift_reports
        fall = falling_scores(reports, back, self._settings.drift_ratio)
        if not fall:
            return
        (first, before), (_, now) = fall[0], fall[-1]
        tokens, usd = _spent(place.agent, first.end_ns)
        yield self._finding(
            "drift",
            f"The agent is further from its goal than {back} reports ago{_since(first)}: progress score {now:.2f} "
            f"after {before:.2f}{_cost(tokens, usd)}; a rising score would count as progress, without one the run "
            "should halt.",
            score=(before - now) / before,
            span_ids=tuple(report.span_id for report, _ in fall),
            values={"progress_score": now, "earlier_score": before},
            threshold=self._settings.drift_ratio,
            spent=(tokens, usd),
        )

    def _stale(self, calls: Sequence[Step], step: Step, place: Place) -> Sequence[Finding]:
        if not place.in_window or calls[-1] is not step or len(calls) <= self._stale_results:
            return ()
        stale = stale_calls(calls, self._stale_results)
        count = len(stale)
        if not count:
            return ()
        finding = self._finding(
            "stale_results",
            f"The last {count} tool calls brought only results that the agent had seen before; it reports "
            "neither state nor progress, so this is information only.",
            severity=Severity.INFO,
            score=0.3,
            span_ids=tuple(call.span_id for call in stale),
            values={"stale_results": count},
            threshold=float(self._stale_results),
        )
        return (finding,)

    def _finding(
        self,
        pattern: str,
        summary: str,
        *,
        score: float,
        span_ids: tuple[str, ...],
        values: dict[str, float | int | str],
        threshold: float,
        severity: Severity = Severity.WARNING,
        spent: tuple[int | None, float | None] = (None, None),
    ) -> Finding:
        return Finding(
            detector=self.name,
            pattern=pattern,
            severity=severity,
            score=round(score, 3),
            stop_reason=StopReason.NO_PROGRESS.value,
            summary=summary,
            span_ids=span_ids,
            values=values,
            threshold=threshold,
            wasted_tokens=spent[0],
            wasted_usd=spent[1],
        )


def stale_calls(calls: Sequence[Step], least: int) -> Sequence[Step]:
    """The newest of *calls* whose results had all come before; nothing where they are fewer than *least*."""
    first = len(calls) - least
    if first < 0 or not _may_have_come(calls):
        return ()
    for place in range(first, len(calls)):  # the oldest first: it is the likeliest to be new
        if not _is_stale(calls, place):
            return ()
    while first > 0 and _is_stale(calls, first - 1):
        first -= 1
    return calls[first:]


def _is_stale(calls: Sequence[Step], place: int) -> bool:
    """Whether the result of the call at *place* had come before."""
    result = _result(calls[place])
    return result is not None and _has_come(result, calls, place)


def _has_come(result: tuple[str, str], calls: Sequence[Step], before: int) -> bool:
    """Whether one of *calls* up to *before* brought *result*."""
    name, answer = result
    for call in calls[:before]:
        tool = call.tool
        # The name of its tool first, which tells most of them apart.
        if tool is None or tool.name != name:
            continue
        if call.error is not None:
            if _result(call) == result:
                return True
        elif not tool.polling and (tool.result_hash or tool.result) == answer:
            return True
    return False


def _may_have_come(calls: Sequence[Step]) -> bool:
    """Whether the newest result can be among the earlier ones: nearly always it is new, which its text alone tells.

    That takes two thirds of the time of naming all 32 results.
    """
    newest = calls[-1]
    if newest.error is not None or newest.tool is None:
        return True
    result = newest.tool.result_hash or newest.tool.result
    return [call.tool.result_hash or call.tool.result for call in calls if call.tool is not None].count(result) > 1


def _result(call: Step) -> tuple[str, str] | None:
    """What identifies the result of *call*; None where it is not captured, which is new, and where it may be equal."""
    if call.tool is None or call.tool.polling:
        return None
    if call.error is not None:
        return call.tool.name, f"error:{call.error.type}:{call.error.message}"
    if call.tool.result is None and not call.tool.result_hash:
        return None
    return call.tool.name, call.tool.result_hash or call.tool.result or ""


def _spent(agent: AgentState, since_ns: int) -> tuple[int | None, float | None]:
    """Tokens and money of the agent's model calls after *since_ns*, as far as its window goes back."""
    calls = [call for call in agent.model_calls if call.end_ns > since_ns]
    tokens = [call.usage.total_tokens for call in calls if call.usage is not None]
    money = [call.cost_usd for call in calls if call.cost_usd is not None]
    return sum(tokens) if tokens else None, sum(money) if money else None


def _since(report: Report) -> str:
    return f" since step {report.ordinal}" if report.ordinal else ""


def _cost(tokens: int | None, usd: float | None) -> str:
    if not tokens:
        return ""
    return f", {tokens:,} tokens" + (f" (${usd:,.2f})" if usd and usd >= 0.01 else "") + " spent meanwhile"
