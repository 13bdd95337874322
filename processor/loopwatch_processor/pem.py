"""PEM files of TLS: are they there, and are they what they should be?"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

Fault = tuple[str, str]
"""Which setting, and what is wrong with it."""


def faults(cert_file: Path | None, key_file: Path | None, authorities: Mapping[str, Path | None]) -> Iterator[Fault]:
    """Everything that is wrong with a certificate and its key, and with the *authorities* by their settings."""
    for setting, path in authorities.items():
        if path is not None:
            yield from _of_certificates(setting, path)
    if cert_file is None or key_file is None:
        if cert_file is not None or key_file is not None:
            missing = "key_file" if key_file is None else "cert_file"
            yield missing, "is required: a certificate and its key go together"
        return
    alone = [*_of_certificates("cert_file", cert_file), *_of_key(key_file)]
    yield from alone or _of_pair(cert_file, key_file)


def load_pair(context: ssl.SSLContext, cert_file: Path, key_file: Path) -> None:
    """Let *context* show the certificate; raises OSError or ssl.SSLError, and asks nobody for a passphrase."""
    context.load_cert_chain(cert_file, key_file, password=_no_passphrase)


def _no_passphrase() -> str:
    return ""


def _of_certificates(setting: str, path: Path) -> Iterator[Fault]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError:
        yield setting, f"{path} holds no certificate: name a PEM file that begins with -----BEGIN CERTIFICATE-----"
    except OSError as error:
        yield setting, _unreadable(path, error)


def _of_key(path: Path) -> Iterator[Fault]:
    try:
        text = path.read_bytes()
    except OSError as error:
        yield "key_file", _unreadable(path, error)
        return
    if b"PRIVATE KEY-----" not in text:
        yield "key_file", f"{path} holds no private key: name a PEM file with -----BEGIN PRIVATE KEY-----"
    elif b"ENCRYPTED" in text:
        yield "key_file", f"{path} is encrypted: give the key without a passphrase, readable for loopwatch alone"


def _of_pair(cert_file: Path, key_file: Path) -> Iterator[Fault]:
    try:
        load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), cert_file, key_file)
    except ssl.SSLError as error:
        why = "is another certificate's" if error.reason == "KEY_VALUES_MISMATCH" else "cannot be used"
        yield "key_file", f"{key_file} {why}: name the key of {cert_file}"
    except OSError as error:
        yield "key_file", _unreadable(key_file, error)


def _unreadable(path: Path, error: OSError) -> str:
    return f"cannot read {path} ({error.strerror}): name a readable PEM file"
