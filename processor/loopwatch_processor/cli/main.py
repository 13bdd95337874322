"""The command line's front door: sub-commands, and one sentence instead of a traceback for a user's mistake."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer

from loopwatch_processor.cli import check_config, demo, doctor, evaluate, replay, serve
from loopwatch_processor.cli.complaint import complain
from loopwatch_processor.errors import LoopwatchError

EXIT_USAGE = 2

app = typer.Typer(
    name="loopwatch",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("check-config")(check_config.check_config)
app.command("doctor")(doctor.doctor)
app.command("evaluate")(evaluate.evaluate)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loopwatch {metadata.version('loopwatch')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Finds the failures of AI agents that never become an HTTP status."""


def main() -> None:
    """Run the command line; errors that are meant for a person end in exit code 2."""
    try:
        app()
    except LoopwatchError as error:
        complain(error)
        sys.exit(EXIT_USAGE)
