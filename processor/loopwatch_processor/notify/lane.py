"""`Lane`: the messages that wait for one receiver, and which of them may go now. No I/O, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from loopwatch_processor.notify.answer import WAIT_MAX_S
from loopwatch_processor.notify.message import Action, Message, Waiting

_FIRST_BACKOFF_S = 2.0
_MESSAGE_BACKOFF_MAX_S = 300.0
_LANE_BACKOFF_MAX_S = 60.0
"""A receiver that is back is noticed within this."""
_DONE_REMEMBERED = 10_000


@dataclass(slots=True)
class _Entry:
    message: Message
    attempts: int
    next_try_s: float
    first: Message | None = None
    """An earlier one that is due already, and said with it: to be kept until then, or a restart would say it late."""

    def ready_s(self, now_s: float) -> float:
        """When it may go, as it looks at *now_s*. What was written in the future, or put off for longer than anything
        ever is, waits for nothing: the clock was set back.
        """
        due_s = self.message.due_s if self.message.created_s <= now_s else now_s
        return max(due_s, _not_beyond(self.next_try_s, now_s))


class Lane:
    """First in, first out for each page; pages do not wait for each other. *jitter* gives numbers in [0, 1)."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._pages: dict[str, deque[_Entry]] = {}
        self._ids: set[str] = set()
        self._sending: _Entry | None = None
        self._failures = 0
        self._held_until_s = float("-inf")
        self._done: deque[str] = deque(maxlen=_DONE_REMEMBERED)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Message]:
        return (entry.message for page in self._pages.values() for entry in page)

    def knows(self, message_id: str) -> bool:
        """Whether the message waits here, or was dealt with lately."""
        return message_id in self._ids or message_id in self._done

    def oldest_s(self) -> float | None:
        """When the oldest message became due; None where none waits."""
        return min((message.due_s for message in self), default=None)

    def add(self, waiting: Waiting) -> list[Message]:
        """Let one more message wait. Returns those that need not be sent any more: it says all that they say."""
        entry = _Entry(waiting.message, waiting.attempts, waiting.next_try_s)
        page = self._pages.setdefault(waiting.message.dedup_key, deque())
        replaced: list[Message] = []
        if page and page[-1] is not self._sending and _says_all(entry.message, page[-1].message):
            before = page.pop()
            self._forget(before.message)
            replaced = [message for message in (before.first, before.message) if message is not None]
            if entry.message.action is Action.TRIGGER:
                entry = _in_place(entry, before, replaced[0])
        page.append(entry)
        self._ids.add(entry.message.id)
        return [message for message in replaced if message is not entry.first]

    def keep(self, ids: Collection[str], since_s: float) -> None:
        """Forget what was due before *since_s* and is not among *ids*: somebody else dealt with it."""
        for key, page in list(self._pages.items()):
            gone = [entry for entry in page if entry.message.due_s < since_s and entry.message.id not in ids]
            for entry in gone:
                if entry is not self._sending:
                    page.remove(entry)
                    self._forget(entry.message)
            if not page:
                del self._pages[key]

    def next(self, now_s: float) -> Message | None:
        """The message to send now: the one that was ready first; None where none may go."""
        if now_s < _not_beyond(self._held_until_s, now_s):
            return None
        heads = (page[0] for page in self._pages.values())
        self._sending = min(
            (entry for entry in heads if entry.ready_s(now_s) <= now_s),
            key=lambda entry: entry.ready_s(now_s),
            default=None,
        )
        return self._sending.message if self._sending is not None else None

    def ready_s(self, now_s: float) -> float | None:
        """When there may be something to send, as it looks at *now_s*; None where nothing waits."""
        ready_s = min((page[0].ready_s(now_s) for page in self._pages.values()), default=None)
        return None if ready_s is None else max(ready_s, _not_beyond(self._held_until_s, now_s))

    def finished(self, message: Message) -> list[Message]:
        """*message*, which was `next`, was delivered or refused. Returns it and what was said with it."""
        page = self._pages[message.dedup_key]
        first = page.popleft().first
        if not page:
            del self._pages[message.dedup_key]
        self._sending = None
        self._failures = 0
        self._forget(message)
        return [message] if first is None else [first, message]

    def failed(self, now_s: float, after_s: float | None) -> float:
        """`next` could not be delivered; the receiver wants to be left alone for *after_s*. When it is tried again."""
        entry = self._sending
        assert entry is not None
        self._sending = None
        self._failures += 1
        entry.attempts += 1
        # Others may go before: one message that its receiver stumbles over must not hold up the rest.
        entry.next_try_s = now_s + max(after_s or 0.0, self._backoff_s(entry.attempts, _MESSAGE_BACKOFF_MAX_S))
        self._held_until_s = now_s + (after_s or self._backoff_s(self._failures, _LANE_BACKOFF_MAX_S))
        return entry.next_try_s

    def hold(self, until_s: float) -> None:
        """Send nothing before *until_s*; what was `next` was not tried."""
        self._sending = None
        self._held_until_s = until_s

    def _backoff_s(self, failures: int, most_s: float) -> float:
        whole = min(most_s, _FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 16))
        return whole * (0.5 + self._jitter() / 2)

    def _forget(self, message: Message) -> None:
        self._ids.discard(message.id)
        self._done.append(message.id)


def _not_beyond(at_s: float, now_s: float) -> float:
    return at_s if at_s <= now_s + WAIT_MAX_S else now_s


def _in_place(entry: _Entry, before: _Entry, first: Message) -> _Entry:
    """*entry* where *before* waited, of which *first* was there first."""
    if first.due_s >= entry.message.due_s:
        return replace(entry, attempts=before.attempts, next_try_s=before.next_try_s)
    # What was due stays due: a stream of updates must not put off the first word for ever.
    message = replace(entry.message, due_s=first.due_s)
    return _Entry(message, before.attempts, before.next_try_s, first)


def _says_all(newer: Message, older: Message) -> bool:
    """Whether *older* need not be sent, because *newer* will be: an update by the next one, or by the end."""
    if older.action is not Action.TRIGGER or older.incident_id != newer.incident_id:
        return False
    # An update that is held back is due in the future; the first word about an incident never is.
    return newer.action is Action.TRIGGER or older.due_s > newer.due_s
