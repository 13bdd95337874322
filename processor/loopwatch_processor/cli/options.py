"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file; default: $LOOPWATCH_CONFIG, else ./loopwatch.yaml."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Override one setting, such as detectors.stream.max_gap_s=1.0. May be repeated."),
]
