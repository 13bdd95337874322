"""What a forked child does first: another thread may have held a lock when the process was copied.

The locks of the agent side are re-entrant for a like reason: the garbage collector may run a finaliser, such as the end
of a stream that nobody reads any more, in a thread that holds one of them.
"""

import os
from collections.abc import Callable


def in_forked_child(action: Callable[[], None]) -> None:
    """Run *action* in every child that forks from now on, where the system forks."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=action)
