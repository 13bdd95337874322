"""Money, steps, tool calls, tokens and time beyond what somebody allowed. See docs/detectors/budget.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loopwatch.attributes import AgentType
from loopwatch_processor.detectors.budget_limits import NO_LIMITS, RESOURCES, USD, Resource, tightest
from loopwatch_processor.detectors.budget_settings import Budgets, BudgetSettings
from loopwatch_processor.finding import Finding, Severity
from loopwatch_processor.kinds import COUNTED, JOB
from loopwatch_processor.run import Run
from loopwatch_processor.session import Place, Session
from loopwatch_processor.step import Limits, Step
from loopwatch_processor.values import value

_ROUNDING = 1 + 1e-9
"""Sums of money are floats: a session that spent its limit to the last cent did not exceed it."""


@dataclass(slots=True)
class _Memo:
    """What was said in a run, so that every agent in it does not say it again."""

    said: dict[str, Severity] = field(default_factory=dict)
    is_task: bool = False


@value
class _Check:
    """One limit held against what was used of it."""

    scope: str
    resource: Resource
    used: int | float
    limit: int | float
    severity: Severity
    origin: str
    """Whose limit it is, for the sentence."""

    @property
    def pattern(self) -> str:
        return f"{self.scope}_{self.resource.unit}"

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit * _ROUNDING


class BudgetDetector:
    """Holds what runs and sessions used against the user's limits, and against shy built-in ones for money."""

    name = "budget"
    kinds = COUNTED

    def __init__(self, settings: BudgetSettings, budgets: Budgets | None = None) -> None:
        budgets = budgets or Budgets()
        self._settings = settings
        self._step_usd = budgets.per_step.max_usd
        self._session = budgets.per_session.limits()
        self._turn = budgets.per_turn.limits()
        self._task = budgets.per_task.limits()
        self._built_in_session_usd = {
            AgentType.RESEARCH.value: settings.research_session_usd,
            AgentType.OPERATIONAL.value: settings.operational_session_usd,
        }
        self._built_in_turn_usd = {AgentType.CONVERSATIONAL.value: settings.conversational_turn_usd}
        scopes = (self._session, self._turn, self._task)
        self._limits_all = self._step_usd is not None or any(limits is not NO_LIMITS for limits in scopes)
        self._limited_types = self._built_in_session_usd.keys() | self._built_in_turn_usd.keys()

    def update(self, step: Step, place: Place) -> Iterable[Finding]:
        """Look at what *step* added to its run and its session."""
        agent_type = place.session.agent_type
        is_limited = self._limits_all or (agent_type != "" and agent_type in self._limited_types)
        if is_limited or place.run.limits is not None or step.kind is JOB:
            return self._found(step, place)
        return ()

    def _found(self, step: Step, place: Place) -> Iterator[Finding]:
        for check in self._all_checks(step, place):
            said = _memo(place.run).said
            if check.scope == "step" or said.get(check.pattern, 0) < check.severity:
                said[check.pattern] = check.severity
                yield self._finding(check, step, place)

    def _all_checks(self, step: Step, place: Place) -> Iterator[_Check]:
        is_task = _is_task(step, place.run)
        scope, configured = ("task", self._task) if is_task else ("turn", self._turn)
        limits = tightest(place.run.limits, configured)
        yield from self._step_check(step)
        if not place.session.is_scorable:
            return
        yield from self._checks(scope, place.run, limits)
        yield from self._checks("session", place.session, self._session)
        agent_type = place.session.agent_type
        if self._session.max_usd is None:
            yield from _built_in("session", place.session, self._built_in_session_usd.get(agent_type), agent_type)
        if limits.max_usd is None and not is_task:
            yield from _built_in("turn", place.run, self._built_in_turn_usd.get(agent_type), agent_type)

    def _step_check(self, step: Step) -> Iterator[_Check]:
        if self._step_usd is not None and (step.cost_usd or 0.0) > self._step_usd * _ROUNDING:
            yield _Check("step", USD, step.cost_usd or 0.0, self._step_usd, Severity.CRITICAL, "your limit")

    def _checks(self, scope: str, holder: Run | Session, limits: Limits) -> Iterator[_Check]:
        if limits is NO_LIMITS:
            return
        for resource in RESOURCES:
            limit = resource.allowed(limits)
            if limit is None or limit < 0:
                continue
            used = resource.used(holder)
            severity = self._severity(resource, used, limit, holder)
            if severity is not None:
                yield _Check(scope, resource, used, limit, severity, "your limit")

    def _severity(
        self, resource: Resource, used: int | float, limit: int | float, holder: Run | Session
    ) -> Severity | None:
        """How bad it is to have used *used* of a limit that the user set; None where that is fine."""
        ended = holder.stop_reason if isinstance(holder, Run) else None
        if used > limit * _ROUNDING:
            # A run that this very limit has stopped is over already: nobody has to get up for it.
            return Severity.WARNING if ended == resource.stop_reason.value else Severity.CRITICAL
        is_near = limit > 0 and used >= limit * self._settings.approaching_ratio
        return Severity.INFO if is_near and ended is None else None

    def _finding(self, check: _Check, step: Step, place: Place) -> Finding:
        verb = "exceeded" if check.is_exceeded else f"used {check.used / check.limit:.0%} of"
        unpriced = place.session.totals.unpriced_calls if check.resource is USD else 0
        used = ("at least " if unpriced else "") + check.resource.text(check.used)
        limit = check.resource.text(check.limit)
        return Finding(
            detector=self.name,
            pattern=check.pattern,
            severity=check.severity,
            score=1.0 if check.is_exceeded else check.used / check.limit,
            stop_reason=check.resource.stop_reason.value,
            summary=f"The {check.scope} {verb} {check.origin} of {limit}: {used} so far.",
            span_ids=(step.span_id,),
            values=self._values(check, place.session, unpriced),
            threshold=check.limit,
            stands=check.scope != "step",
        )

    def _values(self, check: _Check, session: Session, unpriced: int) -> dict[str, float | int | str]:
        unit = check.resource.unit
        values: dict[str, float | int | str] = {f"used_{unit}": check.used, f"limit_{unit}": check.limit}
        if check.resource is not USD:
            return values
        if unpriced:
            values["unpriced_calls"] = unpriced
        burn = burn_usd_per_minute(session, self._settings.burn_window_s)
        if burn:
            values["burn_usd_per_minute"] = burn
            values["exhausted_in_s"] = max(0.0, check.limit - check.used) / burn * 60
        return values


