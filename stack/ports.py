"""Every port of the stack, in one place."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _TRIES = 20_000, 200


class BadPorts(Exception):
    """A port that cannot be used, in one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens, on loopback."""

    loopwatch_grpc: int = 4317
    loopwatch_http: int = 4318
    """OTLP/HTTP, the pages and the metrics."""
    collector_grpc: int = 14317
    collector_http: int = 14318
    """Where agents send to."""
    collector_metrics: int = 8888
    """Of the Collector itself."""
    prometheus: int = 9090
    alertmanager: int = 9093
    events_api: int = 8099
    """In the place of PagerDuty, of the tracker for tickets and of the dead man's switch."""
    grafana: int = 3000
    """Only in compose.yaml."""


NATIVE = tuple(name for name in Ports.__dataclass_fields__ if name != "grafana")
"""The ports that `python -m stack` opens."""


def chosen(changes: Mapping[str, int], any_free: bool) -> Ports:
    """The defaults, or *any_free* ports, with *changes* by name.

    Raises:
        BadPorts: a name is unknown, or somebody listens on one of them already.
    """
    known = asdict(Ports())
    for name in changes:
        if name not in known:
            raise BadPorts(f"there is no port named {name}; there are {', '.join(NATIVE)}")
    ports = Ports(**{**known, **(dict(zip(NATIVE, free(len(NATIVE)), strict=True)) if any_free else {}), **changes})
    for name in NATIVE:
        if _is_taken(getattr(ports, name)):
            raise BadPorts(
                f"port {getattr(ports, name)} ({name}) is taken: stop what listens there, or choose another with "
                f"--port {name}=NUMBER, or all anew with --free-ports"
            )
    return ports


def free(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now, and that the system gives to no outgoing connection.

    Whoever asks a port of those in vain, until somebody listens there, may be connected to itself, and hold the port.
    """
    found: list[int] = []
    for port in random.sample(range(_LOWEST, _first_ephemeral()), _TRIES):
        if len(found) < count and not _is_taken(port):
            found.append(port)
    return found


def _first_ephemeral() -> int:
    try:
        return max(int(_EPHEMERAL.read_text("ascii").split()[0]), _LOWEST + _TRIES)
    except (OSError, ValueError, IndexError):
        return 32_768


def _is_taken(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except (OSError, OverflowError):
        return True
    return False
