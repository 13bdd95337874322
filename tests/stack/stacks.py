"""The whole stack for tests: on free ports, in a folder of the test, and gone at its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import parts
from stack.ports import chosen
from stack.process import Failed
from stack.running import Stack


@contextmanager
def running(otelcol: Path, folder: Path, *, direct: bool = False) -> Iterator[Stack]:
    """A stack in *folder*, whose incidents end soon."""
    stack = Stack(chosen({}, any_free=True), folder, otelcol, direct=direct, settings={"incidents.hold_s": "5"})
    with stack.running():
        yield stack


def needs_programs() -> None:
    """A machine without Prometheus and Alertmanager skips, unless it was told to have them."""
    try:
        parts.program("prometheus", "prometheus")
        parts.program("alertmanager", *parts.ALERTMANAGER)
    except Failed as error:
        if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
