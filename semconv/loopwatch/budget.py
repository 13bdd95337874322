"""Limits that hold before a call is made: reserve first, settle after, so that parallel calls cannot overshoot."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

from loopwatch._safely import warn_once
from loopwatch.attributes import (
    LOOPWATCH_BUDGET_MAX_SECONDS,
    LOOPWATCH_BUDGET_MAX_STEPS,
    LOOPWATCH_BUDGET_MAX_TOKENS,
    LOOPWATCH_BUDGET_MAX_TOOL_CALLS,
    LOOPWATCH_BUDGET_MAX_USD,
    StopReason,
)

Clock = Callable[[], float]
"""Returns seconds that never go back."""

_ROUNDING: Final = 1e-9


class BudgetExceeded(Exception):
    """Raised before a model call or tool call that a limit of the caller's session does not allow.

    Attributes: *stop_reason* says which limit, *spent* what was settled and reserved when the call was refused,
    *limit* the limit itself, both in the limit's own unit (dollars, tokens, seconds, calls or steps).
    """

    def __init__(self, stop_reason: StopReason, spent: float, limit: float) -> None:
        super().__init__(stop_reason, spent, limit)
        self.stop_reason = stop_reason
        self.spent = spent
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.stop_reason}: {self.spent:g} of {self.limit:g} are spent or reserved"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the caller allows one session; None means no limit."""

    max_usd: float | None = None
    max_steps: int | None = None
    max_tool_calls: int | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None

    def attributes(self) -> dict[str, float]:
        """Return the limits that are set as span attributes."""
        found = ((_LIMIT_ATTRIBUTES[field.name], getattr(self, field.name)) for field in fields(self))
        return {name: _as_typed(name, limit) for name, limit in found if limit is not None}


def _as_typed(name: str, limit: float) -> float:
    return float(limit) if name in (LOOPWATCH_BUDGET_MAX_USD, LOOPWATCH_BUDGET_MAX_SECONDS) else int(limit)


_LIMIT_ATTRIBUTES: Final = {
    "max_usd": LOOPWATCH_BUDGET_MAX_USD,
    "max_steps": LOOPWATCH_BUDGET_MAX_STEPS,
    "max_tool_calls": LOOPWATCH_BUDGET_MAX_TOOL_CALLS,
    "max_tokens": LOOPWATCH_BUDGET_MAX_TOKENS,
    "max_seconds": LOOPWATCH_BUDGET_MAX_SECONDS,
}


class Amounts(NamedTuple):
    """What one call takes, or what many took. A tuple, because a call makes several and they are cheap."""

    usd: float = 0.0
    tokens: int = 0
    steps: int = 0
    tool_calls: int = 0

    def plus(self, other: "Amounts") -> "Amounts":
        """Return the sum."""
        return _MAKE(Amounts, (self[0] + other[0], self[1] + other[1], self[2] + other[2], self[3] + other[3]))

    def minus(self, other: "Amounts") -> "Amounts":
        """Return the difference."""
        return _MAKE(Amounts, (self[0] - other[0], self[1] - other[1], self[2] - other[2], self[3] - other[3]))


NOTHING: Final = Amounts()
_MAKE: Final = tuple.__new__
"""Half of what the constructor of a named tuple takes."""


