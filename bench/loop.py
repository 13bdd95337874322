"""What the loop detector takes for one tool call, on this project's labelled sessions or on any file of sessions."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
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
    print("\n".join(table(figures(took_us(given.files, given.rounds)))))


def took_us(files: Sequence[Path], rounds: int) -> dict[str, list[float]]:
    """What each tool call took, by file; without *files* on the sessions in tests/cases."""
    if not files:
        cases = [session for path in sorted(_CASES.glob("*/*.jsonl")) for session in read(path)]
        return {"tests/cases": _fastest_us(cases, rounds)}
    return {path.name.removesuffix(".gz").removesuffix(".jsonl"): _fastest_us(read(path), rounds) for path in files}


def figures(found: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Of each file, and of all where there are several: how many calls, and their mean, median, p99 and longest."""
    whole = {"all": [took for times in found.values() for took in times]} if len(found) > 1 else {}
    return {name: _figures(times) for name, times in {**found, **whole}.items() if times}


def _figures(times: Sequence[float]) -> dict[str, float]:
    known = {"mean": statistics.mean(times), "median": statistics.median(times)}
    return {"calls": len(times), **known, "p99": sorted(times)[int(len(times) * 0.99)], "longest": max(times)}


def table(told: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A line for each of `figures`."""
    yield f"{'':<24} {'tool calls':>10} {'mean':>7} {'median':>7} {'p99':>7} {'longest':>8}"
    for name, of in told.items():
        calls, longest = of["calls"], of["longest"]
        yield f"{name:<24} {calls:>10,} {of['mean']:>7.1f} {of['median']:>7.1f} {of['p99']:>7.1f} {longest:>8.1f}"


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
