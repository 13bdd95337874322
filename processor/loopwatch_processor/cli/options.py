"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a command prints what it found."""

    table = "table"
    json = "json"


def _format(text: str) -> Format:
    if text not in list(Format):
        raise typer.BadParameter(f"{text!r} is neither table nor json.")
    return Format(text)


FormatOption = Annotated[
    Format, typer.Option("--format", "-f", parser=_format, metavar="[table|json]", help="A table, or JSON.")
]
ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; default: $LOOPWATCH_CONFIG, else ./loopwatch.yaml."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override one setting, such as detectors.stream.max_gap_s=1.0. May be repeated."),
]
