"""Where a forwarder sends to, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from loopwatch_processor.errors import BadEndpoint

_HOST = re.compile(r"[\w.-]+|[\da-f:.]+(%[\w.-]+)?")
"""A name or an address; `urlsplit` takes anything for a host."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: *ca* that signed the endpoint (None: the system's), *cert* and *key* to show it who we are."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Raises BadEndpoint: a file cannot be read, or a certificate comes without its key."""
        if (self.cert is None) != (self.key is None):
            raise BadEndpoint("a client certificate needs its key: give both tls.cert and tls.key, or neither")
        for path in (self.ca, self.cert, self.key):
            if path is not None:
                read_pem(path)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*host* with port and path, and whether it is reached over TLS."""

    host: str
    path: str
    tls: bool


def read_pem(path: Path) -> bytes:
    """The content of *path*, or BadEndpoint naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadEndpoint(f"cannot read {path} ({error.strerror}): name a readable PEM file") from error


def parse_endpoint(text: str) -> Endpoint:
    """Read `https://host:port/path`, `http://host:port` or `host:port` (plain).

    Raises:
        BadEndpoint: it is none of these.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host_is_one = _HOST.fullmatch(parts.hostname or "") is not None
        port_is_one = bool(parts.port) or (parts.port is None and "://" in text)
        usable = parts.scheme in ("http", "https") and host_is_one and port_is_one
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username:
        raise BadEndpoint(f"cannot send to {text!r}: write it as http://host:4317 or https://host:4317")
    return Endpoint(parts.netloc, parts.path.rstrip("/"), parts.scheme == "https")
