"""OTLP/JSON → the protobuf bytes that everything else reads.

OTLP/JSON is protobuf's JSON mapping with exceptions (OTLP specification, "JSON Protobuf Encoding"): trace and span
ids are hex in any case, enums are integers, unknown fields are ignored. protobuf's own `json_format` reads ids as
base64, so a small transcoder driven by the descriptors stands here. Names of enum values are taken as well: some
senders write them, and refusing would lose their spans.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from loopwatch_processor.errors import Undecodable
from loopwatch_processor.receive.intake import Signal

_REQUESTS: dict[Signal, type[Message]] = {
    Signal.traces: ExportTraceServiceRequest,
    Signal.logs: ExportLogsServiceRequest,
    Signal.metrics: ExportMetricsServiceRequest,
}
_HEX_FIELDS = {"trace_id", "span_id", "parent_span_id"}
_DEPTH_MAX = 100
"""protobuf's own limit: what nests deeper could not be read again."""
_SHOWN_MAX_CHARACTERS = 40
_PATH_MAX_CHARACTERS = 120

_Scalar = Callable[[Any], Any]


class _BadValue(ValueError):
    """A value that does not fit its field; collects the path on the way out."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.path = ""

    def under(self, step: str) -> _BadValue:
        separator = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{step}{separator}{self.path}"
        return self


def to_protobuf(signal: Signal, body: bytes) -> bytes:
    """Transcode *body*, an Export*ServiceRequest in JSON; an empty body is an empty request.

    Raises:
        Undecodable: it is not JSON, or a value does not fit its field; the message names the path.
    """
    if not body.strip():
        return b""
    message = _REQUESTS[signal]()
    try:
        _fill(message, orjson.loads(body), _DEPTH_MAX)
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"the body is not JSON: {error}") from error
    except _BadValue as bad:
        raise Undecodable(f"{_tail(bad.path) or 'the body'}: {bad}") from bad
    return message.SerializeToString()


def _fill(message: Message, data: Any, depth: int) -> None:
    if not isinstance(data, dict):
        raise _BadValue(f"expected an object, got {_show(data)}")
    if depth == 0:
        raise _BadValue(f"nested deeper than {_DEPTH_MAX} messages")
    fields = _fields(message.DESCRIPTOR)
    for key, value in data.items():
        field = fields.get(key)
        if field is None or value is None:
            continue
        try:
            _set(message, field, value, depth - 1)
        except _BadValue as bad:
            raise bad.under(key) from None


def _set(message: Message, field: FieldDescriptor, value: Any, depth: int) -> None:
    if field.is_repeated:
        _extend(getattr(message, field.name), field, value, depth)
    elif field.message_type is not None:
        child = getattr(message, field.name)
        child.SetInParent()
        _fill(child, value, depth)
    else:
        _assign(message, field, _scalar(field)(value))


def _assign(message: Message, field: FieldDescriptor, value: Any) -> None:
    try:
        setattr(message, field.name, value)
    except (ValueError, TypeError, UnicodeError) as error:
        raise _BadValue(f"{_show(value)} does not fit: {error}") from error


def _extend(items: Any, field: FieldDescriptor, values: Any, depth: int) -> None:
    if not isinstance(values, list):
        raise _BadValue(f"expected an array, got {_show(values)}")
    for index, value in enumerate(values):
        try:
            if field.message_type is not None:
                _fill(items.add(), value, depth)
            else:
                _append(items, _scalar(field)(value))
        except _BadValue as bad:
            raise bad.under(f"[{index}]") from None


def _append(items: Any, value: Any) -> None:
    try:
        items.append(value)
    except (ValueError, TypeError, UnicodeError) as error:
        raise _BadValue(f"{_show(value)} does not fit: {error}") from error


@cache
def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """JSON name → field; the original snake_case name is understood too, as protobuf's mapping asks."""
    fields = {field.name: field for field in descriptor.fields}
    return fields | {field.json_name: field for field in descriptor.fields}


@cache
def _scalar(field: FieldDescriptor) -> _Scalar:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _hex if field.name in _HEX_FIELDS else _base64
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        return lambda value: numbers[value] if isinstance(value, str) and value in numbers else _integer(value)
    return _BY_CPP_TYPE[field.cpp_type]


def _hex(value: Any) -> bytes:
    try:
        return binascii.unhexlify(_string(value))
    except ValueError as error:
        raise _BadValue(f"{_show(value)} is not hexadecimal") from error


def _base64(value: Any) -> bytes:
    text = _string(value).rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise _BadValue(f"{_show(value)} is not base64") from error


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _BadValue(f"expected a string, got {_show(value)}")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _BadValue(f"expected true or false, got {_show(value)}")
    return value


def _integer(value: Any) -> int:
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
    except ValueError:
        pass
    raise _BadValue(f"expected an integer, got {_show(value)}")


def _number(value: Any) -> float:
    try:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise _BadValue(f"expected a number, got {_show(value)}")


def _show(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
    return text if len(text) <= _SHOWN_MAX_CHARACTERS else text[: _SHOWN_MAX_CHARACTERS - 1] + "…"


def _tail(path: str) -> str:
    return path if len(path) <= _PATH_MAX_CHARACTERS else "…" + path[1 - _PATH_MAX_CHARACTERS :]


_URL_SAFE = str.maketrans("-_", "+/")
_BY_CPP_TYPE: dict[int, _Scalar] = {
    FieldDescriptor.CPPTYPE_STRING: _string,
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_DOUBLE: _number,
    FieldDescriptor.CPPTYPE_FLOAT: _number,
    FieldDescriptor.CPPTYPE_INT32: _integer,
    FieldDescriptor.CPPTYPE_INT64: _integer,
    FieldDescriptor.CPPTYPE_UINT32: _integer,
    FieldDescriptor.CPPTYPE_UINT64: _integer,
}
