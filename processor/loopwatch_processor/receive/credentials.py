"""Bearer tokens (RFC 6750) and what each may do. Only digests are kept, and none of it is ever shown."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.watched_files import WatchedFiles

TOKEN_MIN_CHARACTERS = 16
"""Shorter ones can be guessed: sixteen random letters and digits are 95 bits."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1."""
_log = logging.getLogger(__name__)


class Right(StrEnum):
    """What a token may be for."""

    ingest = "ingest"
    """Sending OTLP."""
    read = "read"
    """Metrics, sessions, runbooks and everything else that is only looked at."""
    control = "control"
    """Everything that changes something."""


class BadTokens(LoopwatchError):
    """Raised when no token is where one should be; says where and why, never what is there."""


class Denied(LoopwatchError):
    """Raised when a request may not do what it asks for; *known*: its token is good for something else."""

    def __init__(self, right: Right, message: str, *, known: bool = False, given: bool = True) -> None:
        super().__init__(message)
        self.right = right
        self.known = known
        self.given = given
        """Whether there was a token at all."""


@dataclass(frozen=True, slots=True)
class TokenSource:
    """A file or an environment variable with tokens, one a line; what begins with # is a remark."""

    file: Path | None = None
    variable: str | None = None

    def read(self) -> list[str]:
        """The tokens that are there now.

        Raises:
            BadTokens: it cannot be read, or holds something else.
        """
        lines = [line.strip() for line in self._text().splitlines()]
        tokens = [line for line in lines if line and not line.startswith("#")]
        if not tokens:
            raise BadTokens(f"{self.where} holds no token: write one a line (openssl rand -hex 32 makes one)")
        for number, token in enumerate(tokens, 1):
            self._check(token, number)
        return tokens

    @property
    def where(self) -> str:
        """For a person."""
        return f"the environment variable {self.variable}" if self.file is None else f"the file {self.file}"

    def _check(self, token: str, number: int) -> None:
        if _TOKEN.fullmatch(token) is None:
            raise BadTokens(f"token {number} in {self.where} has characters that no bearer token has (RFC 6750)")
        if len(token) < TOKEN_MIN_CHARACTERS:
            raise BadTokens(
                f"token {number} in {self.where} has {len(token)} characters, and may be guessed: "
                f"take {TOKEN_MIN_CHARACTERS} or more (openssl rand -hex 32)"
            )

    def _text(self) -> str:
        if self.file is None:
            text = os.environ.get(self.variable or "")
            if text is None:
                raise BadTokens(f"{self.where} is not set")
            return text
        try:
            return self.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise BadTokens(f"{self.where} cannot be read: {reason}") from None


class Tokens:
    """The tokens of *sources*; files are read again when they change, so that tokens can be rotated.

    Raises:
        BadTokens: a source cannot be used.
    """

    def __init__(self, sources: Sequence[TokenSource]) -> None:
        self._sources = tuple(sources)
        self._files = WatchedFiles([source.file for source in sources if source.file is not None])
        self._digests = {source: _digests(source.read()) for source in self._sources}

    def hold(self, token: str) -> bool:
        """Whether *token* is one of them; takes as long whichever it is most like."""
        if self._files.changed():
            self._renew()
        digest, found = _digest(token), False
        for known in (known for digests in self._digests.values() for known in digests):
            found |= hmac.compare_digest(digest, known)
        return found

    def _renew(self) -> None:
        for source in self._sources:
            try:
                self._digests[source] = _digests(source.read())
            except BadTokens as error:
                _log.warning("%s; the tokens that were there before stay good", error)


class Access:
    """Who may do what. A right without tokens is everybody's, except control, which is then nobody's."""

    def __init__(self, rights: Mapping[Right, Tokens] | None = None) -> None:
        self._rights = dict(rights or {})

    def check(self, right: Right, authorizations: Sequence[str]) -> None:
        """Let a request with these `Authorization` values pass.

        Raises:
            Denied: it may not do this.
        """
        needed = self._rights.get(right)
        if needed is None:
            if right is not Right.control:
                return
            raise Denied(right, "nobody may change anything here: access.control has no tokens", known=True)
        token = _bearer(authorizations)
        if token is None:
            raise Denied(right, f"send Authorization: Bearer TOKEN, with a token of access.{right}", given=False)
        # Each right is asked, so that the time taken tells nothing of which one knows the token.
        knows = {each: tokens.hold(token) for each, tokens in self._rights.items()}
        if knows[right]:
            return
        if any(knows.values()):
            raise Denied(right, f"this token is not for that: take one of access.{right}", known=True)
        raise Denied(right, f"this token is not known: take one of access.{right}")


def _bearer(authorizations: Sequence[str]) -> str | None:
    """The token; two headers are none, as proxies disagree about which of them counts."""
    if len(authorizations) != 1:
        return None
    scheme, _, token = authorizations[0].strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _digests(tokens: Iterable[str]) -> frozenset[bytes]:
    return frozenset(map(_digest, tokens))
