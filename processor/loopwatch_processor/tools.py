"""What the user knows of tools, written onto their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from loopwatch_processor.step import ToolCall

MAX_TOOLS = 4_096
"""Tool names remembered; they come from spans, so there may be any number of them."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of the tools whose name matches a shell-style pattern; empty means what the spans say."""

    match: str
    polling: bool = False
    identity: tuple[str, ...] = ()
    side_effect: str = ""


class Tools:
    """Completes tool calls by the first declaration that matches their tool."""

    def __init__(self, declarations: Sequence[Declaration] = ()) -> None:
        self._declarations = tuple(declarations)
        self._of = lru_cache(maxsize=MAX_TOOLS)(self._find)

    def declared(self, call: ToolCall) -> ToolCall:
        """*call* with what is known of its tool."""
        known = self._of(call.name) if self._declarations else None
        if known is None:
            return call
        return replace(
            call,
            polling=known.polling,
            identity=known.identity or call.identity,
            side_effect=known.side_effect or call.side_effect,
        )

    def _find(self, name: str) -> Declaration | None:
        return next((item for item in self._declarations if fnmatchcase(name, item.match)), None)
