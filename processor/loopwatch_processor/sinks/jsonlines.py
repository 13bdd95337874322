"""Findings as JSON lines, appended to a file or written to standard output."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from loopwatch_processor.errors import ConfigError
from loopwatch_processor.finding import RaisedFinding
from loopwatch_processor.sinks.base import event_as_dict

STDOUT = "-"


class JsonLinesSink:
    """Appends one line a finding to *path*; `-` is standard output. *now_ns* gives Unix time.

    Everything outside printable ASCII is escaped, so that what an agent wrote can neither break a line nor move a
    terminal's cursor.

    Raises:
        ConfigError: the file cannot be opened for appending.
    """

    name = "json_lines"

    def __init__(self, path: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._file = sys.stdout.buffer if path == STDOUT else _opened(path)

    def emit(self, raised: RaisedFinding) -> None:
        """Write *raised* in one piece; OSError where the disk does not take it."""
        line = json.dumps(_finite(event_as_dict(raised, self._now_ns())), separators=(",", ":")).encode("ascii") + b"\n"
        written = self._file.write(line)
        if written != len(line):
            self._take_back(written)
            raise OSError(f"only {written} of the {len(line)} bytes of a line were written: is the disk full?")
        self._file.flush()

    def _take_back(self, written: int) -> None:
        """A full disk takes the beginning of a line; the next one that fits must not continue it."""
        with suppress(OSError):  # a pipe keeps what it has
            os.truncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - written)


def _opened(path: str) -> BinaryIO:
    try:
        # Unbuffered: a line reaches the file whole, or not at all, also when the process is killed.
        return Path(path).open("ab", buffering=0)
    except OSError as error:
        raise ConfigError([f"sinks.json_lines.path: cannot append to {path!r}: {error.strerror}"]) from error


def _finite(value: Any) -> Any:
    """JSON has no word for a number that is not finite: null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