def burn_usd_per_minute(session: Session, window_s: float) -> float | None:
    """What the model calls of the last *window_s* seconds cost a minute, by span time and as far as they are
    remembered; None where no time passed."""
    calls = [call for agent in session.agents.values() for call in agent.model_calls]
    newest_ns = max((call.end_ns for call in calls), default=0)
    recent = [call for call in calls if call.end_ns > newest_ns - window_s * 1e9]
    spent_usd = sum(call.cost_usd or 0.0 for call in recent)
    took_s = (newest_ns - min((call.start_ns for call in recent), default=newest_ns)) / 1e9
    return spent_usd / took_s * 60 if took_s > 0 else None


def _built_in(scope: str, holder: Run | Session, limit_usd: float | None, agent_type: str) -> Iterator[_Check]:
    used_usd = holder.totals.cost_usd
    if limit_usd is not None and used_usd > limit_usd * _ROUNDING:
        origin = f"the built-in limit for {agent_type} agents"
        yield _Check(scope, USD, used_usd, limit_usd, Severity.WARNING, origin)


def _is_task(step: Step, run: Run) -> bool:
    """Whether the span of a job was seen in *run*."""
    if step.kind is JOB:
        mark_task(run)
    return is_known_task(run)


def is_known_task(run: Run) -> bool:
    """Whether *run* was marked as a job."""
    return "budget" in run.memo and _memo(run).is_task


def mark_task(run: Run) -> None:
    """The span of a job was seen in *run*, so the limits of tasks hold for it."""
    _memo(run).is_task = True


def _memo(run: Run) -> _Memo:
    memo = run.memo.get("budget")
    if memo is None:
        memo = _Memo()
        run.remember("budget", memo)
    assert isinstance(memo, _Memo)
    return memo
