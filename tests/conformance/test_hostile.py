"""Bytes that mean harm: each gets an answer that OTLP knows, and the service is as well afterwards as it was before."""

from __future__ import annotations

import gzip
import http.client
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import grpc
import httpx
import pytest
import zstandard

from loopwatch_processor.assembly import build_pipeline, make_sinks
from loopwatch_processor.config import Config
from loopwatch_processor.errors import LoopwatchError, Undecodable
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.scorer import Scorer
from loopwatch_processor.sinks.base import Sinks
from tests.conformance.conftest import QUIET
from tests.conformance.h2 import H2
from tests.conformance.mutations import GENAI, mutated
from tests.conformance.payloads import EXAMPLES, protobuf
from tests.conformance.sending import JSON, PROTOBUF, Way, send
from tests.stack.processes import Loopwatch

Recorded = Callable[[str, object], None]

MIB = 1024 * 1024
PEAK_MAX_BYTES = 600 * MIB
"""The service itself, a body of 64 MiB in its three forms, and the objects of the largest JSON that is read."""
HARMLESS = {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}


def resident_bytes(serve: Loopwatch, line: str = "VmRSS") -> int:
    """How much memory the service has now, or had at most (VmHWM)."""
    lines = Path(f"/proc/{serve.pid}/status").read_text().splitlines()
    return next(int(item.split()[1]) * 1024 for item in lines if item.startswith(line))


def answered(serve: Loopwatch) -> Counter[str]:
    """How many requests had which outcome."""
    text = httpx.get(f"{serve.url}/metrics", trust_env=False, timeout=60).text
    found: Counter[str] = Counter()
    for labels, count in re.findall(r"^loopwatch_requests_answered_total{(.*)} ([\d.]+)$", text, re.MULTILINE):
        found[re.findall(r'outcome="(\w+)"', labels)[0]] += int(float(count))
    return found


def test_ten_thousand_damaged_requests_are_taken_or_refused(record_property: Recorded) -> None:
    """Nothing but the errors that have an answer comes out, and no part of the service failed on the way."""
    config = Config()
    pipeline = build_pipeline(config)
    scorer = Scorer(
        pipeline,
        Sinks(make_sinks(Config.model_validate({"sinks": {"log": {"enabled": False}}})), pipeline.telemetry),
        pipeline.telemetry,
        lambda: 1_544_712_700.0,
    )
    failed: list[object] = []
    pipeline.telemetry.failed = lambda *what: failed.append(what)  # type: ignore[method-assign]
    seen: Counter[str] = Counter()
    for way, signal, body in mutated(6, 10_000):
        try:
            scorer.accept(signal, to_protobuf(signal, body) if way is Way.HTTP_JSON else body)
            seen["taken"] += 1
        except LoopwatchError as refusal:
            seen[type(refusal).__name__] += 1
    record_property("answers", dict(seen))
    assert failed == []
    assert set(seen) == {"taken", Undecodable.__name__}
    assert min(seen.values()) > 1_000


def test_a_thousand_damaged_requests_leave_a_real_service_well(hardy: Loopwatch, record_property: Recorded) -> None:
    """Each is answered by the rules, each answer is counted, and memory stays where it was."""
    connection = http.client.HTTPConnection("127.0.0.1", hardy.http_port, timeout=60)
    send(hardy, Way.GRPC, protobuf(Signal.traces, GENAI))
    before, memory_before = answered(hardy), resident_bytes(hardy)
    seen: Counter[str] = Counter()
    with grpc.insecure_channel(f"127.0.0.1:{hardy.grpc_port}") as channel:
        for way, signal, body in mutated(7, 1_000):
            if way is Way.GRPC:
                call: grpc.UnaryUnaryMultiCallable[bytes, bytes]
                call = channel.unary_unary(f"/{signal.grpc_service}/Export")
                seen[_code(call, body)] += 1
            else:
                media_type = JSON if way is Way.HTTP_JSON else PROTOBUF
                connection.request("POST", signal.http_path, body, {"content-type": media_type})
                answer = connection.getresponse()
                assert answer.headers["content-type"] == media_type
                answer.read()
                seen[str(answer.status)] += 1
    connection.close()
    record_property("answers", dict(seen))
    assert set(seen) == {"OK", "INVALID_ARGUMENT", "200", "400"}
    difference = answered(hardy) - before
    assert difference == {"ok": seen["OK"] + seen["200"], "undecodable": seen["INVALID_ARGUMENT"] + seen["400"]}
    assert resident_bytes(hardy) < memory_before + 32 * MIB
    assert send(hardy, Way.GRPC, protobuf(Signal.traces, EXAMPLES[Signal.traces])).code == "OK"
    assert "Traceback" not in hardy.output


def _code(call: grpc.UnaryUnaryMultiCallable[bytes, bytes], body: bytes) -> str:
    try:
        call(body, timeout=60)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


