"""`loopwatch status`: six questions about work in the background, answered."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.door import CaFile, CertFile, Door, KeyFile, address
from loopwatch_processor.cli.durations import parse_s
from loopwatch_processor.cli.kept_journal import reading
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.cli.reconcile import MOST_S
from loopwatch_processor.config import load
from loopwatch_processor.jobs.answers import Answer, answers
from loopwatch_processor.journal import incidents, jobs
from loopwatch_processor.session_pages import to_json

MAX_INCIDENTS = 1_000
_TIMEOUT_S = 5.0
_SAID = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "yellow")}


def status(
    *,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="How far to look back: 30m, 24h, 7d.")] = "1d",
    url: Annotated[str | None, typer.Option("--url", help="The running service; default: as configured.")] = None,
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Answer six questions about work in the background; exit 1 where one of the answers is no.

    Jobs and open incidents are those of the journal; whether anybody looks at all, the running service tells.
    """
    loaded, now = load(config, settings or [], sends=False), time.time()
    with reading(loaded) as connection:
        known = jobs.submitted(connection, now - parse_s("--since", since, MOST_S))
        found = [item.identity.detector for item in incidents.newest(connection, limit=MAX_INCIDENTS, open_only=True)]
    told = answers(known, found, loaded.jobs.settings().slas, now)
    where = address(loaded, url)
    is_watched = _works(where, Door(None, ca_file, cert_file, key_file))
    if format is Format.json:
        sys.stdout.write(to_json({"service": is_watched, "answers": [asdict(answer) for answer in told]}) + "\n")
    else:
        _print(told, f"loopwatch at {where} {'looks' if is_watched else 'does not answer: this is what it knew last'}.")
    if not all(answer.holds is not False for answer in told):
        raise typer.Exit(1)


def _works(where: str, door: Door) -> bool:
    try:
        return door.get(f"{where}/readyz", _TIMEOUT_S).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _print(told: list[Answer], footer: str) -> None:
    console = Console(highlight=False, markup=False)
    columns = [
        Column("", [answer.question for answer in told]),
        Column("", [_SAID[answer.holds][0] for answer in told]),
        Column("", [answer.why for answer in told], gives_way=True),
    ]
    _, *lines = rows(columns, width_of(console))
    for line, answer in zip(lines, told, strict=True):
        word, style = _SAID[answer.holds]
        at = line.plain.index(word, len(answer.question))
        line.stylize(style, at, at + len(word))
        console.print(line, soft_wrap=True)
    console.print(Text(footer, "dim"), soft_wrap=True)
