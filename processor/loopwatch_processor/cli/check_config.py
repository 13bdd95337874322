"""`loopwatch check-config`: is the configuration usable, and what does it mean for one agent?"""

from __future__ import annotations

from typing import Annotated

import typer
import yaml
from rich.console import Console

from loopwatch_processor.cli.options import ConfigPath, Settings
from loopwatch_processor.config import explain, find_file, load
from loopwatch_processor.config.doors import warnings
from loopwatch_processor.journal.database import Journal


def check_config(
    config: ConfigPath = None,
    settings: Settings = None,
    explain_agent: Annotated[
        str | None,
        typer.Option("--explain", metavar="SERVICE/AGENT", help="Print what holds for this agent, as YAML."),
    ] = None,
    environment: Annotated[str, typer.Option(help="The deployment environment to explain for.")] = "",
) -> None:
    """Check the configuration; every problem is named at once, with its path. Exit code 2 where there is one."""
    loaded = load(config, settings or [], sends=explain_agent is None)
    if loaded.journal.enabled:
        Journal(loaded.journal.settings(loaded.sessions.idle_s)).close()  # opens nothing; refuses what nobody can
    console = Console(soft_wrap=True, markup=False, highlight=False)
    if explain_agent is not None:
        service, _, agent = explain_agent.partition("/")
        console.print(yaml.safe_dump(explain(loaded, service, agent, environment), sort_keys=False).rstrip())
        return
    file = find_file(config)
    for warning in warnings(loaded):
        console.print(f"Warning: {warning}.")
    console.print(f"{file or 'The configuration (defaults, environment and --set)'} is fine.")