@pytest.fixture(scope="module", name="hardy")
def _hardy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopwatch]:
    """A service with the bounds that it ships with."""
    serve = Loopwatch(tmp_path_factory.mktemp("hardy"), *QUIET[:2])
    with serve.running():
        yield serve


@cache
def _gzip_bomb() -> bytes:
    """Half a GiB, in 2 MiB."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join(deflate.compress(bytes(MIB)) for _ in range(512)) + deflate.flush()


def _zstd_bomb() -> bytes:
    """A GiB, in 32 KiB."""
    deflate = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(deflate.compress(bytes(MIB)) for _ in range(1024)) + deflate.flush()


def _part(field: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([field << 3 | 2, *length, size]) + content


_SPAN_IDS = b"\x0a\x10" + b"t" * 16 + b"\x12\x08" + b"s" * 8
_MANY = 20 * MIB
BOMBS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "gzip": (PROTOBUF, "gzip", _gzip_bomb),
    "zstd": (PROTOBUF, "zstd", _zstd_bomb),
    "JSON in gzip": (JSON, "gzip", _gzip_bomb),
    "gzip in gzip": (PROTOBUF, "gzip", lambda: gzip.compress(_gzip_bomb(), 1)),
    "millions of empty resources": (PROTOBUF, "zstd", lambda: _small(b"\x0a\0" * _MANY)),
    "millions of empty spans": (PROTOBUF, "zstd", lambda: _small(_part(1, _part(2, b"\x12\0" * _MANY)))),
    "millions of empty objects": (JSON, "zstd", lambda: _small(b'{"resourceSpans":[' + b"{}," * _MANY + b"{}]}")),
    "millions of empty arrays": (JSON, "zstd", lambda: _small(b'{"x":[' + b"[]," * _MANY + b"[]]}")),
    "deep JSON": (JSON, "identity", lambda: b'{"resourceSpans":' + b"[" * 100_000),
    "deep values": (JSON, "identity", lambda: b'{"resourceSpans":[{"x":' * 500 + b"1" + b"}]}" * 500),
}
"""By name: media type, content encoding, and what makes the body."""
ODD: dict[str, Callable[[], bytes]] = {
    "millions of empty attributes": lambda: _span(b"\x4a\0" * _MANY),
    "millions of empty events": lambda: _span(b"\x5a\0" * _MANY),
    "an attribute of millions of values": lambda: _span(
        _part(9, _part(1, b"session.id") + _part(2, _part(5, b"\x0a\0" * _MANY)))
    ),
}


def _small(body: bytes) -> bytes:
    return zstandard.compress(body, 1)


def _span(more: bytes) -> bytes:
    """A request of one span of which *more* is said."""
    return _part(1, _part(2, _part(2, _SPAN_IDS + more)))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_for_good_in_little_memory(hardy: Loopwatch, name: str) -> None:
    """400 or 413, never a retry, and no more memory than the largest honest request takes."""
    media_type, encoding, make = BOMBS[name]
    before = answered(hardy)
    headers = {"content-type": media_type, "content-encoding": encoding}
    answer = send(hardy, Way.HTTP, make(), **headers)
    assert (answer.code in HARMLESS, answer.retry_after_s) == (True, None)
    assert (answered(hardy) - before).total() == 1
    assert resident_bytes(hardy, "VmHWM") < PEAK_MAX_BYTES


@pytest.mark.parametrize("name", ODD)
def test_a_span_that_is_a_bomb_is_taken_unread(hardy: Loopwatch, name: str) -> None:
    """The request is a good one; what cannot be scored of it is counted, and costs no more than its bytes."""
    answer = send(hardy, Way.HTTP, _small(ODD[name]()), **{"content-encoding": "zstd"})
    assert answer.code == "OK"
    assert resident_bytes(hardy, "VmHWM") < PEAK_MAX_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_over_grpc_is_refused_for_good(hardy: Loopwatch, encoding: str) -> None:
    """gRPC stops to decompress at the limit as well."""
    bomb = _gzip_bomb() if encoding == "gzip" else zlib.compress(bytes(256 * MIB), 1)
    with H2(hardy.grpc_port, encoding) as client:
        client.call(Signal.traces, b"\1" + len(bomb).to_bytes(4, "big") + bomb)
        assert client.status() == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert resident_bytes(hardy, "VmHWM") < PEAK_MAX_BYTES


@pytest.mark.parametrize("encoding", ["zstd", "snappy", "no-such"])
def test_a_compression_that_grpc_does_not_know_is_refused(hardy: Loopwatch, encoding: str) -> None:
    """By gRPC itself, before anything of ours hears of it; zstd is for HTTP."""
    with H2(hardy.grpc_port, encoding) as client:
        client.call(Signal.traces, b"\1\0\0\0\4abcd")
        assert client.status() in (grpc.StatusCode.INTERNAL.value[0], grpc.StatusCode.UNIMPLEMENTED.value[0])
    assert send(hardy, Way.GRPC, b"").code == "OK"
