"""Runs the OTLP/HTTP application with uvicorn on the caller's event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from loopwatch_processor.receive import listen
from loopwatch_processor.receive.connections import ConnectionLimits, OnRefused
from loopwatch_processor.receive.http_protocol import bounded_http
from loopwatch_processor.receive.tls import ListenerTls, http_context


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where to listen; port 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 4318
    tls: ListenerTls | None = None
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)


class HttpServer:
    """Serves *app*; *setting* names what a user changes when the port is taken.

    *on_refused* hears why a connection was closed on its client, for a counter.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: HttpSettings | None = None,
        setting: str = "receive.http.port",
        on_refused: OnRefused = lambda _why: None,
    ) -> None:
        self._app = app
        self._settings = settings or HttpSettings()
        self._setting = setting
        self._on_refused = on_refused
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.Task[None] | None = None
        self.port = self._settings.port

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one.

        Raises:
            CannotListen: the address cannot be used; PortTaken where it is in use.
        """
        bound = listen.bind(self._settings.host, self._settings.port, self._setting)
        self.port = bound.getsockname()[1]
        self._server = uvicorn.Server(self._config())
        # The parts of uvicorn's serve() without its signal handlers: those belong to the caller.
        self._server.config.load()
        self._server.config.ssl = http_context(self._settings.tls) if self._settings.tls is not None else None
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[bound])
        self._loop = asyncio.create_task(self._server.main_loop())

    async def stop(self, grace_s: float) -> None:
        """Take no new requests, and give those in flight *grace_s* seconds."""
        if self._server is None or self._loop is None:
            return
        self._server.config.timeout_graceful_shutdown = grace_s  # type: ignore[assignment]
        self._server.should_exit = True
        await self._loop
        await self._server.shutdown()
        self._server = self._loop = None

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._app,
            http=bounded_http(self._settings.connections, self._on_refused),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self._settings.connections.idle_timeout_s,
        )
