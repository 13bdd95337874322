"""Runs the scripted agents at the same time, in a process of their own, as agents do.

`python -m loopwatch_processor.demo.fleet ENDPOINT`; it ends when its standard input does.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from opentelemetry import trace

import loopwatch
from loopwatch import inflight
from loopwatch_processor.demo.agents import SCRIPTS

SERVICE_NAME = "demo-fleet"
RESOURCE = "deployment.environment.name=demo"
BEAT_S = 0.5
"""How often calls that are open are told of: calls of the demo are short, and so are its stalls."""


def main(endpoint: str) -> None:
    """Play every script against the loopwatch that listens at *endpoint* (OTLP/HTTP)."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault("OTEL_RESOURCE_ATTRIBUTES", RESOURCE)
    loopwatch.configure(endpoint, service_name=SERVICE_NAME, report_open_spans=False)
    inflight.install(grace_s=BEAT_S, interval_s=BEAT_S, http=False)
    with ThreadPoolExecutor(len(SCRIPTS)) as pool:
        for done in [pool.submit(script.play) for script in SCRIPTS]:
            done.result()
    provider = trace.get_tracer_provider()
    provider.shutdown()  # type: ignore[attr-defined]  # the SDK's own, set by configure()


def _end_with_parent() -> None:
    """However the parent ends, its end of the pipe closes."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
