"""`JournalWriter`: the service's way to the journal, which never waits long and never raises into scoring."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from loopwatch_processor.errors import CannotOpenJournal, JournalFault, LoopwatchError
from loopwatch_processor.incident import Change
from loopwatch_processor.jobs.transition import Transition
from loopwatch_processor.journal import outbox
from loopwatch_processor.journal.batch import Batch, Mark, Pending
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.prune import prune
from loopwatch_processor.journal.rows import Message, MessageState, Sendable, SessionRow, SnapshotRow, StepRow
from loopwatch_processor.schedule import is_due

PATIENCE_S = 2.0
"""The longest that a request waits for the journal."""
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 30.0
PRUNE_EVERY_S = 3_600.0

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class JournalWriter:
    """Everything that the service writes goes through one thread, in transactions of all that waits.

    What cannot be written is held, the newest state of each incident, and tried again by the next `commit` or `tick`
    after a pause that doubles. Call all methods on one event loop; *clock* is Unix time.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], float],
        *,
        on_write: Callable[[bool], None] = lambda _ok: None,
        on_drop: Callable[[str, int], None] = lambda _what, _count: None,
        on_open: Callable[[], None] = lambda: None,
        patience_s: float = PATIENCE_S,
        prune_every_s: float = PRUNE_EVERY_S,
    ) -> None:
        """*on_write* hears of every transaction whether it was done, *on_drop* what was given up and how often, and
        *on_open* that a journal which could not be opened at first is open now.
        """
        self._journal = journal
        self._settings = journal.settings
        self._clock = clock
        self._on_write = on_write
        self._on_drop = on_drop
        self._on_open = on_open
        self._patience_s = patience_s
        self._prune_every_s = prune_every_s
        self._thread = ThreadPoolExecutor(1, "journal")
        self._pending = Pending(self._settings.max_pending, self._settings.max_steps_per_session)
        self._waiters: list[asyncio.Future[bool]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._pause_s = 0.0
        self._retry_at_s = 0.0
        self._prune_at_s = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether the last transaction was not done."""
        return self._pause_s > 0

    @property
    def held(self) -> int:
        """Things that are only in memory."""
        return len(self._pending)

    async def open(self) -> None:
        """Open the journal.

        Raises:
            CannotOpenJournal: it cannot be used; where the error is `passing` the service may go on, and this is
                tried again.
        """
        try:
            await self._in_thread(self._journal.open)
        except CannotOpenJournal as error:
            self._failed(error)
            raise

    async def commit(self, changes: Iterable[Change], messages: Iterable[Sendable] = ()) -> bool:
        """Keep the incidents of *changes* and the *messages* about them, in one transaction.

        Whether they are in the database; otherwise they are held, and will be.
        """
        self._pending.add((change.incident for change in changes), messages)
        return await self._written()

    async def delivered(self, id: str) -> None:  # noqa: A002 - the column's name, as in `failed` and `refused`
        """Nothing of the message is left to say."""
        self._pending.mark(id, Mark(MessageState.DELIVERED, self._clock()))
        await self._written()

    async def failed(self, id: str, next_try_s: float, error: str) -> None:  # noqa: A002
        """One attempt to send the message failed; the next one comes at *next_try_s*."""
        self._pending.mark(id, Mark(MessageState.WAITING, next_try_s, error, attempts=1))
        await self._written()

    async def refused(self, id: str, error: str) -> None:  # noqa: A002
        """The message will never be delivered."""
        self._pending.mark(id, Mark(MessageState.REFUSED, self._clock(), error))
        await self._written()

    async def waiting(self) -> list[Message]:
        """Every message that is neither delivered nor refused, also those held; oldest first."""
        known = self._pending.over(await self._known(outbox.waiting))
        return [message for message in known if message.state is MessageState.WAITING]

    async def unresolved(self) -> list[Message]:
        """Every message about what no message has resolved yet, also those held; oldest first."""
        known = self._pending.over(await self._known(outbox.unresolved))
        resolved = {message.incident_id for message in known if message.action == outbox.RESOLVE}
        return [message for message in known if message.incident_id not in resolved]

    async def read(self, query: Callable[[Connection], _T]) -> _T:
        """What *query* finds.

        Raises:
            JournalFault: the database does not answer.
        """
        return await self._in_thread(lambda: self._read(query))

    def save_session(self, row: SessionRow, steps: Iterable[StepRow] = ()) -> None:
        """Keep the session as it is, and those of *steps* that are new, soon."""
        self._pending.tell(row, steps)

    def remove_session(self, key: str) -> None:
        """Forget a session, soon: its steps turned out to be another's."""
        self._pending.untell(key)

    def put_document(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep *document* in place of the one of that name, soon."""
        self._pending.put(name, document)

    def put_snapshot(self, row: SnapshotRow) -> None:
        """Keep the open session, or that it is not open any more, soon."""
        self._pending.open(row)

    @property
    def snapshots_held(self) -> int:
        """Open sessions that are only in memory yet."""
        return self._pending.snapshots

    def happen(self, transitions: Iterable[Transition]) -> None:
        """Keep what became of jobs, soon."""
        self._pending.happen(transitions)

    async def write(self, work: Callable[[Connection], _T]) -> _T:
        """What *work* answers, after all that waits is written, in a transaction of its own.

        Raises:
            JournalFault: it was not done.
        """
        self._flush_soon()
        await self.settled(self._patience_s)
        return await self._in_thread(lambda: self._work(work))

    def tick(self) -> None:
        """Write what waits, and once an hour forget what is over."""
        if (self._pending or self._prunes) and not self._pauses():
            self._flush_soon()

    async def settled(self, timeout_s: float) -> None:
        """Wait until nothing is being written, at most for *timeout_s*."""
        if self._flushing is not None:
            await asyncio.wait([self._flushing], timeout=timeout_s)

    async def close(self, timeout_s: float) -> None:
        """Write what waits, at most for *timeout_s*, and leave the database."""
        if self._pending:
            self._flush_soon()
        await self.settled(timeout_s)
        if self._pending:
            _log.warning("%d things were not written to the journal %s", len(self._pending), self._journal.where)
        await asyncio.wait([asyncio.ensure_future(self._in_thread(self._journal.close))], timeout=timeout_s)
        self._thread.shutdown(wait=False)

    async def _written(self) -> bool:
        self._tell_drops(Counter())
        if not self._pending.is_urgent:
            return True
        if self._pauses():
            return False
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._flush_soon()
        await asyncio.wait([waiter], timeout=self._patience_s)
        return waiter.done() and waiter.result()

    def _flush_soon(self) -> None:
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while await self._step():
                pass
        finally:
            self._answer(self._waiters, False)

    async def _step(self) -> bool:
        """Write some of what waits, or else prune; whether it is worth going on."""
        if not self._pending:
            return self._prunes and await self._try(self._prune)
        batch, waiters = self._pending.take(self._clock()), self._waiters
        self._waiters = []
        done = await self._try(partial(self._write, batch))
        if not done:
            self._pending.put_back(batch)
        self._answer(waiters, done)
        return done

    @property
    def _prunes(self) -> bool:
        return is_due(self._prune_at_s, self._clock(), PRUNE_EVERY_S)

    def _answer(self, waiters: list[asyncio.Future[bool]], done: bool) -> None:
        for waiter in waiters:
            waiter.set_result(done)
        waiters.clear()

    async def _try(self, work: Callable[[], Counter[str]]) -> bool:
        was_open = self._journal.is_open
        try:
            dropped = await self._in_thread(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, scoring goes on
            self._failed(error)
            return False
        if self.is_failing:
            _log.info("the journal %s works again", self._journal.where)
        self._pause_s = 0.0
        self._on_write(True)
        self._tell_drops(dropped)
        if not was_open:
            self._on_open()
        return True

    def _failed(self, error: Exception) -> None:
        if not self.is_failing:
            _log.warning("%s; incidents and messages are held in memory meanwhile", error)
        self._pause_s = min(self._pause_s * 2, LAST_RETRY_S) if self.is_failing else FIRST_RETRY_S
        self._retry_at_s = self._clock() + self._pause_s
        self._on_write(False)

    def _pauses(self) -> bool:
        return self.is_failing and not is_due(self._retry_at_s, self._clock(), LAST_RETRY_S)

    def _tell_drops(self, dropped: Counter[str]) -> None:
        dropped += self._pending.dropped
        self._pending.dropped.clear()
        for what, count in dropped.items():
            self._on_drop(what, count)

    async def _known(self, query: Callable[[Connection], list[Message]]) -> list[Message]:
        try:
            return await self.read(query)
        except JournalFault as error:
            _log.warning("%s; only messages that are in memory are known", error)
            return []

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _read(self, query: Callable[[Connection], _T]) -> _T:
        with self._journal.reading() as connection:
            return query(connection)

    def _work(self, work: Callable[[Connection], _T]) -> _T:
        with self._journal.writing() as connection:
            return work(connection)

    def _write(self, batch: Batch) -> Counter[str]:
        if not self._journal.is_open:
            self._journal.open()
        try:
            return self._write_at_once(batch)
        except JournalFault as error:
            if not error.of_the_data:
                raise
        except LoopwatchError:
            raise
        except Exception:  # noqa: BLE001 - one row that cannot be written must not keep the others from being
            _log.debug("a batch is written piece by piece", exc_info=True)
        return self._write_piecewise(batch)

    def _write_at_once(self, batch: Batch) -> Counter[str]:
        with self._journal.writing() as connection:
            return Counter(steps=batch.write(connection, self._settings.max_steps_per_session))

    def _write_piecewise(self, batch: Batch) -> Counter[str]:
        dropped: Counter[str] = Counter()
        for piece in batch.pieces():
            try:
                dropped += self._write_at_once(piece)
            except Exception as error:
                if isinstance(error, JournalFault) and not error.of_the_data:
                    raise
                _log.error("something cannot be written to the journal and is left out: %r", error)
                dropped["unwritable"] += 1
        return dropped

    def _prune(self) -> Counter[str]:
        if not self._journal.is_open:
            self._journal.open()
        with self._journal.writing() as connection:
            pruned = prune(connection, self._clock(), self._settings)
        self._prune_at_s = self._clock() + (0.0 if pruned.more else self._prune_every_s)
        return Counter()
