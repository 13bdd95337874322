"""Arguments in canonical form, read back: what nearly all of them need no more than a parser for."""

from __future__ import annotations

import orjson

from loopwatch.canonical import Json, is_code_key, normalise
from loopwatch.effect import texts_of
from loopwatch.sentences import HERE_DOCUMENT, TASK_MIN_CHARS
from loopwatch_processor.step import ToolCall

_MAY_BE_JSON = ("{", "[", '"')
_NO_PLAIN_TEXT = (*_MAY_BE_JSON, "\\", "")
_QUOTES_OF_A_FIELD = 4
_PLAIN_DEPTH = 4


def read_canonical(text: str | None) -> Json:
    """As `normalise`, for a *text* that `canonical` wrote: an object is read in a sixth of the time.

    In canonical text white space is folded already; texts that may hold JSON again, and fractions, are left
    to `normalise`, as is what is no object.
    """
    if text is None or text[:1] != "{" or text[-1:] != "}":
        return normalise(text)
    try:
        found: dict[str, Json] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return normalise(text)
    return found if all(map(_is_plain, found.values())) else normalise(text)


def arguments_of(tool: ToolCall) -> Json:
    """The arguments of *tool* that identify its call, in canonical form."""
    if not tool.identity:
        return read_canonical(tool.arguments)
    normal = normalise(tool.arguments)
    if not isinstance(normal, dict):
        return normal
    return {key: value for key, value in normal.items() if key in tool.identity} or normal


def arguments_texts(tool: ToolCall) -> list[str]:
    """The texts in `arguments_of` *tool*."""
    text = tool.arguments
    if text is not None and not tool.identity and (at := _only_text_at(text)):
        return [text[at:-2]]
    return list(texts_of(arguments_of(tool)))


def _only_text_at(text: str) -> int:
    """Where the text of canonical *text* begins that has one field, and that as it stands; else 0.

    Half of all commands are so, and a parser takes three times as long.
    """
    if text[:2] != '{"' or text[-2:] != '"}' or text.count('"') != _QUOTES_OF_A_FIELD or "\\" in text:
        return 0
    at = text.find('":"', 2) + 3
    is_text = at > 2 and '"' not in text[2 : at - 3] and text[at : at + 1] not in _NO_PLAIN_TEXT
    return at if is_text else 0


def command_at(text: str) -> int:
    """Where the first field of canonical *text* begins, if it is a text that is code by its name; else 0."""
    at = text.find('":"', 2) + 3
    is_text = at > 2 and text[:2] == '{"' and text[at : at + 1] not in _NO_PLAIN_TEXT
    return at if is_text and is_code_key(text[2 : at - 3]) else 0


def quotes_little(text: str, at: int) -> bool:
    """Whether code that begins *at* a place of canonical *text* is seen, without a parser, to hand on no sentences.

    What lies between the first and the last quote is too little for `quoted_sentences`; an escape is more text than
    what it stands for, so both are measured to the safe side. It takes a third of the time of reading the fields.
    """
    single = text.find("'")
    if single < 0 and "\\" not in text:
        return True
    double = text.find('\\"')
    if (single < 0 and double < 0) or HERE_DOCUMENT in text:
        return True
    first = min(double, single) if double >= 0 and single >= 0 else max(double, single)
    quoted = max(text.rfind('\\"') + 1, text.rfind("'")) - first
    is_all = text[-2:] == '"}' and '","' not in text
    little = quoted < TASK_MIN_CHARS or (is_all and 2 * quoted < len(text) - at - 2 - text.count("\\"))
    return little and "\\u" not in text


def _is_plain(value: Json, depth: int = 0) -> bool:
    if isinstance(value, str):
        return not value.startswith(_MAY_BE_JSON)
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return depth < _PLAIN_DEPTH and False not in [_is_plain(item, depth + 1) for item in items]
    return value is None or isinstance(value, int)
