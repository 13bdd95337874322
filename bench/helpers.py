"""What the helpers cost: a helper's span against a plain SDK span, and the sketch apart. Run: python bench/helpers.py

Rounds are interleaved so that a busy machine slows both alike; figures are medians over rounds, of processor time in
microseconds.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import loopwatch
from loopwatch.sketch import Sketcher, similarity

ROUNDS = 30
CALLS = 100


def main() -> None:
    """Print the figures."""
    trace.set_tracer_provider(TracerProvider())
    with loopwatch.session("bench", conversation_id="bench", max_steps=10**9):
        _print_spans()
    _print_sketches()


def _print_spans() -> None:
    tracer = trace.get_tracer("plain")

    def plain() -> None:
        with tracer.start_as_current_span("execute_tool t", kind=SpanKind.INTERNAL, attributes=_official()):
            pass

    def plain_with_usage() -> None:
        with tracer.start_as_current_span("chat m", kind=SpanKind.CLIENT, attributes=_official()) as span:
            span.set_attribute("gen_ai.usage.input_tokens", 10)
            span.set_attribute("gen_ai.usage.output_tokens", 5)

    def tool() -> None:
        with loopwatch.tool_call("t", call_id="call_1"):
            pass

    def model() -> None:
        with loopwatch.model_call("m", provider="p") as call:
            call.usage(input_tokens=10, output_tokens=5)

    def sketched() -> None:
        with loopwatch.tool_call("t", {"query": "annual revenue of the company"}, call_id="call_1") as call:
            call.result("nothing found")

    actions = {"plain": plain, "usage": plain_with_usage, "tool": tool, "model": model, "sketched": sketched}
    figures = _interleaved(actions)
    print(f"plain SDK span, same attributes         {figures['plain']:7.1f} µs")
    print(f"tool_call() without arguments           {figures['tool']:7.1f} µs  {_over(figures, 'tool', 'plain')}")
    print(
        f"tool_call() with arguments and result   {figures['sketched']:7.1f} µs  {_over(figures, 'sketched', 'plain')}"
    )
    print(f"plain SDK span, same attributes, usage  {figures['usage']:7.1f} µs")
    print(f"model_call() with usage                 {figures['model']:7.1f} µs  {_over(figures, 'model', 'usage')}")


def _over(figures: dict[str, float], name: str, base: str) -> str:
    return f"(+{figures[name] - figures[base]:.1f} µs)"


def _official() -> dict[str, str | int]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "t",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.agent.name": "bench",
        "gen_ai.conversation.id": "bench",
        "loopwatch.step.index": 1,
    }


def _print_sketches() -> None:
    sketcher = Sketcher(b"bench")
    rng = random.Random(1)
    vocabulary = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 9))) for _ in range(900)]
    for size_bytes in (50, 200, 500, 2000, 20_000):
        text = " ".join(rng.choices(vocabulary, k=size_bytes))[:size_bytes]
        arguments = {"query": text}
        figure = _interleaved({"hash, sketch and class": lambda given=arguments: sketcher.fingerprint(given)})  # type: ignore[misc]
        print(f"hash, sketch and class of {size_bytes:6} bytes {figure['hash, sketch and class']:9.1f} µs")
    short, long = ([sketcher.sketch(" ".join(rng.choices(vocabulary, k=k))) for _ in range(16)] for k in (8, 80))
    for name, sketches in (("short", short), ("long", long)):
        figure = _interleaved({name: lambda given=sketches: [similarity(given[0], other) for other in given]})  # type: ignore[misc]
        print(f"compare one with 16, {name:5}              {figure[name]:9.1f} µs")


def _interleaved(actions: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    rounds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        for name, action in actions.items():
            began = time.thread_time()
            for _ in range(CALLS):
                action()
            rounds[name].append((time.thread_time() - began) / CALLS * 1e6)
    return {name: statistics.median(times) for name, times in rounds.items()}


if __name__ == "__main__":
    main()
