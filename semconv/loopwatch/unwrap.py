"""Tool arguments and results out of the wrappers that instrumentations put around them.

A wrapper carries ids and metadata that change at every call; hashed with them, no two calls would be equal.
"""

import functools
import re
from collections.abc import Sequence
from typing import Final

from loopwatch.canonical import Json, normalise
from loopwatch.envelope import answer_in

_CALL_WRAPPER: Final = {"args", "kwargs", "sanitize_inputs_outputs"}
_MAX_LAYERS: Final = 8
_CALL_ID: Final = "tool_call_id"
_THREAD_ID: Final = "thread_id"
_CALL_ID_PATHS: Final = ((_CALL_ID,), ("data", _CALL_ID), ("kwargs", _CALL_ID), ("output", "kwargs", _CALL_ID))
_ID: Final = re.compile(r"[\w.:\-]{1,128}")


def unwrap_arguments(value: object) -> Json:
    """Return the arguments inside *value*, a JSON text or an object, in canonical form."""
    found = normalise(value)
    for _ in range(_MAX_LAYERS):
        inner = _inner_arguments(found)
        if inner is None:
            break
        found = inner
    return found


def unwrap_result(value: object) -> Json:
    """Return the result inside *value*, a JSON text or an object, in canonical form."""
    found = normalise(answer_in(value) if isinstance(value, str) else value)
    for _ in range(_MAX_LAYERS):
        inner = _inner_result(found)
        if inner is None:
            break
        found = normalise(inner)
    return found


def call_id_in(*values: object) -> str:
    """Return the model's id of the call, which LangChain's tracers leave in these wrappers only; "" without one."""
    return next((found for value in values if (found := _id_in(value, _CALL_ID_PATHS))), "")


def thread_id_in(value: object) -> str:
    """Return LangChain's thread, which OpenLLMetry before 0.5x leaves in the input of a run only; "" without one."""
    return _id_in(value, (("metadata", _THREAD_ID),))


def _id_in(value: object, paths: Sequence[tuple[str, ...]]) -> str:
    if not isinstance(value, str) or not any(path[-1] in value for path in paths):
        return ""
    normal = normalise(value)
    found = (functools.reduce(_field, path, normal) for path in paths)
    return next((item for item in found if isinstance(item, str) and _ID.fullmatch(item)), "")


def _field(found: Json, name: str) -> Json:
    return found.get(name) if isinstance(found, dict) else None


def _inner_arguments(found: Json) -> Json:
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
        use = found[0].get("toolUse")  # Strands
        return use.get("input") if isinstance(use, dict) else None
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("inputs"), dict) and "input_str" in found:  # OpenLLMetry on LangChain
        return found["inputs"]
    if "tool_name" in found and "arguments" in found:  # OpenLLMetry on MCP
        return found["arguments"]
    if found.keys() <= _CALL_WRAPPER and isinstance(found.get("kwargs"), dict):  # smolagents, LlamaIndex, Langfuse
        kwargs = found["kwargs"]
        return {"args": found["args"], **kwargs} if found.get("args") and isinstance(kwargs, dict) else kwargs
    return None


def _inner_result(found: Json) -> Json:
    if isinstance(found, dict):
        for name in ("output", "data", "kwargs", "toolResult"):
            inner = found.get(name)
            if isinstance(inner, dict) and inner.keys() & {"content", "kwargs"}:
                return inner
        for name in ("content", "blocks"):
            if isinstance(found.get(name), (str, list)):
                return found[name]
        return found["result"] if found.keys() == {"result"} else None
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
        return found[0].get("toolResult") or found[0].get("text")
    return None
