"""A fleet of agent processes that each wait for a model and say so: ``python -m tests.inflight.real.fleet URL COUNT``.

Prints the number of each process, one a line, and ends when its standard input does.
"""

import os
import signal
import sys

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from loopwatch import inflight

BEAT_S = 1.0


def main(url: str, count: int) -> None:
    """Fork, wait, and leave nobody behind."""
    children = [_agent(url) for _ in range(count)]
    sys.stdout.write("".join(f"{child}\n" for child in children))
    sys.stdout.flush()
    sys.stdin.read()
    for child in children:
        os.kill(child, signal.SIGKILL)


def _agent(url: str) -> int:
    child = os.fork()
    if child:
        return child
    trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": "fleet"})))
    inflight.install(endpoint=url, grace_s=0.1, interval_s=BEAT_S)
    span = trace.get_tracer("fleet").start_span("chat m", attributes={"gen_ai.operation.name": "chat"})
    while span.is_recording():
        signal.pause()
    return 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
