"""One session that loops, as OTLP/JSON: what somebody on call would look at."""

from __future__ import annotations

import time
from typing import Any

SERVICE, AGENT, SESSION = "shop", "researcher", "thread-7"
"""As the index of the runbooks exports them."""
REPEATS = 12
_TRACE = "5b" * 16
_SECOND_NS = 1_000_000_000


def looping() -> dict[str, Any]:
    """An agent that asked the same of one tool `REPEATS` times, in vain, and goes on."""
    resource = {"attributes": _attributes({"service.name": SERVICE, "deployment.environment.name": "prod"})}
    spans = [span for index in range(REPEATS) for span in _round(index)]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}


def _round(index: int) -> list[dict[str, Any]]:
    ask = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 1_000 + 200 * index,
        "gen_ai.usage.output_tokens": 40,
    }
    search = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.arguments": '{"query": "revenue of 2026"}',
        "gen_ai.tool.call.result": "nothing found",
    }
    return [_span(2 * index, "chat gpt-4o-mini", ask), _span(2 * index + 1, "execute_tool search", search)]


def _span(number: int, name: str, told: dict[str, Any]) -> dict[str, Any]:
    start_ns = time.time_ns() - (2 * REPEATS - number) * _SECOND_NS
    return {
        "traceId": _TRACE,
        "spanId": f"{number + 1:016x}",
        "parentSpanId": "ff" * 8,
        "name": name,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + _SECOND_NS // 2),
        "attributes": _attributes({"gen_ai.agent.name": AGENT, "gen_ai.conversation.id": SESSION, **told}),
    }


def _attributes(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in told.items()]


def _value(value: str | int) -> dict[str, Any]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
