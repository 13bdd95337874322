"""A whole service on free ports, and clients that come with credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from loopwatch_processor.app import Service
from loopwatch_processor.config import load
from loopwatch_processor.receive.intake import Signal
from tests.receive.harness import loop_in_thread
from tests.security.certificates import Authority, Pair

EXPORT = f"/{Signal.traces.grpc_service}/Export"
HEALTH = "/grpc.health.v1.Health/Check"


@contextmanager
def running(settings: dict[str, Any], folder: Path) -> Iterator[Service]:
    """The service with *settings*, loaded from a file as `serve` does."""
    path = folder / "loopwatch.yaml"
    ports = {"grpc_port": 0, "http_port": 0}
    path.write_text(json.dumps({**settings, "receive": {**ports, **settings.get("receive", {})}}))
    config = load(path)

    async def begin() -> Service:
        service = Service(config)
        await service.start()
        return service

    with loop_in_thread() as run:
        service = run(begin())
        try:
            yield service
        finally:
            run(service.stop())


def credentials(believes: Authority, shows: Pair | None = None) -> grpc.ChannelCredentials:
    """Of a gRPC client."""
    key, cert = (shows.key.read_bytes(), shows.cert.read_bytes()) if shows else (None, None)
    return grpc.ssl_channel_credentials(believes.cert.read_bytes(), key, cert)


def call(
    port: int, metadata: Sequence[tuple[str, str]] = (), with_: grpc.ChannelCredentials | None = None, at: str = EXPORT
) -> grpc.StatusCode:
    """How an empty export, or the method *at*, is answered."""
    target = f"127.0.0.1:{port}"
    with grpc.secure_channel(target, with_) if with_ else grpc.insecure_channel(target) as channel:
        method: Any = channel.unary_unary(at)
        try:
            method(b"", metadata=tuple(metadata), timeout=10)
        except grpc.RpcError as error:
            return error.code()  # type: ignore[attr-defined,no-any-return]
    return grpc.StatusCode.OK
