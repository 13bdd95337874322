"""PagerDuty routing keys: where one is kept, and reading it without ever showing it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from loopwatch_processor.errors import LoopwatchError

KEY_CHARACTERS = 32
"""Of an integration key, by PagerDuty's Events API v2."""


class BadRoutingKey(LoopwatchError):
    """Raised when no routing key is where one should be; says where and why, never what is there."""


def is_like_a_key(text: str) -> bool:
    """Whether *text* has the form of a routing key."""
    return len(text) == KEY_CHARACTERS and text.isascii() and text.isalnum()


@dataclass(frozen=True, slots=True)
class KeySource:
    """A file or an environment variable that holds a routing key and nothing else."""

    file: Path | None = None
    variable: str | None = None

    @property
    def name(self) -> str:
        """The name of the receiver behind the key, which survives a new key and a new order of routes."""
        return f"env:{self.variable}" if self.file is None else f"file:{self.file}"

    def read(self) -> str:
        """The key as it is now, so that a new one works without a restart. Raises BadRoutingKey."""
        text = self._text().strip()
        if not is_like_a_key(text):
            raise BadRoutingKey(
                f"{self._where()} should hold the {KEY_CHARACTERS} letters and digits of a PagerDuty integration key "
                f"and nothing else; it holds {len(text)} characters"
            )
        return text

    def _where(self) -> str:
        return f"the environment variable {self.variable}" if self.file is None else f"the file {self.file}"

    def _text(self) -> str:
        if self.file is None:
            text = os.environ.get(self.variable or "")
            if text is None:
                raise BadRoutingKey(f"{self._where()} is not set: put the PagerDuty integration key into it")
            return text
        try:
            return self.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise BadRoutingKey(f"{self._where()} cannot be read: {reason}") from None
