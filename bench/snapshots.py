"""What it costs to keep what is open: `python -m bench.snapshots`."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable

from loopwatch_processor.journal import snapshots as table
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import SnapshotRow
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.node import Node
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.snapshot.restoring import restore
from loopwatch_processor.snapshot.sessions import VERSION, read, write
from loopwatch_processor.step import ModelCall, Step, StepKind, ToolCall, Usage

SPANS = 20
"""Of a session: an agent that has called a model and a tool ten times each, and goes on."""
ROUNDS = 5


def main(arguments: list[str] | None = None) -> None:
    """Print one line for each number of sessions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, nargs="*", default=[1_000, 10_000])
    print(f"snapshots of sessions of {SPANS} spans each, median of {ROUNDS}")
    for number in parser.parse_args(arguments).sessions:
        measure(number)


def measure(number: int) -> None:
    """All of *number* sessions changed: on the event loop, in the journal's thread, and at the next start."""
    sessions = made(number)
    rows: list[SnapshotRow] = []
    on_loop_s = median_s(lambda: rows.__setitem__(slice(None), written(sessions)))
    size_bytes = sum(len(row.state) for row in rows)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(JournalSettings(f"sqlite:///{folder}/journal.db"))
        journal.open()
        in_thread_s = median_s(lambda: save(journal, rows))
        start_s = median_s(lambda: taken_up(journal), rounds=1)
        journal.close()
    print(
        f"{number:>6} sessions: {on_loop_s:.2f} s on the event loop ({on_loop_s / number * 1e6:.0f} us each, "
        f"{on_loop_s / number / SPANS * 1e6:.1f} us a span), {in_thread_s:.2f} s in the journal's thread, "
        f"{size_bytes / number / 1024:.1f} KiB each, {start_s:.2f} s at the next start"
    )


def made(number: int) -> Sessions:
    """*number* sessions whose agents' spans have not ended."""
    sessions = Sessions()
    for session in range(number):
        for step in _steps(f"{session:032x}"):
            sessions.observe(Node(step.span_id, step.parent_id, step.end_ns, step.session_id, step), step.trace_id, 1.0)
    return sessions


def _steps(trace_id: str) -> list[Step]:
    shared = "bench", "production", f"chat-{trace_id}", "researcher"
    found = []
    for at in range(SPANS):
        kind = StepKind.TOOL_CALL if at % 2 else StepKind.MODEL_CALL
        span = trace_id, f"{int(trace_id, 16) * SPANS + at:016x}", "f" * 16, at * 1_000, at * 1_000 + 999
        tool = ToolCall("search", f"call_{trace_id}{at}", '{"query": "revenue"}', "12 hits") if at % 2 else None
        model = None if tool else ModelCall("openai", "gpt-4o", "gpt-4o", f"chatcmpl-{trace_id}{at}", "tool_call")
        usage = Usage(1_000, 100) if model else None
        cost_usd = 0.001 if model else None
        found.append(Step(kind, "genai", "x", *span, *shared, tool=tool, model=model, usage=usage, cost_usd=cost_usd))
    return found


def written(sessions: Sessions) -> list[SnapshotRow]:
    return [SnapshotRow("", key, VERSION, 1.0, write(item, sessions.trace, 128)) for key, item in sessions.open.items()]


def save(journal: Journal, rows: list[SnapshotRow]) -> None:
    for first in range(0, len(rows), 256):
        with journal.writing() as connection:
            table.save(connection, rows[first : first + 256])


def taken_up(journal: Journal) -> None:
    after = Sessions()
    with journal.reading() as connection:
        rows = table.newest(connection, "", 0.0, 100_000)
    restore([read(row.state, after.limits, after.counts) for row in rows], after, 1.0)


def median_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
