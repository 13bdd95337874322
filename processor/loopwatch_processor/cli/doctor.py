"""`loopwatch doctor`: is something arriving, and what is missing to score it?"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.text import Text

from loopwatch_processor.app import DOCTOR_PATH
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.columns import Column, rows, width_of, wrapped
from loopwatch_processor.cli.door import CaFile, CertFile, Door, KeyFile, TokenFile, address
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.replay import CannotReplay, Replay, read_file

EXIT_SOMETHING_MISSING = 1
_TIMEOUT_S = 5.0
_NAMES = {"service": "service", "dialect": "dialect"}
_COUNTS = {
    "spans": "spans",
    "model_calls": "models",
    "with_messages": "messages",
    "tool_calls": "tools",
    "with_arguments": "arguments",
    "streamed": "streams",
}
"""Titles by key; short ones, so that the names fit beside them."""
_NOTHING_YET = "Nothing has arrived yet: point OTEL_EXPORTER_OTLP_ENDPOINT, or a Collector's exporter, at loopwatch."
_NOTHING_READ = "There are no spans in what was read: loopwatch needs an agent's traces, as OTLP."


def doctor(
    files: Annotated[list[str] | None, typer.Argument(help="Recorded OTLP files instead of a running service.")] = None,
    *,
    url: Annotated[
        str | None, typer.Option(help="The running service; default: where the configuration listens.")
    ] = None,
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Say what arrives, in which dialects, and the exact setting for everything that is missing.

    Exit code 1 when something is missing.
    """
    loaded = load(config, settings or [], sends=False)
    door = Door(token_file, ca_file, cert_file, key_file)
    report = _of_files(files, loaded) if files else _of_service(address(loaded, url), door)
    if format is Format.json:
        sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
        sys.stdout.flush()
    else:
        _print(report, _NOTHING_READ if files else _NOTHING_YET)
    if report["advice"] or not report["sources"]:
        raise typer.Exit(EXIT_SOMETHING_MISSING)


def _of_service(url: str, door: Door) -> dict[str, Any]:
    try:
        answer = door.get(url + DOCTOR_PATH, _TIMEOUT_S)
        found = answer.json() if answer.is_success else None
        if not isinstance(found, dict) or not {"sources", "advice"} <= found.keys():
            raise ValueError(f"something else does, with HTTP status {answer.status_code}")
        return found
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise LoopwatchError(
            f"no loopwatch answers at {url} ({error}): start it with `loopwatch serve`, or name it with --url"
        ) from error


def _of_files(files: list[str], config: Config) -> dict[str, Any]:
    faults: list[CannotReplay] = []
    pipeline = build_pipeline(config)
    player = Replay(pipeline)
    for name in files:
        for recorded in read_file(name, faults.append):
            player.feed(recorded)
    if faults:
        raise faults[0]
    return pipeline.diagnosis.as_dict()


def _print(report: dict[str, Any], nothing: str) -> None:
    console = Console(highlight=False, markup=False)
    if not report["sources"]:
        console.print(nothing, soft_wrap=True)
        return
    for line in rows(_columns(report["sources"]), width_of(console)):
        console.print(line, soft_wrap=True)
    for advice in report["advice"]:
        missing = f"{advice['service']} ({advice['dialect']}): {advice['missing']}"
        console.print()
        for line in wrapped(console, Text(harmless(missing), "yellow")):
            console.print(line, soft_wrap=True)
        console.print(f"  → {harmless(advice['mend'])}", soft_wrap=True)
    if not report["advice"]:
        console.print(Text("\nNothing is missing.", "green"))


def _columns(sources: list[dict[str, Any]]) -> list[Column]:
    names = [Column(title, [str(item[key]) for item in sources], gives_way=True) for key, title in _NAMES.items()]
    counts = [
        Column(title, [str(item[key]) for item in sources], is_number=True, dispensable=rank)
        for rank, (key, title) in enumerate(_COUNTS.items())
    ]
    return [*names, *counts]
