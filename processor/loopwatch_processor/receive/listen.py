"""Opening a port, or saying in one sentence why that failed."""

from __future__ import annotations

import errno
import socket

from loopwatch_processor.errors import CannotListen, PortTaken

_PORT_MAX = 65535


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Return a TCP socket bound to *host* and *port* (0: any free one); *setting* is what a user would change.

    Raises:
        PortTaken: the port is in use.
        CannotListen: the address is not ours, unknown, or needs more rights.
    """
    if not 0 <= port <= _PORT_MAX:
        # The system would take it modulo 65536.
        raise CannotListen(_sentence(host, port, setting, ValueError(f"ports end at {_PORT_MAX}")))
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise CannotListen(_sentence(host, port, _host_of(setting), error)) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise port_taken(host, port, setting) from error
        wrong = _host_of(setting) if error.errno == errno.EADDRNOTAVAIL else setting
        raise CannotListen(_sentence(host, port, wrong, error)) from error
    return bound


def port_taken(host: str, port: int, setting: str) -> PortTaken:
    """The one sentence for a port in use."""
    return PortTaken(
        f"port {port} on {host} is taken: stop the program that listens there (a Collector?) or set {setting}"
        " to another port"
    )


def address(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_of(setting: str) -> str:
    """The setting of the address, beside the one of the port."""
    return f"{setting.rpartition('.')[0]}.host"


def _sentence(host: str, port: int, setting: str, error: Exception) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    wanted = "an address of this machine" if setting.endswith(".host") else "a port this machine can use"
    return f"cannot listen on port {port} of {host} ({why}): set {setting} to {wanted}"