class Budget:
    """The account of one session; a sub-agent's account also draws on its *parent*.

    Safe between threads and tasks: the lock is held for arithmetic only. Safe also in a finaliser, which the garbage
    collector may run in the middle of that: a stream that nobody reads any more ends its call there.
    """

    def __init__(self, limits: Limits, parent: "Budget | None" = None, clock: Clock = time.monotonic) -> None:
        self.limits = limits
        self._limited = limits != Limits()
        self._parent = parent
        self._clock = clock
        self._began_s = clock()
        self._lock = threading.RLock()
        self._due: deque[tuple[Amounts, Amounts | None]] = deque()
        """What a finaliser left to be booked: amounts set aside, and None; or those that were, and what it took."""
        self._is_booking = False
        self._spent = NOTHING
        self._reserved = NOTHING
        self._dearest_usd = 0.0
        self._dearest_tokens = 0

    @property
    def spent(self) -> Amounts:
        """What settled calls took, those of sub-agents included."""
        with self._lock:
            return self._spent

    @property
    def reserved(self) -> Amounts:
        """What is set aside for calls that are open."""
        with self._lock:
            return self._reserved

    def estimate(self, usd: float | None, tokens: int | None) -> tuple[float, int]:
        """Return what to reserve for a model call: what the caller says, else the most that one call took."""
        return (
            self._dearest_usd if usd is None else usd,
            self._dearest_tokens if tokens is None else tokens,
        )

    def reserve(self, call: Amounts) -> None:
        """Set *call* aside here and in every parent, or nowhere.

        Raises: BudgetExceeded when a limit has no room for it.
        """
        with self._lock:
            if self._limited:
                self._check(self._spent.plus(self._reserved), call)
            self._book(call, None)
        if self._parent is not None:
            try:
                self._parent.reserve(call)
            except BudgetExceeded:
                self._book(call, NOTHING)
                raise

    def settle(self, reserved: Amounts, actual: Amounts) -> None:
        """Give *reserved* back and book *actual*, here and in every parent."""
        self._book(reserved, actual)
        if self._parent is not None:
            self._parent.settle(reserved, actual)

    def _book(self, reserved: Amounts, actual: Amounts | None) -> None:
        with self._lock:
            if self._is_booking:  # a finaliser in the middle of what follows, which goes on with this
                self._due.append((reserved, actual))
                return
            self._is_booking = True
            try:
                self._book_one(reserved, actual)
                while self._due:
                    self._book_one(*self._due.popleft())
            finally:
                self._is_booking = False

    def _book_one(self, reserved: Amounts, actual: Amounts | None) -> None:
        if actual is None:
            self._reserved = self._reserved.plus(reserved)
            return
        self._reserved = self._reserved.minus(reserved)
        self._spent = self._spent.plus(actual)
        self._dearest_usd = max(self._dearest_usd, actual[0])
        self._dearest_tokens = max(self._dearest_tokens, actual[1])

    def _check(self, taken: Amounts, call: Amounts) -> None:
        limits = self.limits
        if limits.max_steps is not None:
            _fits(StopReason.STEP_BUDGET, limits.max_steps, taken.steps, call.steps)
        if limits.max_tool_calls is not None and call.tool_calls:
            _fits(StopReason.TOOL_BUDGET, limits.max_tool_calls, taken.tool_calls, call.tool_calls)
        if limits.max_tokens is not None:
            _fits(StopReason.TOKEN_BUDGET, limits.max_tokens, taken.tokens, call.tokens)
        if limits.max_usd is not None:
            _fits(StopReason.COST_BUDGET, limits.max_usd, taken.usd, call.usd)
        if limits.max_seconds is not None:
            _fits(StopReason.TIME_BUDGET, limits.max_seconds, self._clock() - self._began_s, 0.0)


def _fits(reason: StopReason, limit: float, taken: float, wanted: float) -> None:
    """Raise unless *wanted* fits; a limit that is wholly taken refuses also a call that asks for nothing."""
    if taken >= limit or taken + wanted > limit + _ROUNDING * max(limit, 1.0):
        raise BudgetExceeded(reason, taken, limit)


def read_limits(**given: float | None) -> Limits:
    """Return the limits among *given*; one that is no number of 0 or more is ignored, with a warning."""
    return Limits(**{name: value for name, value in given.items() if _is_limit(name, value)})  # type: ignore[arg-type]


def _is_limit(name: str, value: float | None) -> bool:
    if value is None:
        return False
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value) and value >= 0:
        return True
    warn_once(f"limit:{name}", f"loopwatch: session({name}={value!r}) is ignored: give a number of 0 or more")
    return False
