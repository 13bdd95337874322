"""What the agent side left out, counted by reason: silence is not health."""

import threading
from collections import Counter
from typing import Final

from loopwatch._fork import in_forked_child

REASONS: Final = (
    "span_not_followed",
    "span_not_announced",
    "event_not_sent",
    "stream_not_written",
    "stall_not_interrupted",
    "fault",
)
"""All that there are; docs/inflight.md says what each means."""

_counted: Counter[str] = Counter()
_lock = threading.RLock()


def count(reason: str, number: int = 1) -> None:
    """Add *number* to what is counted under *reason*."""
    with _lock:
        _counted[reason] += number


def counts() -> dict[str, int]:
    """Return every reason with its number since the process started, or forked."""
    with _lock:
        return dict(_counted)


def forget_counts() -> None:
    """Begin anew: in a forked child, and in tests."""
    global _lock  # noqa: PLW0603 - one that another thread held can never be released in the child
    _lock = threading.RLock()
    _counted.clear()


in_forked_child(forget_counts)
