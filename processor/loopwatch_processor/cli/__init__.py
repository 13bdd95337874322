"""The `loopwatch` command: one file a sub-command."""

from __future__ import annotations

import os

# gRPC reads this when it is imported: without it, it prints a line about the process that the demo starts.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from loopwatch_processor.cli.main import main

__all__ = ["main"]
