"""What loopwatch costs an agent beside the instrumentations that it may use anyway. Run: python -m bench.peers

The three instrumentations of the OpenAI SDK of docs/connect/openai.md, in the environment that its tests make (pip
installs it the first time). No network and no exporter: a call is answered from memory, spans end and are dropped.
Each way is measured in processes of its own, in turn, so that a busy machine slows all alike; figures are medians, of
processor time of the thread that makes the calls.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.connect import pages
from tests.connect.environments import python_with

PAGE = "openai"
ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
ALONE, HELPED = "alone", "loopwatch"
PEERS = {"official": "OpenTelemetry's own", "openllmetry": "OpenLLMetry", "openinference": "OpenInference"}


def main() -> None:
    """Print the figures."""
    ways = (ALONE, HELPED, *PEERS)
    found = [{way: _measured(way) for way in ways} for _ in range(ROUNDS)]
    heaviest_us = _print_calls("call", [{way: figures[way]["call"] for way in ways} for figures in found])
    _print_calls("stream", [{way: figures[way]["stream"] for way in ways} for figures in found])
    _print_spans([figures[HELPED] for figures in found], heaviest_us)


def _measured(way: str) -> Mapping[str, float]:
    python = python_with(PAGE, pages.requirements(PAGE))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LOOPWATCH_"))}
    environment |= {
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'semconv'}",
    }
    command = (str(python), "-m", "bench.peer_calls", way)
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: Mapping[str, float] = json.loads(done.stdout)
    return figures


def _print_calls(what: str, rounds: Sequence[Mapping[str, float]]) -> float:
    """Print what a call takes more beneath each; returns that of the heaviest instrumentation."""
    print(f"a {what} of the OpenAI SDK takes {statistics.median(each[ALONE] for each in rounds):.0f} µs")
    more = {way: statistics.median(each[way] - each[ALONE] for each in rounds) for way in rounds[0]}
    heaviest_us = max(more[peer] for peer in PEERS)
    for way, name in {HELPED: "in loopwatch's helpers", **PEERS}.items():
        print(f"  {name:24} +{more[way]:7.0f} µs, {more[way] / heaviest_us:6.1%} of the heaviest")
    return heaviest_us


def _print_spans(rounds: Sequence[Mapping[str, float]], heaviest_us: float) -> None:
    plain = statistics.median(each["plain"] for each in rounds)
    print(f"a plain SDK span with the same attributes takes {plain:.1f} µs")
    for name, what in (("followed", "with the in-flight reporter"), ("helper", "in model_call() instead")):
        more = statistics.median(each[name] - each["plain"] for each in rounds)
        share = f"{more / plain:6.1%} of the span, {more / heaviest_us:6.2%} of the heaviest instrumentation"
        print(f"  {what:28} +{more:5.1f} µs: {share}")


if __name__ == "__main__":
    main()
