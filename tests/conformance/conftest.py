"""Real services to knock at: one for the whole suite, and what a test makes for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from loopwatch_processor.receive.intake import Receipt
from tests.receive.harness import Receivers, Recorder, receivers
from tests.stack.processes import Loopwatch, free_ports

BODY_MAX_BYTES = 1024 * 1024
QUIET = ("journal.enabled=false", "sinks.log.enabled=false", f"receive.max_body_bytes={BODY_MAX_BYTES}")


@pytest.fixture(scope="session", name="serve")
def _serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopwatch]:
    """`loopwatch serve` beside a Collector: it scores and answers."""
    serve = Loopwatch(tmp_path_factory.mktemp("serve"), *QUIET)
    with serve.running():
        yield serve


@dataclass(frozen=True)
class Inline:
    """`loopwatch serve` before a downstream that the test answers for."""

    serve: Loopwatch
    downstream: Receivers

    @property
    def recorder(self) -> Recorder:
        """What arrived downstream, and what it is answered."""
        return self.downstream.intake


@pytest.fixture(scope="session", name="shared_inline")
def _shared_inline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inline]:
    (port,) = free_ports(1)
    settings = (*QUIET, f"forward.endpoint=http://127.0.0.1:{port}", "forward.max_in_flight=1")
    serve = Loopwatch(tmp_path_factory.mktemp("inline"), *settings)
    with receivers(grpc_port=port) as downstream, serve.running():
        yield Inline(serve, downstream)


@pytest.fixture(name="inline")
def _inline(shared_inline: Inline) -> Inline:
    shared_inline.recorder.bodies.clear()
    shared_inline.recorder.answer = lambda signal, body: Receipt()
    return shared_inline
