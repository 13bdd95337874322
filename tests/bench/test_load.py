"""The load generator sends each request once, when it is due, and says what was refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.load import read, send, write


def test_bodies_survive_the_file(tmp_path: Path) -> None:
    """Empty ones too, and of any bytes."""
    bodies = [b"", b"\0\n\xff" * 100, b"x"]
    write(bodies, tmp_path / "bodies")

    assert read(tmp_path / "bodies") == bodies


def test_each_body_is_sent_once_whichever_connection_is_free() -> None:
    """Over all connections together."""
    taken: list[bytes] = []

    async def sender(body: bytes) -> bool:
        await asyncio.sleep(0)
        taken.append(body)
        return True

    bodies = [f"{number}".encode() for number in range(20)]
    refused, delays_ms = asyncio.run(send(bodies, [sender] * 4, None))

    assert (sorted(taken), refused, len(delays_ms)) == (sorted(bodies), 0, 20)


def test_refusals_are_counted() -> None:
    """A server that refuses does less work than one that scores."""

    async def sender(body: bytes) -> bool:
        return body != b"bad"

    refused, _ = asyncio.run(send([b"good", b"bad", b"bad"], [sender], None))

    assert refused == 2


def test_a_late_request_counts_its_wait_from_when_it_was_due() -> None:
    """Else a server that stalls would delay only the one request that meets it."""

    clock_s = 0.0

    async def stalls(_body: bytes) -> bool:
        nonlocal clock_s
        clock_s += 2.0
        return True

    _, delays_ms = asyncio.run(send([b""] * 4, [stalls], 0.5, lambda: clock_s))

    assert delays_ms == [2_000.0, 3_500.0, 5_000.0, 6_500.0]
