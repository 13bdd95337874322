"""`redact` with names and forms of secrets that only its user knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from loopwatch_processor.redact import MARK, READ_MAX_CHARS, named_patterns, shown_of, without_secrets


class Redactor:
    """Takes out what `redact` does, and what stands under *keys*, looks like *patterns*, or is one of *secrets*."""

    def __init__(self, keys: Collection[str] = (), patterns: Iterable[str] = (), secrets: Collection[str] = ()) -> None:
        """*keys* are whole names of fields, in any case; *patterns* regular expressions."""
        self._named = named_patterns(rf"(?<!\w)(?:{'|'.join(map(re.escape, keys))})(?!\w)") if keys else ()
        self._forms = tuple(re.compile(pattern) for pattern in patterns)
        self._secrets = tuple(sorted(secrets, key=len, reverse=True))

    def without_secrets(self, text: str) -> str:
        """*text*, whole, with a mark in the place of each secret."""
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        for pattern in self._named:
            text = pattern.sub(rf"\g<key>\g<sep>{MARK}", text)
        for form in self._forms:
            text = form.sub(MARK, text)
        return without_secrets(text)

    def shown(self, text: str, *, is_cut: bool = False) -> str:
        """The beginning of *text* without secrets, as `redact.redacted` gives it."""
        read = text[:READ_MAX_CHARS]
        return shown_of(self.without_secrets(read), is_cut=is_cut or len(read) < len(text))
