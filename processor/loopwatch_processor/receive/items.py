"""Refusing requests of very many very small parts, before anything is made of them.

Sixty-four MiB of empty messages compress to a few KiB, and would cost gigabytes as objects and minutes of everybody's
time. What is counted here stays cheap: a request is looked through part by part, never into a span.
"""

from __future__ import annotations

from loopwatch_processor.errors import TooManyItems

_INNER_FIELDS = (1, 2)
"""What is looked into, by depth: the resources of a request, and their scopes."""
_JSON_OBJECTS_PER_ITEM = 20
"""Objects and arrays of a usual span: two an attribute."""


def refuse_crowd(body: bytes, items_max: int) -> None:
    """Look through *body*, any Export*ServiceRequest.

    Raises:
        TooManyItems: it has more than *items_max* resources, scopes, and spans, records or metrics.
    """
    # Two bytes are the smallest part.
    if len(body) > 2 * items_max and _room_left(body, 0, len(body), 0, items_max) < 0:
        raise TooManyItems(items_max)


def refuse_json_crowd(body: bytes, items_max: int) -> None:
    """The same for JSON, of which only objects and arrays can be counted; those inside of texts count as well.

    Raises:
        TooManyItems: it has so many that it must hold more than *items_max* items, or is made to harm.
    """
    if body.count(b"{") + body.count(b"[") > _JSON_OBJECTS_PER_ITEM * items_max:
        raise TooManyItems(items_max)


def _room_left(body: bytes, at: int, end: int, depth: int, room: int) -> int:
    """What *room* is left after the fields of the message in *body* from *at* to *end*; below 0 where it was small."""
    inner = _INNER_FIELDS[depth] if depth < len(_INNER_FIELDS) else None
    while at < end and room >= 0:
        room -= 1
        tag, at = _varint(body, at, end)
        if tag < 8:  # no field has the number 0: it is for the decoder to say so
            break
        if tag & 7 == 2:
            size, at = _varint(body, at, end)
            if tag >> 3 == inner and at + size <= end:
                room = _room_left(body, at, at + size, depth + 1, room)
            at += size
        else:
            at = _past(body, at, end, tag & 7)
    return room


def _past(body: bytes, at: int, end: int, kind: int) -> int:
    if kind == 0:
        return _varint(body, at, end)[1]
    # Groups end where their end is met, as parts of their own; what is no field is for the decoder to name.
    return at + {1: 8, 5: 4, 3: 0, 4: 0}.get(kind, end)


def _varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at
