"""What is wrong with the doors: files that cannot be used, and listening for strangers that nobody meant."""

from __future__ import annotations

from collections.abc import Iterator

from loopwatch_processor.config.access import Fault, is_loopback
from loopwatch_processor.config.settings import Config
from loopwatch_processor.receive.credentials import Right


def faults(config: Config) -> Iterator[Fault]:
    """Every problem, by the setting that it is with. Looks at files, variables and the host's name."""
    yield from ((("access", *path), what) for path, what in config.access.faults())
    for name in ("grpc_tls", "http_tls"):
        tls = getattr(config.receive, name)
        if tls is not None:
            yield from ((("receive", name, setting), what) for setting, what in tls.files().faults())
    if config.forward is not None:
        yield from ((("forward", "tls", *path), what) for path, what in config.forward.tls.faults())
    strangers = _strangers_may(config)
    if strangers and not config.access.allow_unauthenticated and not is_loopback(config.receive.host):
        yield ("receive", "host"), _too_open(config.receive.host, strangers)


def _strangers_may(config: Config) -> list[Right]:
    """The rights that whoever can connect has."""
    receive, access = config.receive, config.access
    asks_grpc = receive.grpc_tls is not None and receive.grpc_tls.client_ca_file is not None
    asks_http = receive.http_tls is not None and receive.http_tls.client_ca_file is not None
    may = {Right.ingest: not (asks_grpc and asks_http), Right.read: not asks_http}
    return [right for right, is_open in may.items() if is_open and not access.of(right).sources]


def _too_open(host: str, rights: list[Right]) -> str:
    what = " and ".join(rights)
    tokens = " and ".join(f"access.{right}.token_files" for right in rights)
    return (
        f"{host} is not this machine alone, and whoever reaches it could {what} without a token: set {tokens} "
        "(or client_ca_file of receive.grpc_tls and receive.http_tls), listen on 127.0.0.1, or set "
        "access.allow_unauthenticated to true where something else keeps strangers out"
    )
