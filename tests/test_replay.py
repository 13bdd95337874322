"""Recorded files → requests: every shape in which spans are kept, and a sentence for what cannot be read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.replay import CannotReplay, Recorded, read_file

LINE = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {"spans": [{"traceId": "AB" * 16, "spanId": "cd" * 8, "name": "chat", "endTimeUnixNano": "5"}]}
            ]
        }
    ]
}
LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}]}


def request() -> bytes:
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.add(trace_id=b"\xab" * 16, span_id=b"\xcd" * 8, name="chat")
    return message.SerializeToString()


def read(path: Path) -> tuple[list[Recorded], list[str]]:
    faults: list[CannotReplay] = []
    recorded = list(read_file(str(path), faults.append))
    return recorded, [str(fault) for fault in faults]


def names(recorded: list[Recorded]) -> list[str]:
    return [
        span.name
        for item in recorded
        for resource in ExportTraceServiceRequest.FromString(item.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


SHAPES = {
    "lines": json.dumps(LINE).encode() + b"\n\n" + json.dumps(LINE).encode() + b"\n",
    "one document over several lines": json.dumps(LINE, indent=2).encode(),
    "an array": json.dumps([LINE, LINE], indent=1).encode(),
    "protobuf": request(),
    "protobuf behind its length": (len(request()).to_bytes(4, "big") + request()) * 3,
}
COUNTS = {
    "lines": 2,
    "one document over several lines": 1,
    "an array": 2,
    "protobuf": 1,
    "protobuf behind its length": 3,
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_read(tmp_path: Path, shape: str, compressed: bool) -> None:
    """JSON lines, a JSON document, protobuf, framed protobuf; each plain or gzipped."""
    path = tmp_path / "spans"
    path.write_bytes(gzip.compress(SHAPES[shape]) if compressed else SHAPES[shape])

    recorded, faults = read(path)

    assert faults == []
    assert names(recorded) == ["chat"] * COUNTS[shape]


def test_the_signal_is_told_by_the_content(tmp_path: Path) -> None:
    """One file may hold spans and logs."""
    path = tmp_path / "mixed.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n{json.dumps(LOGS)}\n")

    assert [item.signal for item in read(path)[0]] == [Signal.traces, Signal.logs]


def test_a_bad_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    """Nothing else of the file is lost."""
    path = tmp_path / "spans.jsonl"
    path.write_text(f'{json.dumps(LINE)}\n{{"resourceSpans": 3}}\n{{"hello": 1}}\n{json.dumps(LINE)}\n')

    recorded, (second, third) = read(path)

    assert names(recorded) == ["chat", "chat"]
    assert "line 2" in second
    assert "line 3" in third
    assert "resourceSpans" in third


@pytest.mark.parametrize("content", [b"\x00\x01\x02 no telemetry", gzip.compress(b"{}")[:12], b"{", b"hello\n"])
def test_what_is_no_telemetry_is_named(tmp_path: Path, content: bytes) -> None:
    """One sentence with the file's name, and no crash."""
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)

    recorded, faults = read(path)

    assert recorded == []
    (fault,) = faults
    assert "holiday.jpg" in fault


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As the operating system says it."""
    assert "No such file" in read(tmp_path / "absent")[1][0]


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    """And that is no fault."""
    (tmp_path / "empty").write_bytes(b"")

    assert read(tmp_path / "empty") == ([], [])
