"""TLS of connections that loopwatch opens."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loopwatch_processor import pem
from loopwatch_processor.errors import BadEndpoint


@dataclass(frozen=True, slots=True)
class ClientTls:
    """PEM files: *ca_file* that signed the other side (None: the system's), *cert_file* and *key_file* to show it.

    *insecure_skip_verify*: it is not asked who it is.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure_skip_verify: bool = False

    def faults(self) -> Iterator[pem.Fault]:
        """What is wrong with the files, each by its setting."""
        return pem.faults(self.cert_file, self.key_file, {"ca_file": self.ca_file})

    def check(self) -> None:
        """Raises BadEndpoint, with everything that is wrong with the files."""
        found = [f"{setting}: {what}" for setting, what in self.faults()]
        if found:
            raise BadEndpoint("; ".join(found))

    def context(self) -> ssl.SSLContext:
        """For an HTTP client. Raises BadEndpoint."""
        self.check()
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.insecure_skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert_file is not None and self.key_file is not None:
            pem.load_pair(context, self.cert_file, self.key_file)
        return context
