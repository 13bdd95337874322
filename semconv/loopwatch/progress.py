"""What the agent itself says of its run: how far it is, and why it ends."""

import math
from typing import TYPE_CHECKING

from loopwatch._safely import safely, warn_once
from loopwatch._tracer import current_call, current_session
from loopwatch.attributes import LOOPWATCH_PROGRESS_SCORE, LOOPWATCH_STATE_HASH, StopReason
from loopwatch.canonical import canonical

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

    from loopwatch.session import Session


def progress(score: float | None = None, *, state: object = None) -> None:
    """Say how far the run is: *score* from 0 (nothing done) to 1 (done), and the *state* that the work changes.

    Only a keyed hash of *state* is recorded. Both go to the session and to the call that is
    open, else to the next one.
    """
    session = current_session()
    if session is None:
        warn_once("progress", "loopwatch: progress() was called outside a session() and is dropped")
        return
    safely(_progress, session, score, state)


def stop(reason: StopReason | str) -> None:
    """Say why the session that is open here ends; it records, it does not end anything."""
    session = current_session()
    if session is None:
        warn_once("stop", "loopwatch: stop() was called outside a session() and is dropped")
        return
    safely(session.stop, reason)


def _progress(session: "Session", score: float | None, state: object) -> None:
    attributes: dict[str, AttributeValue] = {}
    if _is_score(score):
        attributes[LOOPWATCH_PROGRESS_SCORE] = float(score)  # type: ignore[arg-type]
    if state is not None:
        attributes[LOOPWATCH_STATE_HASH] = session.sketcher.hash(canonical(state))
    call = current_call()
    session.add_progress(attributes, for_next_step=call is None)
    if call is not None:
        for name, value in attributes.items():
            call.set(name, value)


def _is_score(score: float | None) -> bool:
    if score is None:
        return False
    if isinstance(score, (int, float)) and math.isfinite(score) and 0 <= score <= 1:
        return True
    warn_once("score", f"loopwatch: progress({score!r}) is dropped: give a number from 0 to 1")
    return False
