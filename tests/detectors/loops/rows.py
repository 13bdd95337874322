"""How a session for the loop detector is written down: rows of calls, answers in words, and words that cases share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loopwatch.canonical import canonical
from loopwatch.error_text import error_class
from loopwatch_processor.step import Conversation, ErrorInfo, Step
from tests.builders import model_step, tool_step

Row = tuple[str, Any, str | None] | tuple[str, Any, str | None, str]
"""Tool, arguments (None = not captured), result (None = not captured), and the error's message, if it failed."""

Loops = dict[str, tuple[str, list[Step]]]
"""By what happens in it: the pattern that its last step shows, and the steps."""

Healthy = dict[str, list[Step]]
"""By what happens in it: steps in which nothing is found."""


def calls(rows: Iterable[Row], *, every_s: float = 2.0, duration_s: float = 1.0) -> list[Step]:
    """Tool calls one after the other, *every_s* seconds apart."""
    return [_call(row, index * every_s, duration_s) for index, row in enumerate(rows)]


def _call(row: Row, at_s: float, duration_s: float) -> Step:
    tool, arguments, result = row[:3]
    error = ErrorInfo("ToolError", error_class("", row[3]), row[3]) if len(row) == 4 else None
    text = None if arguments is None else canonical(arguments)
    return tool_step(tool, at_s=at_s, duration_s=duration_s, arguments=text, result=result, error=error)


def answers(*texts: str, user: Iterable[str] = ()) -> list[Step]:
    """Model calls that answer in words; *user* gives the newest user message of each."""
    users = [*user] or ["Tell me how far the migration is."] * len(texts)
    return [
        model_step(at_s=3.0 * i, conversation=Conversation(output_text=text, user_text=users[i]))
        for i, text in enumerate(texts)
    ]


def search(*queries: str, result: str = "[]") -> list[Row]:
    """One search for each of *queries*; `$` in the result stands for the query."""
    return [("search", {"query": query}, result.replace("$", query)) for query in queries]


REPHRASED = (
    "refund policy for damaged parcels",
    "damaged parcels refund policy details",
    "what is the refund policy for a damaged parcel",
    "refund policy damaged parcel conditions",
)
PERIOD_3 = [("read", {"path": "a.c"}, "int x;"), ("grep", {"pattern": "y"}, "none found"), ("outline", {}, "x")]
FILES = ("billing.py", "users.py", "stock.py", "mail.py", "auth.py", "cart.py", "tax.py", "pdf.py")
CITIES = ("Oslo", "Lima", "Cairo", "Hanoi", "Quito", "Turin", "Accra", "Delhi")
