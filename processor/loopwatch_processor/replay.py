"""Recorded OTLP files → requests in the order they were written, and what the pipeline makes of them."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from loopwatch_processor.errors import LoopwatchError, Undecodable
from loopwatch_processor.otlp import newest_end_ns
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.session import Session

STDIN = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_SIGNAL_OF = {"resourceSpans": Signal.traces, "resourceLogs": Signal.logs, "resourceMetrics": Signal.metrics}
_FRAME_BYTES = 4
_HEAD_BYTES = 512


class CannotReplay(LoopwatchError):
    """Raised when a file cannot be read, or a part of it is no OTLP request; says which file and line."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded request: protobuf bytes, and where in which file it stood."""

    signal: Signal
    body: bytes
    where: str
    read_bytes: int
    """Bytes of the file (as stored) that have been read so far."""


def read_file(name: str, on_fault: Callable[[CannotReplay], None]) -> Iterator[Recorded]:
    """The requests in *name* ("-" is standard input): OTLP/JSON lines, one JSON document, or protobuf; maybe gzipped.

    Protobuf is one request, or requests each after their length in four bytes as the Collector's file exporter
    writes them. What cannot be read goes to *on_fault*, and the rest is still given out.
    """
    try:
        with _opened(name) as stored:
            data = _gunzipped(stored)
            if _is_json(data.peek(_HEAD_BYTES)[:_HEAD_BYTES]):
                yield from _json_lines(name, data, stored, on_fault)
            else:
                yield from _protobuf(name, data.read(), on_fault)
    except (OSError, EOFError, zlib.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        on_fault(CannotReplay(f"{name}: cannot be read: {why}"))


def _is_json(head: bytes) -> bool:
    """Whether a file that begins with *head* is JSON; a protobuf request begins with what JSON takes for a newline."""
    opening = head.lstrip()[:2]
    if head.startswith(b"\n"):
        return opening in (b'{"', b"[{")
    return opening[:1] in (b"{", b"[", b"")


def _opened(name: str) -> io.BufferedReader:
    return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False)) if name == STDIN else Path(name).open("rb")


def _gunzipped(stored: io.BufferedReader) -> io.BufferedReader:
    if stored.peek(2)[:2] != _GZIP_MAGIC:
        return stored
    return io.BufferedReader(gzip.GzipFile(fileobj=stored))


def _json_lines(
    name: str, data: io.BufferedReader, stored: io.BufferedReader, on_fault: Callable[[CannotReplay], None]
) -> Iterator[Recorded]:
    for number, line in enumerate(data, 1):
        if not line.strip():
            continue
        if number == 1 and line.strip() in (b"{", b"["):
            yield from _json_document(name, line + data.read(), on_fault)
            return
        yield from _json(f"{name} line {number}", line, _position(stored), on_fault)


def _json_document(name: str, body: bytes, on_fault: Callable[[CannotReplay], None]) -> Iterator[Recorded]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        on_fault(CannotReplay(f"{name}: not JSON: {error}"))
        return
    for item in content if isinstance(content, list) else [content]:
        yield from _json(name, orjson.dumps(item), len(body), on_fault)


def _json(where: str, body: bytes, read_bytes: int, on_fault: Callable[[CannotReplay], None]) -> Iterator[Recorded]:
    signals = [signal for key, signal in _SIGNAL_OF.items() if f'"{key}"'.encode() in body]
    try:
        if not signals:
            raise Undecodable("holds none of resourceSpans, resourceLogs, resourceMetrics")
        for signal in signals:
            yield Recorded(signal, to_protobuf(signal, body), where, read_bytes)
    except Undecodable as error:
        on_fault(CannotReplay(f"{where}: not an OTLP/JSON request: {error}"))


def _protobuf(name: str, body: bytes, on_fault: Callable[[CannotReplay], None]) -> Iterator[Recorded]:
    """OTLP protobuf does not say which signal it is: the file's name does, and traces are the default."""
    stem = Path(name).name.lower()
    signal = next((item for item in (Signal.logs, Signal.metrics) if item.value in stem), Signal.traces)
    frames = list(_frames(body))
    for number, frame in enumerate(frames or [body], 1):
        try:
            newest_end_ns(frame)
            yield Recorded(signal, frame, f"{name} request {number}", len(body))
        except Undecodable as error:
            on_fault(CannotReplay(f"{name} request {number}: neither OTLP/JSON nor OTLP protobuf: {error}"))


def _frames(body: bytes) -> Iterator[bytes]:
    """Length-prefixed requests; nothing where the lengths do not add up to the whole file."""
    at, frames = 0, []
    while at + _FRAME_BYTES <= len(body):
        size = int.from_bytes(body[at : at + _FRAME_BYTES], "big")
        frames.append(body[at + _FRAME_BYTES : at + _FRAME_BYTES + size])
        at += _FRAME_BYTES + size
    yield from frames if at == len(body) else ()


def _position(stored: io.BufferedReader) -> int:
    try:
        return stored.tell()
    except OSError:
        return 0


class Replay:
    """Feeds recorded requests to a pipeline, with the spans' own time as the clock."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._ended: list[Session] = []
        self._now_s = 0.0

    def feed(self, recorded: Recorded) -> None:
        """Score one recorded request; metrics carry nothing to score."""
        if recorded.signal is Signal.traces:
            self._now_s = max(self._now_s, newest_end_ns(recorded.body) / 1e9)
            self._pipeline.feed_traces(recorded.body, self._now_s)
        elif recorded.signal is Signal.logs:
            self._pipeline.feed_logs(recorded.body, self._now_s)
        self._ended.extend(self._pipeline.tick(self._now_s).ended)

    def sessions(self) -> list[Session]:
        """Every session seen, in order of its first span; nothing more comes, so open runs have fallen silent."""
        self._ended.extend(self._pipeline.close().ended)
        return sorted(self._ended, key=lambda session: session.started_ns)


def replay(pipeline: Pipeline, requests: Iterable[Recorded]) -> list[Session]:
    """All of *requests* at once; see `Replay`."""
    player = Replay(pipeline)
    for recorded in requests:
        player.feed(recorded)
    return player.sessions()
