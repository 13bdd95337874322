"""How a command gets past the door of a running service: its token, and whose certificates it believes and shows."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from loopwatch_processor.config import Config
from loopwatch_processor.errors import BadEndpoint, LoopwatchError
from loopwatch_processor.receive.credentials import BadTokens, TokenSource
from loopwatch_processor.sinks.tls import ClientTls

TOKEN_VARIABLE = "LOOPWATCH_TOKEN"  # noqa: S105 - where it is, not what it is
_TURNED_AWAY = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}

TokenFile = Annotated[Path | None, typer.Option(help=f"A token that may read the service; default: ${TOKEN_VARIABLE}.")]
CaFile = Annotated[Path | None, typer.Option(help="Who signed the service's certificate, as PEM.")]
CertFile = Annotated[Path | None, typer.Option(help="The certificate to show the service, as PEM.")]
KeyFile = Annotated[Path | None, typer.Option(help="The key of --cert-file.")]


@dataclass(frozen=True, slots=True)
class Door:
    """What a person brings along."""

    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def get(self, url: str, timeout_s: float, **parameters: str) -> httpx.Response:
        """What is at *url*; an httpx error where nobody answers.

        Raises:
            LoopwatchError: what was brought along cannot be used, or does not open this door.
        """
        try:
            answer = httpx.get(
                url, params=parameters, timeout=timeout_s, headers=self._headers(), verify=self._verify()
            )
        except httpx.ConnectError as error:
            if not _is_of_tls(error):
                raise
            raise LoopwatchError(
                f"no safe connection to {_shown(url)} ({error}): name who signed its certificate with --ca-file, and "
                "what to show it with --cert-file and --key-file"
            ) from error
        if answer.status_code in _TURNED_AWAY:
            raise LoopwatchError(
                f"{_shown(url)} asks for a token that may read (HTTP status {answer.status_code}): put it into "
                f"{TOKEN_VARIABLE}, or name its file with --token-file"
            )
        return answer

    def _headers(self) -> dict[str, str]:
        if self.token_file is None and not os.environ.get(TOKEN_VARIABLE):
            return {}
        source = TokenSource(self.token_file) if self.token_file else TokenSource(variable=TOKEN_VARIABLE)
        try:
            return {"authorization": f"Bearer {source.read()[0]}"}
        except BadTokens as error:
            raise LoopwatchError(f"no token to show: {error}") from error

    def _verify(self) -> ssl.SSLContext | bool:
        brought = ClientTls(self.ca_file, self.cert_file, self.key_file)
        try:
            return True if brought == ClientTls() else brought.context()
        except BadEndpoint as error:
            raise LoopwatchError(str(error)) from error


def address(config: Config, url: str | None) -> str:
    """Where the service is asked: at *url*, or where *config* says that it listens."""
    if url is not None:
        return url.rstrip("/")
    receive = config.receive
    host = "127.0.0.1" if receive.host in ("0.0.0.0", "::") else receive.host  # noqa: S104
    scheme = "http" if receive.http_tls is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{receive.http_port}"


def _is_of_tls(error: Exception | None) -> bool:
    """Whether *error*, or what it came from, is about certificates."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return False


def _shown(url: str) -> str:
    return str(httpx.URL(url).copy_with(query=None, userinfo=b""))
