"""The command line's front door: sub-commands, and one sentence instead of a traceback for a user's mistake."""

from __future__ import annotations

import sys

import typer

from loopwatch_processor.cli import check_config, demo, doctor, replay, serve
from loopwatch_processor.errors import LoopwatchError

EXIT_USAGE = 2

app = typer.Typer(
    name="loopwatch",
    help="Finds the failures of AI agents that never become an HTTP status.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("demo")(demo.demo)
app.command("check-config")(check_config.check_config)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; errors that are meant for a person end in exit code 2."""
    try:
        app()
    except LoopwatchError as error:
        print(f"loopwatch: {error}", file=sys.stderr)  # noqa: T201 - the one place that speaks for all commands
        sys.exit(EXIT_USAGE)
