"""Whether what arrives is late: silence says nothing of a sender while the road is behind."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

LATE_S = 60.0
"""What is further behind than this was held up on its way, or its sender's clock is wrong."""
STEADY_S = 120.0
"""A sender that was equally far behind for so long has a wrong clock: nothing is held up."""
_SETTLED_S = 600.0
"""After so long the further behind is the usual: its clock was set back."""
_SAME_S = 5.0
_MAX_SENDERS = 4_096


@dataclass(slots=True)
class _Sender:
    least_s: float
    since_s: float
    risen_s: float | None = None


class Road:
    """How far behind each sender usually is. Bounded: of more senders the longest silent are forgotten."""

    def __init__(self) -> None:
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    def is_late(self, sender: str, behind_s: float, now: float) -> bool:
        """Whether what arrives at *now*, *behind_s* after it was said, was held up."""
        known = self._senders.get(sender)
        if known is None:
            known = self._senders[sender] = _Sender(behind_s, now)
            if len(self._senders) > _MAX_SENDERS:
                self._senders.popitem(last=False)
        self._senders.move_to_end(sender)
        if behind_s < known.least_s - _SAME_S:
            known.least_s, known.since_s = behind_s, now
        is_usual = behind_s - known.least_s <= LATE_S
        if is_usual:
            known.risen_s = None
        elif known.risen_s is None:
            known.risen_s = now
        elif now - known.risen_s >= _SETTLED_S:
            known.least_s, known.since_s, known.risen_s = behind_s, now, None
        return behind_s > LATE_S and not (is_usual and now - known.since_s >= STEADY_S)
