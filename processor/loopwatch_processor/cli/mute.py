"""`loopwatch mute`: nobody is told of an agent's incidents for a while; they are found and kept all the same."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from sqlalchemy import make_url

from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.detector_names import check_detector
from loopwatch_processor.cli.durations import parse_s, said
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.journal import mutes
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import Mute

MOST_S = 30 * 86_400.0
"""A mute that outlasts a month is a decision: it belongs into the configuration."""
_ANY = "*"


def mute(
    *,
    agent: Annotated[str | None, typer.Option(help="The agent; a pattern such as 'shop-*' may be used.")] = None,
    detector: Annotated[str, typer.Option(help="One detector; others are told as before.")] = _ANY,
    environment: Annotated[str, typer.Option(help="One environment.")] = _ANY,
    service: Annotated[str, typer.Option(help="One service.")] = _ANY,
    duration: Annotated[str | None, typer.Option("--for", metavar="TIME", help="30m, 2h, 1d; at most 30d.")] = None,
    reason: Annotated[str, typer.Option(help="For those who come after you.")] = "",
    show: Annotated[bool, typer.Option("--list", help="Show the mutes that hold now.")] = False,
    end: Annotated[str | None, typer.Option("--end", metavar="ID", help="End this mute now.")] = None,
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Tell nobody of an agent's incidents for a while; or list the mutes that hold, or end one.

    What is muted is still found, counted and journalled. A running service takes a mute up within seconds.
    """
    if [show, end is not None, agent is not None].count(True) != 1:
        raise LoopwatchError("say what to do: --agent NAME --for TIME, or --list, or --end ID")
    if agent == "":
        # A variable that was never set: the runbooks say --agent "$AGENT".
        raise LoopwatchError("--agent is empty: name the agent, or say --agent '*' if it is to be all of them")
    loaded, now = load(config, settings or [], sends=False), time.time()
    until_s = now if agent is None else now + _asked_s(duration)
    check_detector(detector, loaded)
    with _journal(loaded) as journal:
        if show:
            _print(_active(journal, now), format)
        elif end is not None:
            _end(journal, end, now)
        elif agent is not None:
            named = (agent, detector, environment, service)
            _add(journal, Mute(secrets.token_hex(4), until_s, now, *named, reason))


def _asked_s(duration: str | None) -> float:
    if duration is None:
        raise LoopwatchError(f"say for how long: --for 30m, 2h, 1d; at most {said(MOST_S)}")
    return parse_s("--for", duration, MOST_S)


def _add(journal: Journal, asked: Mute) -> None:
    with journal.writing() as connection:
        mutes.add(connection, asked)
    length = said(round(asked.until_s - asked.created_s, 3))
    typer.echo(harmless(f"Muted {_what(asked)} until {_clock(asked.until_s)}, for {length}."))
    typer.echo(f"To end it before: loopwatch mute --end {asked.id}")


def _end(journal: Journal, mute_id: str, now: float) -> None:
    with journal.writing() as connection:
        ended = mutes.end(connection, mute_id, now)
    if not ended:
        raise LoopwatchError(f"no mute {mute_id[:100]!r} holds now: `loopwatch mute --list` shows those that do")
    typer.echo(f"Ended {harmless(mute_id)}.")


def _active(journal: Journal, now: float) -> Sequence[Mute]:
    with journal.reading() as connection:
        return mutes.active(connection, now)


def _print(active: Sequence[Mute], format: Format) -> None:  # noqa: A002
    if format is Format.json:
        for item in active:
            sys.stdout.buffer.write(orjson.dumps(asdict(item)) + b"\n")
        sys.stdout.flush()
        return
    console = Console(highlight=False, markup=False)
    if not active:
        console.print("Nothing is muted.")
        return
    columns = (
        Column("id", [item.id for item in active]),
        Column("until", [_clock(item.until_s) for item in active]),
        *(
            Column(name, [getattr(item, name) for item in active], gives_way=True)
            for name in ("agent", "detector", "service", "environment")
        ),
        Column("reason", [item.reason for item in active], gives_way=True, dispensable=1),
    )
    for line in rows(columns, width_of(console)):
        console.print(line, soft_wrap=True)


def _what(asked: Mute) -> str:
    named = f"agent {asked.agent}" if asked.agent != _ANY else "all agents"
    found = "everything" if asked.detector == _ANY else f"detector {asked.detector}"
    where = [f"{name} {getattr(asked, name)}" for name in ("service", "environment") if getattr(asked, name) != _ANY]
    return ", ".join((f"{found} of {named}", *where))


def _clock(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def _journal(config: Config) -> Iterator[Journal]:
    """The journal of the service that *config* is for.

    Raises:
        LoopwatchError: there is none; to make one here would mute nothing.
    """
    if not config.journal.enabled:
        raise LoopwatchError("mutes are kept in the journal, and the journal is off (journal.enabled: false)")
    journal = Journal(config.journal.settings(config.sessions.idle_s))
    url = make_url(journal.where)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise LoopwatchError(
            f"there is no journal at {url.database}: run this where `loopwatch serve` runs, as its user and with its "
            "configuration"
        )
    journal.open()
    try:
        yield journal
    finally:
        journal.close()
