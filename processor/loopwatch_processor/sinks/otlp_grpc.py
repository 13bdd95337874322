"""Sending OTLP bytes over gRPC."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from loopwatch_processor.errors import BadEndpoint
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.redactor import Redactor
from loopwatch_processor.sinks.otlp_answer import (
    Answer,
    Refused,
    TryAgain,
    bounded_wait_s,
    keeping_quiet,
    read_response,
    shorten,
)
from loopwatch_processor.sinks.otlp_endpoint import parse_endpoint
from loopwatch_processor.sinks.tls import ClientTls

_RETRYABLE = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}
_DETAILS_KEY = "grpc-status-details-bin"
_OPTIONS = [
    # gRPC's own two minutes would leave a restarted Collector unnoticed for as long.
    ("grpc.max_reconnect_backoff_ms", 10_000),
    # Retrying is the forwarder's work: it counts and honours RetryInfo.
    ("grpc.enable_retries", 0),
]


class GrpcTransport:
    """One channel to *endpoint*; https or *tls* files make it secure.

    Raises:
        BadEndpoint: the endpoint or a TLS file cannot be used.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str] | None = None,
        tls: ClientTls | None = None,
        timeout_s: float = 10.0,
        compress: bool = True,
    ) -> None:
        parsed = parse_endpoint(endpoint)
        if parsed.path:
            raise BadEndpoint(f"cannot send gRPC to {endpoint!r}: leave out the path {parsed.path!r}")
        compression = grpc.Compression.Gzip if compress else grpc.Compression.NoCompression
        if parsed.tls or tls is not None:
            credentials = _credentials(tls or ClientTls())
            self._channel = grpc.aio.secure_channel(parsed.host, credentials, _OPTIONS, compression)
        else:
            self._channel = grpc.aio.insecure_channel(parsed.host, _OPTIONS, compression)
        # gRPC refuses metadata keys in upper case.
        self._metadata = tuple((key.lower(), value) for key, value in (headers or {}).items())
        self._redactor = keeping_quiet(headers)
        self._timeout_s = timeout_s

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Send *body* once."""
        # Without serializers gRPC passes the bytes through.
        export: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            f"/{signal.grpc_service}/Export"
        )
        try:
            return read_response(await export(body, timeout=self._timeout_s, metadata=self._metadata))
        except grpc.aio.AioRpcError as error:
            return _answer(error, self._redactor)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()


def _credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    tls.check()
    if tls.insecure_skip_verify:
        raise BadEndpoint("gRPC always asks the other side who it is: give ca_file instead of insecure_skip_verify")
    ca, key, cert = (path.read_bytes() if path else None for path in (tls.ca_file, tls.key_file, tls.cert_file))
    return grpc.ssl_channel_credentials(ca, key, cert)


def _answer(error: grpc.aio.AioRpcError, redactor: Redactor) -> Answer:
    code = error.code()
    why = shorten(f"{code.name}: {error.details() or 'no details'}", redactor)
    retry_info = _retry_info(error)
    # Exhausted is only worth another try when the endpoint says that it recovers.
    if code in _RETRYABLE or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and retry_info is not None):
        return TryAgain(why, bounded_wait_s(retry_info or 0))
    return Refused(f"grpc_{code.name.lower()}", why)


def _retry_info(error: grpc.aio.AioRpcError) -> float | None:
    """Seconds from the answer's RetryInfo; None where it has none."""
    try:
        for key, value in error.trailing_metadata() or ():
            if key == _DETAILS_KEY and isinstance(value, bytes):
                return _retry_delay_s(status_pb2.Status.FromString(value))
    except DecodeError:
        pass
    return None


def _retry_delay_s(status: status_pb2.Status) -> float | None:
    retry_info = error_details_pb2.RetryInfo()
    for detail in status.details:
        if detail.Unpack(retry_info):
            delay = retry_info.retry_delay
            return float(delay.seconds + delay.nanos / 1e9)
    return None
