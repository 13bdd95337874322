"""One process of the stack: started, waited for, stopped, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

READY_S = 60.0
"""How long a part may take to begin to answer on a busy machine."""
STOP_S = 15.0
"""How long it may take to end before it is killed."""
_ROOT = Path(__file__).parent.parent
_LEASH = Path(__file__).with_name("leash.py")
_FOREIGN = ("LOOPWATCH_", "OTEL_")
"""Settings of the shell that are meant for other programs than these."""


class Failed(Exception):
    """A part that did not start or did not stay, in one sentence for the user."""


class Process:
    """*command*, which writes to *log* and answers at *url* once it is *ready_at* (a URL)."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        url: str,
        *,
        ready_at: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.log, self.url = name, log, url
        self._command, self._ready_at = [sys.executable, "-I", str(_LEASH), str(os.getpid()), *command], ready_at
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        self._environment = {**kept, **(environment or {})}
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._running is not None
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, or was never started."""
        return self._running.poll() if self._running is not None else None

    def start(self) -> None:
        """Start it. Ctrl-C in a terminal reaches only the stack, which stops its parts in order."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=_ROOT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Ask until it answers.

        Raises:
            Failed: it ended, or did not answer in `READY_S`.
        """
        deadline = time.monotonic() + READY_S
        while not answers(self._ready_at):
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"{self.name} did not answer at {self._ready_at} in {READY_S:g} s: see {self.log}")
            time.sleep(0.05)

    def check(self) -> None:
        """Whether it still runs.

        Raises:
            Failed: it ended.
        """
        if self.exit_code is not None:
            raise Failed(f"{self.name} ended with exit code {self.exit_code}: {self._last_words()} (all in {self.log})")

    def signal(self, number: signal.Signals) -> None:
        """Send it *number*."""
        if self.exit_code is None and self._running is not None:
            self._running.send_signal(number)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, or None where it still runs after *timeout_s*."""
        assert self._running is not None
        try:
            return self._running.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """End it: with a word first, and by force where that is not heard."""
        if self._running is None:
            return
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)  # a stopped process hears nothing else
        if self.wait(STOP_S) is None:
            self.signal(signal.SIGKILL)
            self._running.wait()
        if self._running.stdin is not None:
            self._running.stdin.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


@contextmanager
def together(parts: Sequence[Process], told: Callable[[Process], None] | None = None) -> Iterator[None]:
    """Run *parts* for the length of the block, each begun when the one before is ready, and stop them in the opposite
    order; *told* of each that is ready.

    Raises:
        Failed: one of them does not start.
    """
    try:
        for part in parts:
            part.start()
            part.wait_until_ready()
            if told is not None:
                told(part)
        yield
    finally:
        for part in reversed(parts):
            part.stop()


def answers(url: str) -> bool:
    """Whether an HTTP server is ready at *url*; one that knows no such page is."""
    try:
        return httpx.get(url, timeout=5.0, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
