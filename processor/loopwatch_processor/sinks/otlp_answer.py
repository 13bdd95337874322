"""What an OTLP endpoint's answer to one batch means: delivered, try again, or never.

Which failures may be retried is the word of the OTLP specification (1.11.0, "Failures" of OTLP/gRPC and OTLP/HTTP).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.redactor import Redactor

RETRY_AFTER_MAX_S = 600.0
"""A longer wish is cut to this: a clock that is wrong downstream must not stop forwarding for a day."""
_SHOWN_MAX_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint took the batch except *rejected* items; *message* is what it said about it."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The endpoint may take the same batch later: in *after_s* seconds where it said so."""

    why: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The endpoint will never take the batch; *reason* is a status code, fit for a metric label."""

    reason: str
    why: str


Answer = Delivered | TryAgain | Refused


class Transport(Protocol):
    """Sends one batch once."""

    async def send(self, signal: Signal, body: bytes) -> Answer:
        """Send *body*, the protobuf encoding of an Export*ServiceRequest, as it is."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


def read_response(body: bytes) -> Delivered:
    """Read an Export*ServiceResponse; the three signals' responses have the same wire format.

    The status already said success, so a body that is something else (a proxy's page) changes nothing.
    """
    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return Delivered()
    return Delivered(partial.rejected_spans, partial.error_message)


def bounded_wait_s(asked_s: float) -> float | None:
    """A wait that an endpoint asked for, as one to keep; None where it is no wait at all."""
    return min(asked_s, RETRY_AFTER_MAX_S) if asked_s > 0 else None


def keeping_quiet(headers: Mapping[str, str] | None) -> Redactor:
    """Takes out what an endpoint must not be heard to repeat: *headers*, and what stands in them behind Bearer."""
    values = [value for value in (headers or {}).values() if value]
    return Redactor(secrets={text for value in values for text in (value, value.rpartition(" ")[2])})


def shorten(text: str, redactor: Redactor) -> str:
    """*text*, which the other side wrote, without secrets and cut for one log line."""
    text = redactor.without_secrets(text)
    return text if len(text) <= _SHOWN_MAX_CHARACTERS else text[: _SHOWN_MAX_CHARACTERS - 1] + "…"
