"""Where a forwarder sends to, checked before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from loopwatch_processor.errors import BadEndpoint

_HOST = re.compile(r"[\w.-]+|[\da-f:.]+(%[\w.-]+)?")
"""A name or an address; `urlsplit` takes anything for a host."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*host* with port and path, and whether it is reached over TLS."""

    host: str
    path: str
    tls: bool


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
        raise BadEndpoint(f"cannot send to {_shown(text)!r}: write it as http://host:4317 or https://host:4317")
    return Endpoint(parts.netloc, parts.path.rstrip("/"), parts.scheme == "https")


def _shown(text: str) -> str:
    """*text* without what may be a password: no endpoint has one, but who wrote it may have thought so."""
    return text.rpartition("@")[2]
