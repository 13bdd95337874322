"""Sessions as OTLP, made by hand: ones that loop until somebody has to look, and ones that work."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

CRITICAL_CALLS = 12
"""So many identical calls are far more than a loop that only warns."""
SERVICE = "shop"
_CALL_S = 1.0
_WORDS = ("margins", "roofs", "exports", "taxes", "wells", "clubs", "ports", "wool", "ore", "trains", "bees", "salt")


def looping(session: str, agent: str = "researcher", calls: int = CRITICAL_CALLS, first: int = 0) -> list[Span]:
    """*calls* times the same search with the same result, from call *first* on; its run goes on."""
    query, result = json.dumps({"query": "quarterly revenue"}), json.dumps({"hits": []})
    return [_search(session, agent, number, first + calls, query, result) for number in range(first, first + calls)]


def working(session: str, agent: str = "analyst") -> list[Span]:
    """A run that searches for one thing after another, finds each, and is done."""
    calls = [
        _search(session, agent, number, len(_WORDS), json.dumps({"query": word}), json.dumps({"hits": [f"all {word}"]}))
        for number, word in enumerate(_WORDS)
    ]
    return [*calls, ended(session, agent)]


def ended(session: str, agent: str = "researcher") -> Span:
    """The span of the agent itself: its run is over."""
    root = _span(session, agent, "invoke_agent", 0, _now_ns() - round(CRITICAL_CALLS * _CALL_S * 1e9), _now_ns())
    root.parent_span_id = b""
    return root


def send(url: str, spans: Iterable[Span], environment: str = "production") -> None:
    """Post *spans* to the loopwatch at *url* in one request, which has to be taken."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for key, value in (("service.name", SERVICE), ("deployment.environment.name", environment)):
        resource.resource.attributes.add(key=key).value.string_value = value
    resource.scope_spans.add().spans.extend(spans)
    headers = {"content-type": "application/x-protobuf"}
    answer = httpx.post(
        f"{url}/v1/traces", content=request.SerializeToString(), headers=headers, timeout=30, trust_env=False
    )
    answer.raise_for_status()


def _search(session: str, agent: str, number: int, calls: int, query: str, result: str) -> Span:
    end_ns = _now_ns() - round((calls - 1 - number) * _CALL_S * 1e9)
    more = {"tool.name": "search", "tool.call.arguments": query, "tool.call.result": result}
    return _span(session, agent, "execute_tool", number + 1, end_ns - round(_CALL_S * 5e8), end_ns, **more)


def _span(session: str, agent: str, name: str, number: int, start_ns: int, end_ns: int, **more: str) -> Span:
    trace_id = hashlib.sha256(f"{agent}/{session}".encode()).digest()[:16]
    made = Span(
        trace_id=trace_id,
        span_id=_span_id(trace_id, number),
        parent_span_id=_span_id(trace_id, 0),
        name=name,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=end_ns,
    )
    own = {"operation.name": name, "agent.name": agent, "conversation.id": session}
    for key, value in (own | more).items():
        made.attributes.add(key=f"gen_ai.{key}").value.string_value = value
    return made


def _span_id(trace_id: bytes, number: int) -> bytes:
    return hashlib.sha256(trace_id + number.to_bytes(4, "big")).digest()[:8]


def _now_ns() -> int:
    return time.time_ns()
