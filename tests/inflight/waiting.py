"""Waiting for other threads and processes, with an end."""

import time
from collections.abc import Callable


def until(is_so: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait until *is_so*; the test fails where that takes too long."""
    deadline_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.005)
