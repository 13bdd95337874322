"""The log lines of the service."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from loopwatch_processor.telemetry import lines


@pytest.fixture(name="log")
def _log() -> Iterator[io.StringIO]:
    """A file that everything at info and above is written to; logging is as it was afterwards."""
    root, file = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    # `write_to` closes what it replaces, and pytest still needs its own handlers.
    root.handlers[:] = []
    lines.write_to(file, "info")
    yield file
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("uvicorn", "httpx"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def read(log: io.StringIO) -> list[dict[str, Any]]:
    """Every line, parsed."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_message_of_any_library_is_one_json_object(log: io.StringIO) -> None:
    """When, how severe, who, what: in this order."""
    logging.getLogger("some.library").warning("took %d", 3)
    (line,) = read(log)
    assert list(line) == ["time", "level", "logger", "event"]
    assert (line["level"], line["logger"], line["event"]) == ("warning", "some.library", "took 3")
    assert line["time"].endswith("+00:00")


def test_a_traceback_stays_on_the_line(log: io.StringIO) -> None:
    """What reads line by line is not broken by a fault."""
    try:
        raise KeyError("bug\nlevel=critical \x1b[2J")
    except KeyError:
        logging.getLogger("x").exception("failed")
    (line,) = read(log)
    assert (line["level"], line["event"]) == ("error", "failed")
    assert "KeyError" in line["exception"]
    assert "\x1b" not in log.getvalue()


def test_warnings_of_python_are_lines_too(log: io.StringIO) -> None:
    """Nothing else writes to the stream."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [line["logger"] for line in read(log)] == ["py.warnings"]


@pytest.mark.parametrize("name", ["uvicorn.error", "httpx"])
def test_talkative_libraries_are_heard_from_warning_on(log: io.StringIO, name: str) -> None:
    """A line for each start, stop and request would bury the findings."""
    logging.getLogger(name).info("Shutting down")
    logging.getLogger(name).warning("odd")
    assert [line["event"] for line in read(log)] == ["odd"]


def test_less_severe_messages_are_left_out(log: io.StringIO) -> None:
    """The level that was asked for decides."""
    logging.getLogger("x").debug("detail")
    logging.getLogger("x").info("news")
    assert [line["event"] for line in read(log)] == ["news"]


def test_a_time_that_no_date_can_say_is_none() -> None:
    """A span's clock may say anything."""
    assert lines.iso(1_780_272_000_123_456_789) == "2026-06-01T00:00:00.123456+00:00"
    assert lines.iso(10**30) is None
