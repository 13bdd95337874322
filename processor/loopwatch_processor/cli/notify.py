"""`loopwatch notify`: does a page reach whom it should?"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Annotated

import typer

from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.options import ConfigPath, Settings
from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.notify.trial import Trial, try_out

EXIT_FAILED = 1


def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Page everybody who is configured, and resolve at once.")
    ] = False,
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Send one test incident to every receiver, and resolve it. Exit code 1 where one did not take it, 2 without any.

    It is sent as critical, so it may wake people, and it ignores notify.dry_run, which holds back real incidents only.
    """
    loaded = load(config, settings or [])
    if not test:
        raise LoopwatchError("say `loopwatch notify --test` to page everybody who is configured, and resolve at once")
    trials = asyncio.run(_try_out(loaded))
    if not trials:
        raise LoopwatchError(_nobody(loaded))
    for trial in trials:
        typer.echo(harmless(f"{trial.channel} {trial.target}: {trial.said}"))
    if not all(trial.worked for trial in trials):
        raise typer.Exit(EXIT_FAILED)


def _nobody(config: Config) -> str:
    if config.notify.alertmanager.urls:
        return (
            "only Alertmanager is told, which waits before it tells people, so nothing was sent; to see whom it pages: "
            "`amtool --alertmanager.url=URL alert add alertname=AgentLoop severity=critical agent=test`"
        )
    return "nobody is to be notified: set notify.routes, notify.apprise or notify.heartbeat_url"


async def _try_out(config: Config) -> Sequence[Trial]:
    return await try_out(config.notify, config.links, uuid.uuid4().hex[:8], time.time)
