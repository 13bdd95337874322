"""Refusing requests of very many very small parts, before anything is made of them.

Sixty-four MiB of empty messages compress to a few KiB, and would cost gigabytes as objects and minutes of everybody's
time. What is counted here stays cheap: a request is looked through part by part, never into a span.
"""

from __future__ import annotations

from loopwatch_processor.errors import TooManyItems
from loopwatch_processor.wire import has_more_fields

_RESOURCES_AND_SCOPES = (1, 2)
_JSON_OBJECTS_PER_ITEM = 20
"""Objects and arrays of a usual span: two an attribute."""


def refuse_crowd(body: bytes, items_max: int) -> None:
    """Look through *body*, any Export*ServiceRequest.

    Raises:
        TooManyItems: it has more than *items_max* resources, scopes, and spans, records or metrics.
    """
    if has_more_fields(body, items_max, _RESOURCES_AND_SCOPES):
        raise TooManyItems(items_max)


def refuse_json_crowd(body: bytes, items_max: int) -> None:
    """The same for JSON, of which only objects and arrays can be counted; those inside of texts count as well.

    Raises:
        TooManyItems: it has so many that it must hold more than *items_max* items, or is made to harm.
    """
    if body.count(b"{") + body.count(b"[") > _JSON_OBJECTS_PER_ITEM * items_max:
        raise TooManyItems(items_max)
