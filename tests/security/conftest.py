"""Certificates for the tests of the doors."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.security.certificates import Authority, Pair, authority


@pytest.fixture(scope="session", name="ours")
def _ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that everybody here believes."""
    if shutil.which("openssl") is None:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing("there is no openssl to make certificates with")
    return authority(tmp_path_factory.mktemp("pki") / "ours")


@pytest.fixture(scope="session", name="theirs")
def _theirs(ours: Authority) -> Authority:
    """Another one, which nobody here knows."""
    return authority(ours.folder.parent / "theirs")


@pytest.fixture(scope="session", name="server")
def _server(ours: Authority) -> Pair:
    """What the service shows."""
    return ours.issue("server")


@pytest.fixture(scope="session", name="client")
def _client(ours: Authority) -> Pair:
    """What a client of ours shows."""
    return ours.issue("client")


@pytest.fixture(scope="session", name="stranger")
def _stranger(theirs: Authority) -> Pair:
    """What a client of somebody else shows."""
    return theirs.issue("stranger")
