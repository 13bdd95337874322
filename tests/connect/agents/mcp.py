"""Three tool calls to an MCP server, inside the span of an agent that somebody else instruments."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fake_models.tools import TOOLS


def run(names: dict[str, Any], session: str, streamed: bool) -> None:
    """Call each tool once in the conversation *session*."""
    from opentelemetry import trace

    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": session}
    with trace.get_tracer("tests").start_as_current_span("invoke_agent research_agent", attributes=attributes):
        asyncio.run(_call())


async def _call() -> None:
    from fastmcp import Client, FastMCP

    server = FastMCP("research-tools")
    for function in TOOLS.values():
        server.tool(function)
    async with Client(server) as client:
        await client.call_tool("search", {"query": "ACME Corp 2025 annual report"})
        await client.call_tool("fetch_page", {"url": "https://acme.example/report-2025"})
        await client.call_tool("calculate", {"expression": "(28 + 30) / 2"})
