"""Python literals in text, which LangChain and LiteLLM write instead of JSON."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from typing import Any

import orjson

LITERAL_MAX_CHARS = 65_536

_TOKEN = re.compile(r"""('[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|-?\d[\w.+-]*|[^\W\d]\w*)""")
_ESCAPE = re.compile(r"""\\(?:x[0-9a-fA-F]{2}|.)|\"""")
_NUMBER = re.compile(r"(?!-0\Z)-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_WORDS = {"True": "true", "False": "false", "None": "null"}
_SAME_IN_JSON = frozenset({"\\\\", '\\"', "\\n", "\\r", "\\t", "\\b", "\\f"})


def literal(content: str) -> Any:
    """The value of a Python literal; other text stays as it is."""
    if len(content) > LITERAL_MAX_CHARS:
        return content
    if content[:1] in ("{", "["):
        try:
            return orjson.loads(_json(content))
        except ValueError:  # what JSON has no words for: tuples, sets, bytes, large numbers
            pass
    return _evaluated(content)


def _evaluated(content: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a backslash in the user's text may be an invalid escape
            return ast.literal_eval(content)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return content


def _json(content: str) -> str:
    """The same in JSON, which takes a tenth of the time of Python's own parser.

    Where no sign is escaped, and what holds no quotation mark is in single quotes, what stands in them is a text: such
    content, which most is, takes a third of the time of going from token to token.
    """
    parts = content.split("'")
    if "\\" in content or len(parts) % 2 == 0:
        return _json_by_token(content)
    for place in range(0, len(parts), 2):
        part = parts[place]
        if '"' in part:
            return _json_by_token(content)
        parts[place] = _known_between(part) if len(part) <= _KNOWN_MAX_CHARS else _json_by_token(part)
    if '"' in content:
        for place in range(1, len(parts), 2):
            parts[place] = parts[place].replace('"', '\\"')
    return '"'.join(parts)


def _json_by_token(content: str) -> str:
    parts = _TOKEN.split(content)
    for place in range(1, len(parts), 2):
        token = parts[place]
        parts[place] = _known_token(token) if len(token) <= _KNOWN_MAX_CHARS else _json_token(token)
    return "".join(parts)


def _json_token(token: str) -> str:
    """A text, number or name in JSON; raises ValueError for what JSON has not."""
    if token[0] in "'\"":
        body = token[1:-1]
        if '"' in body or "\\" in body:
            body = _ESCAPE.sub(_json_escape, body)
        return f'"{body}"'
    word = _WORDS.get(token)
    if word is not None:
        return word
    if _NUMBER.fullmatch(token) is None:
        raise ValueError(token)
    return token


_KNOWN_MAX_CHARS = 32
_known_token = lru_cache(maxsize=1_024)(_json_token)
_known_between = lru_cache(maxsize=1_024)(_json_by_token)
"""What stands between two texts, such as `: None, `."""


def _json_escape(match: re.Match[str]) -> str:
    escape = match[0]
    if escape in _SAME_IN_JSON:
        return escape
    if escape == "\\'":
        return "'"
    if escape == '"':
        return '\\"'
    if len(escape) == 4:
        return f"\\u00{escape[2:]}"
    raise ValueError(escape)
