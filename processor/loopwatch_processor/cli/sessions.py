"""`loopwatch sessions`: what agents do and did; `loopwatch sessions show ID`: one session, step by step."""

from __future__ import annotations

import glob
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.detector_names import check_detector
from loopwatch_processor.cli.door import CaFile, CertFile, Door, KeyFile, TokenFile
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.cli.session_source import Source
from loopwatch_processor.cli.story_table import STYLES, lines, money
from loopwatch_processor.config import load
from loopwatch_processor.kept_sessions import MAX_SESSIONS
from loopwatch_processor.session_pages import DEFAULT_LIMIT, Query, to_json

app = typer.Typer(no_args_is_help=False, help="What agents do and did: a line a session, newest activity first.")

UrlOption = Annotated[
    str | None, typer.Option("--url", help="The running service; default: where the configuration listens.")
]
JournalOption = Annotated[bool, typer.Option("--journal", help="Read the journal and ask no service.")]


@app.callback(invoke_without_command=True)
def sessions(
    context: typer.Context,
    *,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    agent: Annotated[str | None, typer.Option(help="Only those in which this agent works.")] = None,
    finding: Annotated[
        str | None, typer.Option(metavar="DETECTOR", help="Only those in which it found something: loop, budget …")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_SESSIONS, help="At most so many.")] = DEFAULT_LIMIT,
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
    """List sessions, newest activity first: of a running service, else from the journal; JSON is one object a session.

    `loopwatch sessions show ID` tells one of them step by step.
    """
    if context.invoked_subcommand is not None:
        return
    loaded = load(config, settings or [], sends=False)
    if finding is not None:
        check_detector(glob.escape(finding), loaded)
    source = Source(loaded, url, journal, Door(token_file, ca_file, cert_file, key_file))
    found = source.newest(Query(limit, open_only, agent, finding))
    if format is Format.json:
        _write(found["sessions"])
        return
    console = Console(highlight=False, markup=False)
    if not found["sessions"]:
        filtered = open_only or agent is not None or finding is not None
        console.print("No session is like that." if filtered else "There are no sessions yet.", soft_wrap=True)
        return
    for line in _table(console, found["sessions"], time.time()):
        console.print(line, soft_wrap=True)
    if found.get("more"):
        console.print(Text(f"There are more: --limit {min(MAX_SESSIONS, 2 * limit)}", "dim"), soft_wrap=True)


@app.command("show")
def show(
    session: Annotated[str, typer.Argument(metavar="ID", help="The session, or the beginning of its name.")],
    *,
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
    """Tell one session step by step: its calls, how alike they are, what they cost, and what was found where.

    Text of arguments and results is there only where the service keeps it (capture.content), without secrets.
    """
    loaded = load(config, settings or [], sends=False)
    found = Source(loaded, url, journal, Door(token_file, ca_file, cert_file, key_file)).story(session)
    if format is Format.json:
        _write([found])
        return
    console = Console(highlight=False, markup=False)
    for line in lines(console, found, loaded.links):
        console.print(line, soft_wrap=True)


def _write(found: Sequence[dict[str, Any]]) -> None:
    for item in found:
        sys.stdout.write(to_json(item) + "\n")
    sys.stdout.flush()


def _table(console: Console, found: Sequence[dict[str, Any]], now: float) -> list[Text]:
    titles, *told = rows(_columns(found, now), width_of(console))
    for line, session in zip(told, found, strict=True):
        if session["severity"] is not None:
            # The last column: two spaces stand before it, and none within.
            line.stylize(STYLES[session["severity"]], line.plain.rfind("  ") + 2)
    return [titles, *told]


def _columns(found: Sequence[dict[str, Any]], now: float) -> list[Column]:
    numbers = (("steps", 4), ("tool_calls", 6), ("tokens", 5))
    return [
        Column("session", [item["session"] for item in found], gives_way=True, keeps_end=True),
        Column("agent", [item["agent"] or item["service"] for item in found], gives_way=True, dispensable=2),
        *(
            Column(name.replace("tool_calls", "tools"), [f"{item[name]:,}" for item in found], True, dispensable=rank)
            for name, rank in numbers
        ),
        Column("cost", [money(item["cost_usd"]) for item in found], is_number=True, dispensable=3),
        Column("age", [_age(now - item["ended_ns"] / 1e9) for item in found], is_number=True, dispensable=1),
        Column("state", [item["stop_reason"] or ("open" if item["open"] else "silent") for item in found]),
        Column("found", [_worst(item) for item in found]),
    ]


def _worst(item: dict[str, Any]) -> str:
    return f"{item['severity']}: {', '.join(item['detectors'])}" if item["severity"] is not None else ""


def _age(age_s: float) -> str:
    """Since its newest step, in one unit."""
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if age_s >= unit_s:
            return f"{age_s // unit_s:.0f}{unit}"
    return f"{max(0.0, age_s):.0f}s"
