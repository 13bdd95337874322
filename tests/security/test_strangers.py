"""Listening for more than this machine without knowing who comes: refused, unless it was said in so many words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loopwatch_processor.config import load
from loopwatch_processor.config.access import is_loopback
from loopwatch_processor.errors import ConfigError
from tests.security.certificates import Authority, Pair

OPEN = "receive.host=0.0.0.0"


def refused(*settings: str) -> str:
    """The one problem of *settings*; "" where there is none."""
    try:
        load(None, settings)
    except ConfigError as error:
        (problem,) = error.problems
        return problem
    return ""


@pytest.fixture(name="token")
def _token(tmp_path: Path) -> str:
    """The path of a token."""
    path = tmp_path / "token"
    path.write_text("0123456789abcdef0123")
    return str(path)


@pytest.mark.parametrize("host", ["0.0.0.0", "'::'", "192.0.2.1", "''", "no.such.host.invalid"])
def test_an_address_that_others_reach_is_refused_without_credentials(host: str) -> None:
    """One sentence that names the settings, and where the host was set."""
    problem = refused(f"receive.host={host}")
    assert problem.startswith("receive.host: ")
    assert "could ingest and read without a token" in problem
    assert "access.allow_unauthenticated" in problem
    assert problem.endswith("(--set receive.host)")
    assert "\n" not in problem


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "'::1'"])
def test_this_machine_needs_none(host: str) -> None:
    """The default, and its other names."""
    assert is_loopback(host.strip("'"))
    assert not refused(f"receive.host={host}")


def test_saying_so_is_enough() -> None:
    """Where a network policy or a proxy keeps strangers out."""
    assert not refused(OPEN, "access.allow_unauthenticated=true")


def test_tokens_are_enough_where_each_right_has_one(token: str) -> None:
    """A right without a token would be everybody's."""
    ingest, read = (f"access.{right}.token_files=[{token}]" for right in ("ingest", "read"))
    assert not refused(OPEN, ingest, read)
    assert "could read without a token: set access.read.token_files" in refused(OPEN, ingest)
    assert "could ingest without a token" in refused(OPEN, read)


def test_clients_certificates_are_enough_where_both_doors_ask(ours: Authority, server: Pair, token: str) -> None:
    """Or one of them, where the other asks for tokens."""
    tls = f"{{cert_file: {server.cert}, key_file: {server.key}, client_ca_file: {ours.cert}}}"
    plain = f"{{cert_file: {server.cert}, key_file: {server.key}}}"
    grpc, http = f"receive.grpc_tls={tls}", f"receive.http_tls={tls}"
    assert not refused(OPEN, grpc, http)
    assert not refused(OPEN, http, f"access.ingest.token_files=[{token}]")
    assert "could ingest without a token" in refused(OPEN, http)
    assert "could ingest and read" in refused(OPEN, grpc)
    assert "could ingest and read" in refused(OPEN, f"receive.grpc_tls={plain}", f"receive.http_tls={plain}")


def test_serve_ends_as_with_every_wrong_setting(tmp_path: Path) -> None:
    """Exit code 2, one problem, and nothing listens."""
    command = [sys.executable, "-m", "loopwatch", "serve", "--set", OPEN]
    ended = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 2
    assert "access.allow_unauthenticated" in ended.stderr
