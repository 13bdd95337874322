"""Bodies that never arrive: each has its time, however many share the one timer."""

from __future__ import annotations

import asyncio

from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.intake import Receipt
from loopwatch_processor.receive.outcome import Slow
from tests.receive.harness import Recorder

TIMEOUT_S = 30.0


class Leaping(asyncio.SelectorEventLoop):
    """A loop whose time goes on by what a test says."""

    leapt_s = 0.0

    def time(self) -> float:
        return super().time() + self.leapt_s

    async def leap(self, by_s: float) -> None:
        """Let *by_s* pass, and what is due then be done."""
        self.leapt_s += by_s
        for _ in range(10):
            await asyncio.sleep(0)


def test_each_body_is_given_up_at_its_own_time() -> None:
    """The first is late while the second is not yet, and one that came in time is none of them."""
    loop = Leaping()
    admission = Admission(Recorder(lambda _signal, _body: Receipt()), AdmissionLimits(arrival_timeout_s=TIMEOUT_S))

    async def one(body: asyncio.Future[bytes]) -> bytes | Slow:
        try:
            with admission.request() as hold:
                return await hold.arrival(body)
        except Slow as slow:
            return slow

    async def run() -> None:
        bodies = [loop.create_future() for _ in range(3)]
        arriving = []
        for body in bodies:
            arriving.append(asyncio.create_task(one(body)))
            await loop.leap(0)
            await loop.leap(TIMEOUT_S / 3)
        bodies[1].set_result(b"in time")
        await loop.leap(0)
        assert [task.done() for task in arriving] == [True, True, False]
        await loop.leap(TIMEOUT_S / 3)
        assert not arriving[2].done()
        await loop.leap(TIMEOUT_S / 3)
        assert [task.done() for task in arriving] == [True, True, True]
        first, second, third = [task.result() for task in arriving]
        assert isinstance(first, Slow)
        assert second == b"in time"
        assert isinstance(third, Slow)
        assert admission.requests == 0
        # Nothing is left that waits, and the next one has its whole time.
        late = asyncio.create_task(one(loop.create_future()))
        await loop.leap(0)
        await loop.leap(TIMEOUT_S / 2)
        assert not late.done()
        await loop.leap(TIMEOUT_S / 2)
        assert isinstance(late.result(), Slow)

    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
