"""`loopwatch reconcile`: the jobs that were submitted against those whose end a worker reported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console

from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.door import CaFile, CertFile, Door, KeyFile, TokenFile
from loopwatch_processor.cli.durations import parse_s
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.job_source import ask
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.cli.session_source import Source
from loopwatch_processor.cli.sessions import JournalOption, UrlOption
from loopwatch_processor.config import load
from loopwatch_processor.job_pages import MAX_SINCE_S, plain
from loopwatch_processor.jobs.reconciliation import Account, Group
from loopwatch_processor.session_pages import to_json

MAX_SHOWN = 20
"""Missing jobs that the table names; JSON has all."""


def reconcile(
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
    """Compare the jobs that were submitted with those whose end a worker reported; exit 1 where any is missing.

    Jobs count from when they should have ended (jobs.types, else jobs.unpromised_s); younger ones are in flight.
    A running service answers, by the promises that it has; where none listens, the journal does.
    """
    source = Source(
        load(config, settings or [], sends=False), url, journal, Door(token_file, ca_file, cert_file, key_file)
    )
    accounts = ask(source, parse_s("--since", since, MAX_SINCE_S)).accounts
    if format is Format.json:
        sys.stdout.write(to_json([plain(*item) for item in sorted(accounts.items())]) + "\n")
    else:
        _print(accounts)
    if any(account.missing for account in accounts.values()):
        raise typer.Exit(1)


def _print(accounts: Mapping[Group, Account]) -> None:
    console = Console(highlight=False, markup=False)
    if not accounts:
        console.print("No job was submitted in this time.", soft_wrap=True)
        return
    for line in rows(_columns(sorted(accounts.items())), width_of(console)):
        console.print(line, soft_wrap=True)
    missing = [(group, own) for group, account in sorted(accounts.items()) for own in account.missing]
    if missing:
        console.print(f"\nMissing, {len(missing)} in all: submitted, and no worker has reported an end.")
    for group, own in missing[:MAX_SHOWN]:
        console.print(harmless(f"  {own}  {group[3] or '-'}"), soft_wrap=True)
    if len(missing) > MAX_SHOWN:
        console.print("  … (--format json has all)")


def _columns(found: list[tuple[Group, Account]]) -> list[Column]:
    numbers = ("submitted", "terminal", "swept", "in_flight")
    return [
        Column("type", [group[3] or "-" for group, _ in found], gives_way=True),
        Column("agent", [group[2] or group[1] for group, _ in found], gives_way=True, dispensable=2),
        Column("environment", [group[0] for group, _ in found], gives_way=True, dispensable=3),
        *(
            Column(name.replace("_", " "), [f"{getattr(account, name):,}" for _, account in found], is_number=True)
            for name in numbers
        ),
        Column("missing", [f"{len(account.missing):,}" for _, account in found], is_number=True),
        Column("lost", [f"{account.lost_ratio:.2%}" for _, account in found], is_number=True),
        Column("succeeded", [_share(account.success_ratio) for _, account in found], is_number=True, dispensable=1),
    ]


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"
