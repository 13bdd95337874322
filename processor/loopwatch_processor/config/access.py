"""Settings of who may send, read and change, and of TLS at the doors; and what is wrong with the files they name."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from loopwatch_processor.config.section import Section
from loopwatch_processor.receive.credentials import Access as Guarded
from loopwatch_processor.receive.credentials import BadTokens, Right, Tokens, TokenSource
from loopwatch_processor.receive.tls import ListenerTls
from loopwatch_processor.redact import without_secrets

Fault = tuple[tuple[str | int, ...], str]
"""A setting, from the section that is asked, and what is wrong with it."""
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class GrpcTls(Section):
    """PEM files of a listener, read again when they change; clients need TLS 1.2 at least."""

    cert_file: Path
    """The certificate, followed by those between it and its authority."""
    key_file: Path
    """Its key, without a passphrase."""
    client_ca_file: Path | None = None
    """Who signs clients' certificates; a client without one is turned away. null: none is asked for."""

    def files(self) -> ListenerTls:
        """The same for a listener."""
        return ListenerTls(self.cert_file, self.key_file, self.client_ca_file)


class HttpTls(GrpcTls):
    """PEM files of a listener, read again when they change."""

    min_version: Literal["1.2", "1.3"] = "1.2"
    """The oldest TLS that clients may speak."""

    def files(self) -> ListenerTls:
        """The same for a listener."""
        oldest = ssl.TLSVersion.TLSv1_3 if self.min_version == "1.3" else ssl.TLSVersion.TLSv1_2
        return ListenerTls(self.cert_file, self.key_file, self.client_ca_file, oldest)


class RightTokens(Section):
    """Where the tokens are: sixteen characters or more, one a line. More than one is for changing them."""

    token_files: tuple[Path, ...] = ()
    """Read again when they change."""
    token_envs: tuple[str, ...] = Field(default=())
    """Environment variables, by name."""

    @field_validator("token_files", "token_envs")
    @classmethod
    def _are_places(cls, places: tuple[Path | str, ...], info: ValidationInfo) -> tuple[Path | str, ...]:
        for place in map(str, places):
            # Neither is repeated: a complaint that it is absent would show it.
            if without_secrets(place) != place:
                raise ValueError("holds what looks like a token itself: put it into a file and name the file")
            if info.field_name == "token_envs" and _VARIABLE.fullmatch(place) is None:
                raise ValueError("holds what is no name of a variable: write letters, digits and _")
        return places

    @property
    def sources(self) -> list[TokenSource]:
        """The places to read."""
        return [*map(TokenSource, self.token_files), *(TokenSource(variable=name) for name in self.token_envs)]

    def faults(self) -> Iterator[Fault]:
        """What is wrong with each place."""
        files = len(self.token_files)
        for number, source in enumerate(self.sources):
            try:
                source.read()
            except BadTokens as error:
                yield ("token_files", number) if number < files else ("token_envs", number - files), str(error)


class Access(Section):
    """Who may do what, by bearer token. A right without tokens is everybody's who can connect; control is nobody's."""

    allow_unauthenticated: bool = False
    """Listen beyond this machine though strangers could send or read: something else keeps them out."""
    ingest: RightTokens = RightTokens()
    """Sending OTLP."""
    read: RightTokens = RightTokens()
    """Looking at /metrics, /sessions, /doctor and /runbooks; /healthz and /readyz are open."""
    control: RightTokens = RightTokens()
    """Changing something over HTTP."""

    def of(self, right: Right) -> RightTokens:
        """The tokens of *right*."""
        found: RightTokens = getattr(self, right.value)
        return found

    def guarded(self) -> Guarded:
        """The same for the receivers.

        Raises:
            BadTokens: a place has no tokens.
        """
        return Guarded({right: Tokens(sources) for right in Right if (sources := self.of(right).sources)})

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the places of tokens."""
        for right in Right:
            yield from (((right.value, *path), what) for path, what in self.of(right).faults())


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to what listens on *host*."""
    try:
        found = {str(item[4][0]) for item in socket.getaddrinfo(host or None, 0, flags=socket.AI_PASSIVE)}
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)
