"""Every dialect reads its recorded cases as the expectations beside them say, attribute by attribute.

A case is `cases/<dialect>/<name>.jsonl`, requests as OTLP/JSON lines cut from a recording of the running package, and
`<name>.expected.json`, one entry a span in the order of the file: the step's fields without those that every span has
(ids, times, service) and without defaults; `{"unknown": name}` for a span that no dialect knows. The hashes of
histories are numbered, so that one sees which call goes on from which.

`python tests/dialects/test_cases.py --draft FILE` prints what is read now: check every value against the spans by hand
before it becomes an expectation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.dialects import read
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.otlp_json import to_protobuf
from loopwatch_processor.step import Step

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.jsonl"))
OF_EVERY_SPAN = frozenset({"trace_id", "span_id", "parent_id", "start_ns", "end_ns", "service", "environment"})


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_case_is_read_as_expected(case: Path) -> None:
    """Each span of the case gives the step that was checked by hand."""
    assert draft(case) == json.loads(case.with_suffix(".expected.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_case_keeps_what_every_span_has(case: Path) -> None:
    """Ids, times and the service are the span's own in every dialect."""
    for span in spans_in(case):
        if (step := read(span)) is not None:
            assert (step.trace_id, step.span_id, step.parent_id) == (span.trace_id, span.span_id, span.parent_id)
            assert (step.start_ns, step.end_ns) == (span.start_ns, span.end_ns)
            assert (step.name, step.service) == (span.name, span.source.service)


def test_there_are_cases() -> None:
    """An empty folder would pass every test above."""
    assert CASES


def spans_in(case: Path) -> Iterator[Span]:
    for line in case.read_bytes().splitlines():
        for span in decode_traces(to_protobuf(Signal.traces, line)):
            assert isinstance(span, Span)
            yield span


def draft(case: Path) -> list[dict[str, Any]]:
    histories: dict[str, str] = {}
    return [compact(read(span), span, histories) for span in spans_in(case)]


def compact(step: Step | None, span: Span, histories: dict[str, str]) -> dict[str, Any]:
    if step is None:
        return {"unknown": span.name}
    found: dict[str, Any] = _plain(step, histories)
    return {name: value for name, value in found.items() if name not in OF_EVERY_SPAN}


def _plain(value: Any, histories: dict[str, str]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        given = {item.name: getattr(value, item.name) for item in fields(value)}
        defaults = {item.name: item.default for item in fields(value)}
        return {name: _plain(part, histories) for name, part in given.items() if part != defaults[name]}
    if isinstance(value, tuple):
        return [_plain(part, histories) for part in value]
    if isinstance(value, str) and value.startswith("history:"):
        return histories.setdefault(value, f"history {len(histories) + 1}")
    return value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="print how the spans of FILE are read, as a draft to check by hand")
    parser.add_argument("--draft", type=Path, metavar="FILE", required=True)
    print(json.dumps(draft(parser.parse_args().draft), indent=2, ensure_ascii=False))  # noqa: T201
