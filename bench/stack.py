"""How long a person waits, per failure: from the end of the span that decides it to the page, through the whole stack.

And what the tee costs another backend while loopwatch is stopped. Run: python -m bench.stack
"""

from __future__ import annotations

import argparse
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from stack import collector
from stack.pages import paged
from stack.ports import chosen
from stack.process import Failed
from stack.running import Stack
from tests.stack.processes import until
from tests.stack.tee_backend import ratio, tee

FAILURES = {
    ("researcher", "loop"): "soft loop: one search, new words",
    ("supervisor", "loop"): "ping-pong of two agents",
    ("strategist", "budget"): "a limit that was set is exceeded",
    ("writer", "stream"): "a stream falls silent (still open)",
}
"""Who pages in the demo, by session and detector."""
_SESSIONS = {"analyzer": "supervisor", "verifier": "supervisor"}
Delays = dict[tuple[str, str], list[float]]


def measure(otelcol: Path, runs: int, direct: bool) -> Delays:
    """The seconds to each page, over *runs* stacks of their own."""
    found: Delays = {failure: [] for failure in FAILURES}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(chosen({}, any_free=True), Path(folder), otelcol, direct=direct)
            with stack.running():
                stack.play()
                until("every page", lambda: len(stack.record()["incidents"]) >= len(FAILURES))  # noqa: B023
                for page in paged(stack.record(), stack.findings()):
                    assert page.delay_s is not None
                    found[_SESSIONS.get(page.agent, page.agent), page.detector].append(page.delay_s)
    return found


def measure_tee(otelcol: Path) -> tuple[float, float, int]:
    """The other backend's median seconds usually, how many times that with loopwatch stopped, and what was dropped."""
    with tempfile.TemporaryDirectory() as folder, tee(otelcol, Path(folder)) as running:
        usual = running.send()
        before = running.dropped()
        running.loopwatch.signal(signal.SIGSTOP)
        stopped = running.send()
        return statistics.median(usual), ratio(stopped, usual), round(running.dropped() - before)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.stack", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of the fleet, each way")
    runs = parser.parse_args().runs
    otelcol = collector.find()
    if otelcol is None:
        sys.exit(f"there is no Collector: {collector.HOW}")
    try:
        ways = [measure(otelcol, runs, direct) for direct in (True, False)]
        usual_s, times, dropped = measure_tee(otelcol)
    except Failed as error:
        sys.exit(str(error))
    print(f"| what fails ({runs} runs) | loopwatch pages by itself | through Alertmanager |\n|---|---|---|")
    for failure, what in FAILURES.items():
        print(f"| {what} | " + " | ".join(_shown(way[failure]) for way in ways) + " |")
    print(
        f"\nThe tee's other backend has a span after {usual_s * 1e3:.0f} ms (median); with loopwatch stopped, and "
        f"{dropped} spans towards it dropped, after {times:.2f} times that."
    )


def _shown(delays_s: list[float]) -> str:
    return f"{statistics.median(delays_s):.1f} s (at most {max(delays_s):.1f} s)"


if __name__ == "__main__":
    main()
