"""The tools of the research agent that the fake models drive; plain functions that any framework can wrap."""

from __future__ import annotations

import ast
import operator

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def search(query: str) -> str:
    """Search the web.

    Args:
        query: What to search for.
    """
    if query.startswith("index://"):
        raise ValueError("the search index is unavailable")
    if "annual report" in query:
        return "ACME Corp annual report 2025: https://acme.example/report-2025"
    return "No results found."


def fetch_page(url: str) -> str:
    """Fetch a page.

    Args:
        url: The address of the page.
    """
    return f"{url}: quarterly revenue of 28, 30, 31 and 31 million dollars."


def calculate(expression: str) -> str:
    """Evaluate arithmetic.

    Args:
        expression: The expression, like (1 + 2) / 3.
    """
    return str(_value(ast.parse(expression, mode="eval").body))


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        result: float = _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
        return result
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    raise ValueError("only + - * / of numbers")


TOOLS = {function.__name__: function for function in (search, fetch_page, calculate)}
ARGUMENT = {"search": "query", "fetch_page": "url", "calculate": "expression"}
"""The one argument of each tool, a string."""
SYSTEM = "You are a research agent."
QUESTION = "What was the average quarterly revenue of ACME Corp in 2025?"
