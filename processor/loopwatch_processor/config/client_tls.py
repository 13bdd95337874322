"""Settings of TLS towards what loopwatch sends to."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from loopwatch_processor.config.access import Fault
from loopwatch_processor.config.section import Section
from loopwatch_processor.sinks.tls import ClientTls as Files


class ClientTls(Section):
    """PEM files for https addresses, read at the start."""

    ca_file: Path | None = None
    """Who signed the other side's certificate; null: whom the system trusts."""
    cert_file: Path | None = None
    """What to show the other side."""
    key_file: Path | None = None
    """The key of cert_file, without a passphrase."""
    insecure_skip_verify: bool = False
    """Believe any certificate: whoever stands between can then read and change everything. For trying out only."""

    def files(self) -> Files | None:
        """The same for a client; None where nothing is set."""
        found = Files(self.ca_file, self.cert_file, self.key_file, self.insecure_skip_verify)
        return None if found == Files() else found

    def verify(self) -> ssl.SSLContext | bool:
        """The same for an HTTP client of httpx. Raises BadEndpoint."""
        found = self.files()
        return found.context() if found is not None else True

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the files."""
        found = self.files()
        return (((setting,), what) for setting, what in (found.faults() if found else ()))
