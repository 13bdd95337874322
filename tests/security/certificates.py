"""Certificates for tests, made by openssl: an authority, and what it signs for 127.0.0.1."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EXTENSIONS = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder of its own."""

    folder: Path

    @property
    def cert(self) -> Path:
        """Its own certificate."""
        return self.folder / "ca.pem"

    def issue(self, name: str) -> Pair:
        """A certificate for this machine, in the name of *name*."""
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / "extensions"
        extensions.write_text(_EXTENSIONS)
        _openssl("req", "-newkey", *_KEY, "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        signed = ("-CA", self.cert, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-extfile", extensions)
        _openssl("x509", "-req", "-in", request, "-out", pair.cert, "-days", "2", *signed)
        return pair


_KEY = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(folder: Path) -> Authority:
    """A new authority whose files are in *folder*."""
    folder.mkdir()
    made = Authority(folder)
    names = ("-keyout", folder / "ca.key", "-out", made.cert, "-subj", f"/CN={folder.name}")
    _openssl("req", "-x509", "-newkey", *_KEY, "-days", "2", *names)
    return made


def encrypted(key: Path, passphrase: str) -> Path:
    """*key* under a passphrase, in a file beside it."""
    path = key.with_suffix(".enc")
    _openssl("pkcs8", "-topk8", "-in", key, "-out", path, "-passout", f"pass:{passphrase}")
    return path


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
