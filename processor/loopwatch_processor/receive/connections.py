"""How many connections may be open, and how long one may take to say what it wants."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

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


def bounded_http(limits: ConnectionLimits, on_refused: OnRefused) -> type[asyncio.Protocol]:
    """uvicorn's protocol with *limits*; *on_refused* hears of every connection that met one."""
    return type("BoundedHttp", (_BoundedHttp,), {"limits": limits, "on_refused": staticmethod(on_refused)})


class _BoundedHttp(H11Protocol):
    """uvicorn waits for ever for the first byte of a connection, and for the last one of a request's headers."""

    limits: ClassVar[ConnectionLimits]
    on_refused: ClassVar[staticmethod[[Refusal], None]]
    _awaiting_headers: asyncio.TimerHandle | None = None
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections_max:
            self._refuse("too_many")
        else:
            self._expect_headers()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_headers()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _expect_headers(self) -> None:
        if self._awaiting_headers is None:
            self._awaiting_headers = self.loop.call_later(self.limits.header_timeout_s, self._refuse, "slow")

    def _stop_waiting(self) -> None:
        if self._awaiting_headers is not None:
            self._awaiting_headers.cancel()
            self._awaiting_headers = None

    def _refuse(self, why: Refusal) -> None:
        self._refused = True
        self._stop_waiting()
        self.on_refused(why)
        self.transport.close()
