"""The whole stack at once: its parts in their order, the fleet, and what came of it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from stack import parts
from stack.ports import HOST, Ports
from stack.process import READY_S, Failed, Process, together

FLEET_S = 120.0
"""The fleet takes some seconds."""
_POLL_S = 0.1


class Stack:
    """Agents' Collector, loopwatch, Prometheus, Alertmanager and the fake Events API, with their files in *folder*.

    *direct*: loopwatch pages by itself, and Prometheus tells Alertmanager nothing. *settings* are laid over
    stack/loopwatch.yaml; *collector* is the Collector's binary.
    """

    def __init__(
        self, ports: Ports, folder: Path, collector: Path, *, direct: bool = False, settings: Mapping[str, str] = {}
    ) -> None:
        self.ports, self.folder = ports, folder
        self._api = f"http://{HOST}:{ports.events_api}"
        self.loopwatch = parts.loopwatch(ports, folder, {**(self._direct() if direct else {}), **settings})
        self.collector = parts.collector(collector, ports, folder)
        # In this order: an exporter that met nobody tries again only after seconds.
        self.parts = (
            parts.events_api(ports, folder),
            parts.alertmanager(ports, folder),
            self.loopwatch,
            self.collector,
            parts.prometheus(ports, folder, tells=not direct),
        )
        self._fleet = parts.fleet(ports, folder)

    @contextmanager
    def running(self, told: Callable[[Process], None] | None = None) -> Iterator[None]:
        """Run all parts for the length of the block; *told* of each that is ready.

        Raises:
            Failed: a part does not start.
        """
        with together(self.parts, told):
            try:
                yield
            finally:
                self._fleet.stop()

    def play(self) -> None:
        """Run the fleet to its end.

        Raises:
            Failed: it, or a part, ended otherwise than well.
        """
        self._fleet.start()
        deadline = time.monotonic() + FLEET_S
        while (code := self._fleet.wait(_POLL_S)) is None:
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"the fleet did not end in {FLEET_S:g} s: see {self._fleet.log}")
        if code != 0:
            self._fleet.check()

    def check(self) -> None:
        """Whether every part still runs.

        Raises:
            Failed: one ended.
        """
        for part in self.parts:
            part.check()

    def record(self) -> dict[str, Any]:
        """All that the fake Events API was told."""
        found: dict[str, Any] = httpx.get(f"{self._api}/record", timeout=READY_S, trust_env=False).json()
        return found

    def critical(self) -> set[str]:
        """The sessions that are critical so far: each of them is one page."""
        return {item["session"] for item in self.findings() if item["severity"] == "critical"}

    def findings(self) -> list[dict[str, Any]]:
        """All findings so far, as loopwatch wrote them."""
        file = self.folder / "findings.jsonl"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    def _direct(self) -> dict[str, str]:
        return {
            "notify.routes": json.dumps([{"routing_key_file": str(parts.ROUTING_KEY_FILE)}]),
            "notify.pagerduty_url": f"{self._api}/v2/enqueue",
            "notify.alertmanager.urls": "[]",
        }


def stop_on(numbers: tuple[signal.Signals, ...]) -> None:
    """Let each of *numbers* end the program as Ctrl-C does, once: a second one while it stops is not heard."""

    def interrupt(_number: int, _frame: object) -> None:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)
