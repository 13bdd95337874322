"""`loopwatch status`: six questions about work in the background, answered."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.door import CaFile, CertFile, Door, KeyFile, TokenFile
from loopwatch_processor.cli.durations import parse_s
from loopwatch_processor.cli.job_source import ask
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.cli.session_source import Source
from loopwatch_processor.cli.sessions import JournalOption, UrlOption
from loopwatch_processor.config import load
from loopwatch_processor.job_pages import MAX_SINCE_S
from loopwatch_processor.jobs.answers import Answer
from loopwatch_processor.session_pages import to_json

_SAID = {True: ("yes", "green"), False: ("no", "red"), None: ("unknown", "yellow")}


def status(
    *,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="How far to look back: 30m, 24h, 7d.")] = "1d",
    url: UrlOption = None,
    journal: JournalOption = False,
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    token_file: TokenFile = None,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Answer six questions about work in the background; exit 1 where one of the answers is no.

    A running service answers, by the promises that it has; where none listens, the journal does.
    """
    source = Source(
        load(config, settings or [], sends=False), url, journal, Door(token_file, ca_file, cert_file, key_file)
    )
    told = ask(source, parse_s("--since", since, MAX_SINCE_S))
    if format is Format.json:
        document = {"service": told.is_live, "answers": [asdict(answer) for answer in told.answers]}
        sys.stdout.write(to_json(document) + "\n")
    else:
        _print(told.answers, _footer(source, is_live=told.is_live))
    if not all(answer.holds is not False for answer in told.answers):
        raise typer.Exit(1)


def _footer(source: Source, *, is_live: bool) -> str:
    if is_live:
        return f"loopwatch at {source.address} says so."
    asked = "" if source.journal_only else f"loopwatch at {source.address} does not answer: "
    return f"{asked}this is what the journal knew last."


def _print(told: Sequence[Answer], footer: str) -> None:
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
