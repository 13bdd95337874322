"""What the loop detector takes for one tool call, on this project's labelled sessions or on any file of sessions."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loopwatch.canonical import canonical
from loopwatch_processor.corpus import Labelled, read
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.session import Session
from loopwatch_processor.step import Conversation, ErrorInfo, ModelCall, Step, StepKind, ToolCall

_CASES = Path(__file__).parents[1] / "tests" / "cases"
_RESULT_CHARS = 2_000


def main(argv: list[str] | None = None) -> None:
    """Print one line for each file, and one for all of them."""
    options = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    options.add_argument("files", nargs="*", type=Path, help="labelled sessions; without them those in tests/cases")
    options.add_argument("--rounds", type=int, default=3, help="of each step the fastest of so many counts")
    given = options.parse_args(argv)
    print("loop detector, CPU time of one thread in µs for a tool call; read anew in each round, fastest counts")
    print(f"{'':<24} {'tool calls':>10} {'mean':>7} {'median':>7} {'p99':>7} {'longest':>8}")
    if given.files:
        found = {
            path.name.removesuffix(".gz").removesuffix(".jsonl"): _fastest_us(read(path), given.rounds)
            for path in given.files
        }
        for name, times in found.items():
            _print(name, times)
        _print("all", [took for times in found.values() for took in times])
    else:
        cases = [session for path in sorted(_CASES.glob("*/*.jsonl")) for session in read(path)]
        _print("tests/cases", _fastest_us(cases, given.rounds))


def _print(name: str, times: list[float]) -> None:
    if times:
        p99 = sorted(times)[int(len(times) * 0.99)]
        mean, median = statistics.mean(times), statistics.median(times)
        print(f"{name:<24} {len(times):>10,} {mean:>7.1f} {median:>7.1f} {p99:>7.1f} {max(times):>8.1f}")


def _fastest_us(sessions: list[Labelled], rounds: int) -> list[float]:
    """Of each tool call; other work on the machine only ever adds to it."""
    taken = [_times_us(sessions) for _ in range(rounds)]
    return [min(times) for times in zip(*taken, strict=True)]


def _times_us(sessions: list[Labelled]) -> list[float]:
    detector = LoopDetector(LoopSettings())
    taken = []
    for labelled in sessions:
        session = Session(labelled.id)
        for step in steps_of(labelled):
            place = session.add(step, labelled.id, (step.agent, ""))
            began_ns = time.thread_time_ns()
            for _ in detector.update(step, place):
                pass
            if step.kind is StepKind.TOOL_CALL:
                taken.append((time.thread_time_ns() - began_ns) / 1e3)
    return taken


def steps_of(labelled: Labelled) -> list[Step]:
    """One step a second, with content."""
    return [
        _step(labelled.id, index, row) for index, row in enumerate(labelled.steps) if row["kind"] in ("tool", "llm")
    ]


def _step(trace_id: str, index: int, row: Mapping[str, Any]) -> Step:
    is_tool = row["kind"] == "tool"
    result, error = _text(row.get("result")), _text(row.get("error"))
    name = str(row.get("name") or "")
    return Step(
        kind=StepKind.TOOL_CALL if is_tool else StepKind.MODEL_CALL,
        dialect="bench",
        name=name,
        trace_id=trace_id,
        span_id=f"{index}",
        parent_id="",
        start_ns=index * 1_000_000_000,
        end_ns=index * 1_000_000_000 + 500_000_000,
        agent=row.get("agent") or "agent",
        error=ErrorInfo("_OTHER", "other", error[:300]) if error else None,
        tool=ToolCall(name, arguments=_arguments(row), result=result and result[:_RESULT_CHARS]) if is_tool else None,
        model=None if is_tool else ModelCall(conversation=Conversation(output_text=result or "")),
    )


def _arguments(row: Mapping[str, Any]) -> str | None:
    arguments = row.get("arguments")
    return None if arguments is None else canonical(arguments)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else canonical(value)


if __name__ == "__main__":
    main()
