"""One sentence for a person, on standard error."""

from __future__ import annotations

import sys

from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.errors import LoopwatchError


def complain(error: LoopwatchError) -> None:
    """Print *error*; what it quotes of a file is shown without what a terminal would obey."""
    for line in f"loopwatch: {error}".splitlines():
        print(harmless(line), file=sys.stderr)  # noqa: T201 - the one place that speaks for all commands
