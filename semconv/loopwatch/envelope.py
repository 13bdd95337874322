"""What a tool answered, out of the envelope that a protocol or a gateway put around it.

Its ids, times and counters are new with every call, whatever the tool says: with them no two answers are equal.
"""

import json
import re
from typing import Any, Final

from loopwatch.results import is_failure

_HTTP_HEAD: Final = re.compile(r"HTTP/\d(?:\.\d)?\ (\d{3})[^\r\n]*\r?\n(?:[\w-]+:[^\r\n]*\r?\n){1,64}\r?\n(?=\s*\S)")
"""RFC 9112: a status line, fields, an empty line; with nothing behind it the head is the answer (`curl -I`)."""
_MAX_LAYERS: Final = 4
_FAILED: Final = "Error: "


def answer_in(text: str) -> str:
    """Return what is said inside of *text*: the body of an HTTP response, the text of an MCP tool result.

    Of a failed one it begins as failures do. Anything else is returned as it is. Source: RFC 9112; MCP 2025-06-18
    (`content`, `isError`, `_meta`).
    """
    for _ in range(_MAX_LAYERS):
        if text.startswith("HTTP/"):
            inner = _http_body(text)
        elif text.startswith("{") and '"content"' in text:
            inner = _mcp_text(text)
        else:
            return text
        if inner is None:
            return text
        text = inner
    return text


def _http_body(text: str) -> str | None:
    head = _HTTP_HEAD.match(text)
    if head is None:
        return None
    return _marked(text[head.end() :], failed=head[1] >= "400")


def _mcp_text(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    parts = found.get("content")
    if not isinstance(parts, list) or not parts or not all(map(_is_text, parts)):
        return None
    return _marked("\n".join(part["text"] for part in parts), failed=found.get("isError") is True)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _marked(answer: str, *, failed: bool) -> str:
    answer = answer.strip()
    return _FAILED + answer if failed and not is_failure(answer) else answer
