"""How many connections may be open, and how long one may take to say what it wants."""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

_log = logging.getLogger(__name__)

_DESCRIPTORS_KEPT = 256
"""For the journal, the log, the downstream, receivers of pages, and what the interpreter opens."""

Refusal = Literal["too_many", "slow"]
OnRefused = Callable[[Refusal], None]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Of each server: connections open at the same time, and how long the headers of a request may take to arrive.

    A connection beyond *connections_max* is closed at once, which clients take for a server to be tried again.
    """

    connections_max: int = 2048
    header_timeout_s: float = 10.0
    idle_timeout_s: int = 120
    """Longer than the 90 s after which Go's client drops an idle connection: a server that closes first races with the
    next request."""

    def affordable(self) -> ConnectionLimits:
        """The same, or fewer where the system allows this process fewer open files; first asks it for more."""
        wanted = 2 * self.connections_max + _DESCRIPTORS_KEPT
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most == wanted:
            return self
        fewer = max(1, (most - _DESCRIPTORS_KEPT) // 2)
        _log.warning(
            "receive.max_connections is %d, but this process may open %d files: %d are taken for each protocol;"
            " raise the limit of open files (ulimit -n)",
            *(self.connections_max, hard, fewer),
        )
        return replace(self, connections_max=fewer)
