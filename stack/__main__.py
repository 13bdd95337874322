"""`python -m stack`: everything that stands around loopwatch, for real, on this machine; docs/stack.md."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from loopwatch_processor.demo.agents import SCRIPTS
from stack import collector, pages
from stack.folder import taken
from stack.ports import BadPorts, chosen
from stack.process import Failed, Process
from stack.running import Stack, stop_on

_EXIT_FAILED = 1
_EXIT_STOPPED = 130
"""As a shell reports a program that Ctrl-C ended."""
_COLUMNS = 160
"""Of a line, where no terminal says so."""
_POLL_S = 0.5
_PAGED_S = 60.0
_SETTLE_S = 3.0
"""For tickets, which come a scrape, an evaluation and a wait later, and for what is found late."""


def main(arguments: list[str] | None = None) -> int:
    """Run the stack and its fleet, say what was paged, and serve on until Ctrl-C or SIGTERM; the exit code."""
    options = _parser().parse_args(arguments)
    stop_on((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        ports = chosen(dict(options.port), options.free_ports)
        stack = Stack(ports, taken(options.folder), _collector(), direct=options.direct)
        return _run(stack, options.once)
    except (BadPorts, Failed) as error:
        sys.stderr.write(f"stack: {error}\n")
        return _EXIT_FAILED
    except KeyboardInterrupt:
        return _EXIT_STOPPED


def _run(stack: Stack, once: bool) -> int:
    with stack.running(_tell):
        _say(f"\nLogs and state: {stack.folder}\n\nThe fleet runs: two agents work, five fail, each in its own way …")
        stack.play()
        complete = _wait_for_pages(stack)
        _conclude(stack)
        if once:
            return 0 if complete else _EXIT_FAILED
        _say("\nStill serving; stop with Ctrl-C.")
        return _serve(stack)


def _serve(stack: Stack) -> int:
    try:
        while True:
            stack.check()
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        return 0


def _wait_for_pages(stack: Stack) -> bool:
    """Wait until each critical incident was paged; whether each was, and once."""
    deadline = time.monotonic() + _PAGED_S
    settled_s = 0.0
    while settled_s < _SETTLE_S and time.monotonic() < deadline:
        stack.check()
        time.sleep(_POLL_S)
        settled_s = settled_s + _POLL_S if _is_paged_once(stack) else 0.0
    return _is_paged_once(stack)


def _is_paged_once(stack: Stack) -> bool:
    return len(stack.record()["incidents"]) == len(stack.critical())


def _conclude(stack: Stack) -> None:
    record = stack.record()
    (stack.folder / "record.json").write_text(json.dumps(record, indent=1), "utf-8")
    found = pages.paged(record, stack.findings())
    _say(f"\n{len(found)} pages for {len(stack.critical())} critical sessions, so long after the span that decided:")
    for line in pages.lines(found, shutil.get_terminal_size((_COLUMNS, 24)).columns):
        _say(line)
    healthy = [script.name for script in SCRIPTS if script.name not in pages.told_of(record) and not script.detector]
    _say(
        f"\nTickets: {', '.join(pages.tickets(record)) or 'none'}\nNobody is told of: {', '.join(healthy) or 'nobody'}"
    )


def _collector() -> Path:
    found = collector.find()
    if found is not None and shutil.which(found) is None:
        raise Failed(f"LOOPWATCH_OTELCOL names {found}, which cannot be run: {collector.HOW}")
    if found is not None:
        return found
    if shutil.which("go") is None:
        raise Failed(f"there is no Collector, and no Go to build one: {collector.HOW}")
    _say("There is no Collector yet: building one with Go, which takes some minutes, once …")
    try:
        return collector.build()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"the Collector could not be built ({error}): {collector.HOW}") from None


def _tell(part: Process) -> None:
    _say(f"{part.name:<18} {part.url}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdigit() or not 0 < int(number) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER with a number from 1 to 65535")
    return name, int(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop when everything was paged, instead of serving on")
    parser.add_argument("--direct", action="store_true", help="loopwatch pages by itself, not through Alertmanager")
    parser.add_argument("--free-ports", action="store_true", help="take any free ports instead of the usual ones")
    parser.add_argument("--port", type=_port, action="append", default=[], metavar="NAME=NUMBER", help="stack/ports.py")
    parser.add_argument("--folder", type=Path, default=Path(".stack"), help="for logs and state (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
