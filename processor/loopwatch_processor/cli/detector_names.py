"""Names of detectors that people write: one that does not exist would be believed, and match nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase

from loopwatch_processor.config import Config
from loopwatch_processor.config.nearest import nearest
from loopwatch_processor.errors import LoopwatchError


def check_detector(pattern: str, config: Config) -> None:
    """Raises LoopwatchError where the shell-style *pattern* matches the name of no detector."""
    known = type(config.detectors).model_fields
    if not any(fnmatchcase(name, pattern) for name in known):
        guess = nearest(pattern, known)
        hint = f", did you mean {guess}?" if guess else f": they are {', '.join(known)}"
        raise LoopwatchError(f"there is no detector {pattern[:100]!r}{hint}")
