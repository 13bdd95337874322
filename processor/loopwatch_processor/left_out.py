"""What the processes of agents say that they left out of what they tell: their sums, as increases."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from loopwatch._counts import REASONS
from loopwatch.attributes import LOOPWATCH_PROCESS_LEFT_OUT
from loopwatch_processor.open_span import Said
from loopwatch_processor.otlp import LogRecord

MAX_PROCESSES: Final = 4_096
"""Remembered; one that was forgotten counts from 0 again."""
_KEYS: Final = {reason: f"{LOOPWATCH_PROCESS_LEFT_OUT}.{reason}" for reason in REASONS}


class LeftOut:
    """What each process said last. Only reasons that are known count: they become a label."""

    def __init__(self) -> None:
        self._of: OrderedDict[tuple[str, str, str], dict[str, int]] = OrderedDict()

    def more(self, record: LogRecord, said: Said) -> Iterator[tuple[str, int]]:
        """By reason, how much more it is by *record*, which *said* was read from."""
        for reason, key in _KEYS.items():
            number = record.get(key)
            if isinstance(number, int) and number > 0:
                known = self._known(said.worker)
                before, known[reason] = known.get(reason, 0), max(number, known.get(reason, 0))
                if known[reason] > before:
                    yield reason, known[reason] - before

    def _known(self, worker: tuple[str, str, str]) -> dict[str, int]:
        known = self._of.setdefault(worker, {})
        self._of.move_to_end(worker)
        if len(self._of) > MAX_PROCESSES:
            self._of.popitem(last=False)
        return known
