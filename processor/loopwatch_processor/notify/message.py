"""`Message`: one thing to say to one receiver, and the outbox that remembers which were said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Action(StrEnum):
    """What a message does to the page at its receiver, in the words of PagerDuty's Events API v2."""

    TRIGGER = "trigger"
    """Opens it, or says more about it."""
    ACKNOWLEDGE = "acknowledge"
    """Somebody muted it: it stays open and calls nobody any more."""
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Message:
    """What *target* is to be told; plain data that outlives the process, and never a secret."""

    id: str
    """The same on every replica that sees the same change, so that a shared journal holds each message once."""
    channel: str
    """pagerduty or apprise."""
    target: str
    """Names the receiver; what is secret of it (routing key, URL) is looked up when the message is sent."""
    incident_id: str
    """Of the incident, or of the storm that stands for many."""
    ordinal: int
    """How many messages about the incident this receiver was given before."""
    action: Action
    payload: Mapping[str, Any]
    """JSON: what is sent. `dedup_key` is the page's identity at the receiver."""
    created_s: float
    due_s: float
    """Not to be sent earlier. Unix time, as `created_s`."""

    @property
    def dedup_key(self) -> str:
        """Messages with the same one, channel and target are sent in their order."""
        key: str = self.payload["dedup_key"]
        return key


def message_id(incident_id: str, channel: str, target: str, action: Action, *told: str | int) -> str:
    """An id for what *told* tells apart: the severity and the ordinal of a trigger; nothing, of a resolve."""
    text = "\n".join((incident_id, channel, target, action, *map(str, told)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that was not delivered yet."""

    message: Message
    attempts: int = 0
    next_try_s: float = 0.0


class Outbox(Protocol):
    """Where messages wait; the service adds them, in one transaction with the incident that they are about.

    A message is kept, once delivered, at least until its incident is resolved: `unresolved` tells them after a restart.
    """

    async def waiting(self) -> Sequence[Waiting]:
        """What was neither delivered nor refused, oldest first."""
        ...

    async def unresolved(self) -> Sequence[Message]:
        """Every message, delivered or not, of each `incident_id` that has no message with the action resolve."""
        ...

    async def delivered(self, id: str) -> None:  # noqa: A002 - the field's name
        """Nothing of it is left to say: it was sent, or a newer message says all that it said."""
        ...

    async def failed(self, id: str, next_try_s: float, error: str) -> None:  # noqa: A002
        """One attempt failed; the next one comes at *next_try_s*, Unix time."""
        ...

    async def refused(self, id: str, error: str) -> None:  # noqa: A002
        """It will never be delivered."""
        ...
