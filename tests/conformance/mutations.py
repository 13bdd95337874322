"""Damage to a request that can be repeated: the same seed gives the same ten thousand bodies."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import orjson

from loopwatch_processor.receive.intake import Signal
from tests.conformance.payloads import EXAMPLES, SPAN, Json, protobuf
from tests.conformance.sending import Way

Change = Callable[[random.Random, bytearray], None]

GENAI: Json = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "spans": [
                        SPAN
                        | {
                            "name": "chat gpt-5",
                            "parentSpanId": "",
                            "attributes": [
                                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                                {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-5"}},
                                {"key": "gen_ai.conversation.id", "value": {"stringValue": "one"}},
                                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "1200"}},
                                {"key": "gen_ai.input.messages", "value": {"stringValue": '[{"role":"user"}]'}},
                            ],
                            "events": [{"timeUnixNano": "1544712660300000000", "name": "gen_ai.choice"}],
                            "status": {"code": 2, "message": "timeout"},
                        }
                    ]
                }
            ]
        }
    ]
}
"""A span that a dialect reads."""


def mutated(seed: int, count: int) -> Iterator[tuple[Way, Signal, bytes]]:
    """*count* damaged bodies, of both signals that are read and both encodings, with the way each is to be sent."""
    chance = random.Random(seed)
    healthy = [(Signal.traces, EXAMPLES[Signal.traces]), (Signal.traces, GENAI), (Signal.logs, EXAMPLES[Signal.logs])]
    for _ in range(count):
        way = chance.choice(list(Way))
        signal, content = chance.choice(healthy)
        body = bytearray(orjson.dumps(content) if way is Way.HTTP_JSON else protobuf(signal, content))
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            chance.choice(_CHANGES)(chance, body)
        yield way, signal, bytes(body)


def _flip_a_bit(chance: random.Random, body: bytearray) -> None:
    if body:
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)


def _overwrite(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    body[at : at + 4] = chance.randbytes(4)


def _cut_short(chance: random.Random, body: bytearray) -> None:
    del body[chance.randrange(len(body) + 1) :]


def _leave_out(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    del body[at : at + chance.randrange(1, 40)]


def _say_twice(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    piece = body[at : at + chance.randrange(1, 200)]
    body[at:at] = piece * chance.choice((1, 1, 50))


def _lie_about_a_length(chance: random.Random, body: bytearray) -> None:
    """In protobuf a byte after a tag is often a length; in JSON this breaks a number or a name."""
    if body:
        body[chance.randrange(len(body))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))


def _add(chance: random.Random, body: bytearray) -> None:
    body += chance.choice((b"\xff" * 11, b"\x0a\xff\xff\xff\xff\x0f", b"{}", b"null", b"\0", chance.randbytes(20)))


_CHANGES: tuple[Change, ...] = (
    *(_flip_a_bit, _overwrite, _cut_short, _leave_out, _say_twice, _lie_about_a_length, _add),
)
