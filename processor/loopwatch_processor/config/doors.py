"""What is wrong with the doors: files that cannot be used, and listening for strangers that nobody meant."""

from __future__ import annotations

from collections.abc import Iterator

from loopwatch_processor.config.access import Fault, is_loopback
from loopwatch_processor.config.client_tls import ClientTls
from loopwatch_processor.config.settings import Config
from loopwatch_processor.receive.credentials import Right


def faults(config: Config) -> Iterator[Fault]:
    """Every problem, by the setting that it is with. Looks at files, variables and the host's name."""
    yield from ((("access", *path), what) for path, what in config.access.faults())
    for name in ("grpc_tls", "http_tls"):
        tls = getattr(config.receive, name)
        if tls is not None:
            yield from ((("receive", name, setting), what) for setting, what in tls.files().faults())
    for path, tls in clients(config):
        yield from (((*path, *setting), what) for setting, what in tls.faults())
    strangers = _strangers_may(config)
    if strangers and not config.access.allow_unauthenticated and not is_loopback(config.receive.host):
        yield ("receive", "host"), _too_open(config.receive.host, strangers)


def warnings(config: Config) -> Iterator[str]:
    """What works and is not safe, in a sentence each."""
    for path, tls in clients(config):
        if tls.insecure_skip_verify:
            yield (
                f"{'.'.join(path)}.insecure_skip_verify: whoever stands between can read and change what is sent, "
                "secrets included; set ca_file instead"
            )
    if is_loopback(config.receive.host):
        return
    strangers = _strangers_may(config)
    if strangers:
        yield f"access.allow_unauthenticated: whoever reaches {config.receive.host} may {' and '.join(strangers)}"
    for name, rights in (("grpc_tls", (Right.ingest,)), ("http_tls", tuple(Right))):
        if getattr(config.receive, name) is None and any(config.access.of(right).sources for right in rights):
            yield f"receive.{name} is not set: tokens that come this way can be read on the network"


def clients(config: Config) -> Iterator[tuple[tuple[str, ...], ClientTls]]:
    """TLS towards others, by the setting."""
    if config.forward is not None:
        yield ("forward", "tls"), config.forward.tls
    yield ("notify", "tls"), config.notify.tls
    yield ("notify", "alertmanager", "tls"), config.notify.alertmanager.tls


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
