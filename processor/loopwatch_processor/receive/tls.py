"""TLS of the two listeners. Certificates are read again when their files change, for the connections that follow."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import grpc

from loopwatch_processor import pem
from loopwatch_processor.watched_files import WatchedFiles

_log = logging.getLogger(__name__)
_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """PEM files: the certificate with its chain, its key, and who signs clients' certificates (None: needs none).

    *min_version* holds for HTTP; gRPC's is 1.2.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2

    def faults(self) -> Iterator[pem.Fault]:
        """What is wrong with the files, each by its setting."""
        return pem.faults(self.cert_file, self.key_file, {"client_ca_file": self.client_ca_file})

    def watched(self) -> WatchedFiles:
        """The files, to be looked at again."""
        named = (self.cert_file, self.key_file, self.client_ca_file)
        return WatchedFiles([path for path in named if path is not None])


def http_context(tls: ListenerTls) -> ssl.SSLContext:
    """What an HTTP server listens with.

    Raises:
        OSError: a file cannot be used (`ssl.SSLError` is one).
    """
    current = _Renewed(tls, lambda: _context(tls))
    context = _context(tls)

    def renew(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _asked: ssl.SSLContext) -> None:
        connection.context = current.get()

    # Called at the beginning of every handshake, whether or not the client names a server.
    context.sni_callback = renew
    return context


def grpc_credentials(tls: ListenerTls) -> grpc.ServerCredentials:
    """What a gRPC server listens with. Raises as `http_context` does."""
    current = _Renewed(tls, lambda: _configuration(tls))
    asks = tls.client_ca_file is not None
    return grpc.dynamic_ssl_server_credentials(current.get(), current.get, require_client_authentication=asks)


class _Renewed(Generic[_Made]):
    """What *make* makes of the files; the last one that worked where a new file cannot be used."""

    def __init__(self, tls: ListenerTls, make: Callable[[], _Made]) -> None:
        self._tls = tls
        self._make = make
        self._files = tls.watched()
        self._made = make()

    def get(self) -> _Made:
        if self._files.changed():
            try:
                self._made = self._make()
                _log.info("the certificate %s was read again", self._tls.cert_file)
            except OSError:
                # A key may follow its certificate a moment later, and is another change.
                why = "; ".join(f"{setting}: {fault}" for setting, fault in self._tls.faults())
                _log.warning("the old certificate stays in use: %s", why or "its files changed while they were read")
        return self._made


def _context(tls: ListenerTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = tls.min_version
    pem.load_pair(context, tls.cert_file, tls.key_file)
    if tls.client_ca_file is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls.client_ca_file)
    return context


def _configuration(tls: ListenerTls) -> grpc.ServerCertificateConfiguration:
    _context(tls)  # gRPC would take any bytes, and refuse every client later
    authority = tls.client_ca_file.read_bytes() if tls.client_ca_file is not None else None
    pair = (tls.key_file.read_bytes(), tls.cert_file.read_bytes())
    return grpc.ssl_server_certificate_configuration([pair], authority)
