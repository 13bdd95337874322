"""Run a page's code beside a backend that was there before, then an agent; say what that backend got.

Runs in the page's own environment: ``python drive.py BLOCK AGENT PLAN``, where PLAN is JSON: [[scenario, base URL,
session id], …]. The last line of its output is a JSON object.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def main(block: str, agent_name: str, plan: str) -> None:
    """Drive one agent through every scenario of *plan*."""
    agent = importlib.import_module(f"tests.connect.agents.{agent_name}")
    existing = InMemorySpanExporter()
    if getattr(agent, "BRINGS_OWN_BACKEND", False):
        getattr(agent, "prepare", dict)()
    else:
        provider = TracerProvider(resource=Resource.create({"service.name": "research-agent"}))
        provider.add_span_processor(SimpleSpanProcessor(existing))
        trace.set_tracer_provider(provider)
    names = runpy.run_path(block, run_name="__main__")
    raised = {scenario: _play(agent, names, scenario, base, session) for scenario, base, session in json.loads(plan)}
    _flush(names)
    told = {"existing": len(existing.get_finished_spans()), "raised": raised}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


def _play(agent: Any, names: dict[str, Any], scenario: str, base: str, session: str) -> str:
    os.environ.update(OPENAI_BASE_URL=f"{base}/v1", OPENAI_API_BASE=f"{base}/v1", ANTHROPIC_BASE_URL=base)
    os.environ.update(OPENAI_API_KEY="fake", ANTHROPIC_API_KEY="fake")
    try:
        agent.run(names, session, scenario == "stall")
    except Exception as error:  # noqa: BLE001 - a scenario may be meant to fail: the test judges
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def _flush(names: dict[str, Any]) -> None:
    for provider in {id(p): p for p in (trace.get_tracer_provider(), names.get("provider"))}.values():
        flush = getattr(provider, "force_flush", None)
        if flush is not None:
            flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
