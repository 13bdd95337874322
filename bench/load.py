"""Sends requests that were encoded before, and is never the limit: python -m bench.load FILE PROTOCOL PORT …

A process of its own, so that its processor time is nobody else's. It prints one JSON object (`Sent`). Without --rate
each connection sends as soon as it is answered; with it requests go out at their time, answered or not, and their
delay counts from the time they were due.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import struct
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
import httpx

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_GZIP_LEVEL = 6
"""Of the standard library's default for gRPC and of the Collector."""
_PROBE_EVERY_S = 0.01
_MAX_BYTES = 64 * 1024 * 1024
Send = Callable[[bytes], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a load generator did."""

    requests: int
    refused: int
    took_s: float
    cpu_s: float
    """Its own processor time while it sent."""
    delays_ms: list[float]
    """From due to answered, by request."""
    longest_silence_ms: float
    """The longest that a small HTTP request beside the load waited for its answer; 0 without --probe."""


def write(bodies: Iterable[bytes], path: Path) -> None:
    """Keep *bodies* where `read` finds them."""
    path.write_bytes(b"".join(struct.pack("<I", len(body)) + body for body in bodies))


def read(path: Path) -> list[bytes]:
    """What `write` kept."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


async def send(
    bodies: Sequence[bytes],
    senders: Sequence[Send],
    every_s: float | None,
    now: Callable[[], float] = time.perf_counter,
) -> tuple[int, list[float]]:
    """Send all of *bodies*; how many were refused, and the delay of each in ms."""
    queue, delays_ms, refused = iter(enumerate(bodies)), list[float](), 0
    began_s = now()

    async def one(sender: Send) -> None:
        nonlocal refused
        for number, body in queue:
            due_s = now() if every_s is None else began_s + number * every_s
            await asyncio.sleep(max(0.0, due_s - now()))
            refused += not await sender(body)
            delays_ms.append((now() - due_s) * 1e3)

    await asyncio.gather(*(one(sender) for sender in senders))
    return refused, delays_ms


def grpc_sender(port: int, compress: bool) -> Send:
    """One connection over OTLP/gRPC."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", _MAX_BYTES)]
    how = grpc.Compression.Gzip if compress else grpc.Compression.NoCompression
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options, compression=how)
    call: Callable[..., Awaitable[bytes]] = channel.unary_unary(EXPORT)

    async def sender(body: bytes) -> bool:
        try:
            await call(body, wait_for_ready=True)
        except grpc.RpcError:
            return False
        return True

    return sender


async def http_sender(port: int, compress: bool) -> Send:
    """One connection over OTLP/HTTP, without a client's library: that would cost more than some servers do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_MAX_BYTES)
    encoding = "content-encoding: gzip\r\n" if compress else ""
    head = f"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n{encoding}"

    async def sender(body: bytes) -> bool:
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await reader.readexactly(int(answer.partition("content-length:")[2].split("\r\n", 1)[0]))
        return answer.split(" ", 2)[1] == "200"

    return sender


async def probe(url: str, silences_ms: list[float]) -> None:
    """Ask for *url* again and again, until cancelled."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while True:
            asked_s = time.perf_counter()
            await client.get(url)
            silences_ms.append((time.perf_counter() - asked_s) * 1e3)
            await asyncio.sleep(_PROBE_EVERY_S)


async def run(given: argparse.Namespace) -> Sent:
    """Do what the command line says."""
    bodies = read(given.file)
    if given.gzip and given.protocol == "http":
        bodies = [gzip.compress(body, _GZIP_LEVEL) for body in bodies]
    if given.protocol == "grpc":
        senders = [grpc_sender(given.port, given.gzip) for _ in range(given.connections)]
    else:
        senders = [await http_sender(given.port, given.gzip) for _ in range(given.connections)]
    silences_ms = [0.0]
    probing = asyncio.create_task(probe(given.probe, silences_ms)) if given.probe else None
    began_s, cpu_s = time.perf_counter(), time.process_time()
    refused, delays_ms = await send(bodies, senders, given.every_ms / 1e3 if given.every_ms else None)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    if probing is not None:
        probing.cancel()
    return Sent(len(bodies), refused, took_s, cpu_s, delays_ms, max(silences_ms))


def main() -> None:
    """Send, and print what came of it."""
    options = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    options.add_argument("file", type=Path, help="what `write` wrote")
    options.add_argument("protocol", choices=("grpc", "http"))
    options.add_argument("port", type=int)
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--gzip", action="store_true")
    options.add_argument("--every-ms", type=float, help="a request is due so often")
    options.add_argument("--probe", help="a URL to ask beside the load")
    print(json.dumps(asdict(asyncio.run(run(options.parse_args())))))


if __name__ == "__main__":
    main()
