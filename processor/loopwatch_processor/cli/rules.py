"""`loopwatch rules`: the alert rules, with links of your own, for Prometheus or for its operator in Kubernetes."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from loopwatch_processor.rules import DASHBOARDS, RUNBOOKS, BadLink, kubernetes, linked, one_file, shipped_rules


class RulesFormat(StrEnum):
    """Who is to read the rules."""

    prometheus = "prometheus"
    prometheusrule = "prometheusrule"


def rules(
    runbook_base: Annotated[
        str,
        typer.Option(metavar="URL", help="Where your runbooks are, such as http://loopwatch:4318/runbooks/{alert}."),
    ] = RUNBOOKS,
    dashboard_base: Annotated[
        str, typer.Option(metavar="URL", help="Your Grafana, such as https://grafana.example.com/d/{uid}.")
    ] = DASHBOARDS,
    format: Annotated[  # noqa: A002 - the flag's name
        RulesFormat, typer.Option(help="Files for Prometheus, or a PrometheusRule for Kubernetes.")
    ] = RulesFormat.prometheus,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write them into this folder instead of printing them.")
    ] = None,
) -> None:
    """Print or write the alert rules that ship with loopwatch, with the links that you want in them."""
    try:
        texts = {name: linked(text, runbook_base, dashboard_base) for name, text in shipped_rules().items()}
    except (BadLink, FileNotFoundError) as error:
        raise typer.BadParameter(str(error)) from None
    if format is RulesFormat.prometheusrule:
        texts = {"loopwatch.prometheusrule.yaml": kubernetes(texts)}
    if output is None:
        sys.stdout.write(texts.popitem()[1] if len(texts) == 1 else one_file(texts))
    else:
        _write(texts, output)


def _write(texts: dict[str, str], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, "utf-8")
            typer.echo(folder / name)
    except OSError as error:
        raise typer.BadParameter(f"the rules cannot be written to {folder}: {error.strerror}") from None
