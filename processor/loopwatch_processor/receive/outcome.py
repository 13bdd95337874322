"""How a request was answered, in one word for a counter."""

from __future__ import annotations

from enum import StrEnum

from loopwatch_processor.errors import Busy, LoopwatchError, RefusedDownstream, TooLarge, Undecodable


class Outcome(StrEnum):
    """What an export request was answered; the values are those of `loopwatch.request.outcome`."""

    ok = "ok"
    undecodable = "undecodable"
    too_large = "too_large"
    unsupported = "unsupported"
    slow = "slow"
    busy = "busy"
    denied = "denied"
    refused = "refused"
    fault = "fault"


class Faulted(Busy):
    """Raised after a fault of ours: the sender is told to retry as when we are busy."""


class Slow(Busy):
    """Raised when a body does not arrive in time.

    A slow link is no reason to lose data, so the sender is told to retry: HTTP's own 408 OTLP clients do not retry.
    """

    def __init__(self, timeout_s: float, retry_after_s: float) -> None:
        LoopwatchError.__init__(self, f"the body did not arrive within {timeout_s:g} s, or while there was room")
        self.retry_after_s = retry_after_s


def outcome_of(error: LoopwatchError) -> Outcome:
    """What a request that ended in *error* was answered."""
    match error:
        case Undecodable():
            return Outcome.undecodable
        case TooLarge():
            return Outcome.too_large
        case RefusedDownstream():
            return Outcome.refused
        case Slow():
            return Outcome.slow
        case Busy() if not isinstance(error, Faulted):
            return Outcome.busy
    return Outcome.fault
