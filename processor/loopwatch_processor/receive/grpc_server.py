"""OTLP/gRPC: raw request bytes in, Export responses or a Status with details out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from loopwatch_processor.errors import LoopwatchError, TooLarge
from loopwatch_processor.receive import listen
from loopwatch_processor.receive.admission import Admission, Hold
from loopwatch_processor.receive.connections import ConnectionLimits
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.outcome import Outcome, outcome_of
from loopwatch_processor.receive.responses import error_status, export_response
from loopwatch_processor.receive.tls import ListenerTls, grpc_credentials

Method: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Admits: TypeAlias = "Callable[[grpc.HandlerCallDetails], Method | None]"
_HEALTH_SERVICE = "/grpc.health.v1.Health/"


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """Where to listen (port 0: any free one) and how much one request may hold after decompression."""

    host: str = "127.0.0.1"
    port: int = 4317
    body_max_bytes: int = 64 * 1024 * 1024
    streams_max: int = 256
    tls: ListenerTls | None = None
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)


class GrpcServer:
    """The three Export services and the standard health service on one port.

    *setting* names what a user changes when the port is taken. *admits* looks at every call but those of the health
    service, and gives what answers it where it may not go on.
    """

    def __init__(
        self,
        admission: Admission,
        settings: GrpcSettings | None = None,
        setting: str = "receive.grpc.port",
        admits: Admits = lambda _details: None,
    ) -> None:
        self._admission = admission
        self._settings = settings or GrpcSettings()
        self._setting = setting
        self._admits = admits
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()
        self.port = self._settings.port

    async def start(self) -> None:
        """Listen; afterwards `port` is the real one, and the health service says NOT_SERVING until `announce`.

        Raises:
            CannotListen: the address cannot be used; PortTaken where it is in use.
        """
        host, port = self._settings.host, self._settings.port
        # gRPC does not say why it cannot bind; a socket of our own does.
        listen.bind(host, port, self._setting).close()
        self._server = grpc.aio.server(options=self._options())
        self._server.add_generic_rpc_handlers(
            [_Methods(self._admits, {_path(each): self._method(each) for each in Signal})]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        try:
            self.port = self._open(self._server, listen.address(host, port))
        except RuntimeError as error:
            await self.stop(0)
            raise listen.port_taken(host, port, self._setting) from error
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._server.start()

    async def announce(self) -> None:
        """Say SERVING from now until `stop`, to who asks the health service: all of the service is ready."""
        await self._say(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float) -> None:
        """Take no new requests, and give those in flight *grace_s* seconds."""
        if self._server is None:
            return
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)
        self._server = None

    async def _say(self, status: int) -> None:
        for service in ("", *(signal.grpc_service for signal in Signal)):
            await self._health.set(service, status)

    def _open(self, server: grpc.aio.Server, address: str) -> int:
        tls = self._settings.tls
        if tls is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, grpc_credentials(tls))

    def _options(self) -> list[tuple[str, int]]:
        connections = self._settings.connections
        idle_ms = connections.idle_timeout_s * 1000
        return [
            ("grpc.max_allowed_incoming_connections", connections.connections_max),
            ("grpc.server_handshake_timeout_ms", round(connections.header_timeout_s * 1000)),
            # Without these a connection whose client is gone, or never says anything, is open for hours. Who wants it
            # again opens another without losing anything: it is told to (GOAWAY).
            ("grpc.max_connection_idle_ms", idle_ms),
            ("grpc.keepalive_time_ms", idle_ms),
            ("grpc.max_receive_message_length", self._settings.body_max_bytes),
            # Bounds what one connection can pile up; clients queue above it instead of failing.
            ("grpc.max_concurrent_streams", self._settings.streams_max),
            # With port sharing a second loopwatch would silently take half of the requests.
            ("grpc.so_reuseport", 0),
        ]

    def _method(self, signal: Signal) -> Method:
        async def export(_bodies: Any, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
            answer = await self._answer(signal, context)
            self._admission.answered(signal, outcome_of(answer) if isinstance(answer, LoopwatchError) else Outcome.ok)
            if isinstance(answer, LoopwatchError):
                await context.abort_with_status(rpc_status.to_status(error_status(answer)))
            return answer

        # Read as a stream, which is the same on the wire: gRPC refuses a message that is too large on its own, and
        # only who reads hears of it, as the end of the stream. Without serializers the bytes are passed through.
        method: Method = grpc.stream_unary_rpc_method_handler(export)
        return method

    async def _answer(self, signal: Signal, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes | LoopwatchError:
        """The response, or the error to abort with: aborting raises, so it must not happen inside a `try`."""
        try:
            with self._admission.request() as hold:
                body = await self._read(hold, context)
                receipt = await self._admission.accept(signal, lambda: body)
            # A full success is an empty message.
            return export_response(signal, receipt).SerializeToString() if receipt.partial else b""
        except LoopwatchError as error:
            return error
        except Exception as fault:  # noqa: BLE001 - grpc would answer UNKNOWN, and clients drop on that
            return self._admission.fault(signal, fault)

    async def _read(self, hold: Hold, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        body = await hold.arrival(context.read())
        if not isinstance(body, bytes):
            raise TooLarge(self._settings.body_max_bytes)
        hold.grow(len(body))
        return body


class _Methods(grpc.GenericRpcHandler):
    """Finds *methods* by their paths. Asking *admits* here, and not in an interceptor, saves time."""

    def __init__(self, admits: Admits, methods: Mapping[str, Method]) -> None:
        self._admits = admits
        self._methods = methods

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Method | None:
        """The method that was asked for, or one that answers no; None where nobody here knows it."""
        path = handler_call_details.method
        if path.startswith(_HEALTH_SERVICE):
            return None
        return self._admits(handler_call_details) or self._methods.get(path)


def _path(signal: Signal) -> str:
    return f"/{signal.grpc_service}/Export"
