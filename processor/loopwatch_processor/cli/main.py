"""The command line's front door: sub-commands, and one sentence instead of a traceback for a user's mistake."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module, metadata
from importlib.util import find_spec
from traceback import format_exception
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from loopwatch_processor.cli.complaint import complain
from loopwatch_processor.errors import LoopwatchError

EXIT_USAGE = 2

COMMANDS = (
    "demo",
    "serve",
    "doctor",
    "sessions",
    "mute",
    "notify",
    "rules",
    "check-config",
    "replay",
    "evaluate",
    "status",
    "reconcile",
)
"""In the order in which one meets them. Each is a module of this package, with a function of its name, or with an `app`
where it has commands of its own."""


class _InOrder(TyperGroup):
    """Help lists the commands in their order, whether they have commands of their own or not."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=COMMANDS.index)


@lru_cache(maxsize=1)
def whole() -> typer.Typer:
    """Every command."""
    return assembled(COMMANDS)


def __getattr__(name: str) -> typer.Typer:
    if name == "app":
        return whole()
    raise AttributeError(name)


def assembled(names: Iterable[str]) -> typer.Typer:
    """The command line with the commands *names*. Each imports what it needs, and that takes a while."""
    app = typer.Typer(
        name="loopwatch", cls=_InOrder, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )
    app.callback()(options)
    for name in names:
        module = import_module(f"loopwatch_processor.cli.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name.replace("-", "_")))
    return app


def _is_compiled() -> bool:
    """Whether the hot path runs as compiled: docs/performance.md says how to have it."""
    found = find_spec("loopwatch_processor.step")
    return found is not None and not (found.origin or "").endswith(".py")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loopwatch {metadata.version('loopwatch')}{', compiled' if _is_compiled() else ''}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Finds the failures of AI agents that never become an HTTP status."""


def _tell_bug(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """A traceback without secrets: exceptions quote what they could not use."""
    from loopwatch_processor.redact import without_secrets

    print(without_secrets("".join(format_exception(kind, fault, trace))), end="", file=sys.stderr)  # noqa: T201


def main() -> None:
    """Run the command line; errors that are meant for a person end in exit code 2."""
    sys.excepthook = _tell_bug
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        app = assembled((asked,)) if asked in COMMANDS else whole()
        gc.enable()
        app()
    except LoopwatchError as error:
        complain(error)
        sys.exit(EXIT_USAGE)
