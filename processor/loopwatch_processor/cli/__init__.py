"""The `loopwatch` command: one file a sub-command."""

from __future__ import annotations

from loopwatch_processor.cli.main import main

__all__ = ["main"]
