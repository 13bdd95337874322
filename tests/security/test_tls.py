"""TLS and mutual TLS on both listeners: who gets in, and certificates that are replaced while the service runs."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path

import grpc
import httpx
import pytest

from loopwatch_processor.config import load
from loopwatch_processor.errors import ConfigError
from tests.security.certificates import Authority, Pair, encrypted
from tests.security.service import call, credentials, running

OK, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE


def files(pair: Pair, clients: Authority | None = None, **more: str) -> dict[str, str]:
    """A listener's TLS settings."""
    found = {"cert_file": str(pair.cert), "key_file": str(pair.key), **more}
    return {**found, "client_ca_file": str(clients.cert)} if clients else found


def context(believes: Authority, shows: Pair | None = None) -> ssl.SSLContext:
    """Of an HTTP client."""
    made = ssl.create_default_context(cafile=believes.cert)
    if shows:
        made.load_cert_chain(shows.cert, shows.key)
    return made


def fetch(port: int, with_: ssl.SSLContext, scheme: str = "https") -> int:
    """The status of /metrics; 0 where there is no connection."""
    try:
        return httpx.get(f"{scheme}://127.0.0.1:{port}/metrics", verify=with_).status_code
    except httpx.TransportError:
        return 0


def test_with_tls_nothing_is_sent_in_the_clear(
    ours: Authority, theirs: Authority, server: Pair, tmp_path: Path
) -> None:
    """Both listeners speak TLS and nothing else, and a client that believes somebody else goes away."""
    tls = {"grpc_tls": files(server), "http_tls": files(server)}
    with running({"receive": tls}, tmp_path) as service:
        assert call(service.grpc_port, with_=credentials(ours)) is OK
        assert call(service.grpc_port) is UNAVAILABLE
        assert call(service.grpc_port, with_=credentials(theirs)) is UNAVAILABLE
        assert fetch(service.http_port, context(ours)) == 200
        assert fetch(service.http_port, context(theirs)) == 0
        assert fetch(service.http_port, context(ours), "http") == 0


def test_with_a_client_authority_only_its_clients_get_in(
    ours: Authority, server: Pair, client: Pair, stranger: Pair, tmp_path: Path
) -> None:
    """Neither who shows nothing nor who shows what somebody else signed."""
    tls = {"grpc_tls": files(server, ours), "http_tls": files(server, ours)}
    with running({"receive": tls}, tmp_path) as service:
        assert call(service.grpc_port, with_=credentials(ours, client)) is OK
        assert call(service.grpc_port, with_=credentials(ours)) is UNAVAILABLE
        assert call(service.grpc_port, with_=credentials(ours, stranger)) is UNAVAILABLE
        assert fetch(service.http_port, context(ours, client)) == 200
        assert fetch(service.http_port, context(ours)) == 0
        assert fetch(service.http_port, context(ours, stranger)) == 0


def test_the_oldest_version_is_a_setting(ours: Authority, server: Pair, tmp_path: Path) -> None:
    """Over HTTP; 1.2 is taken unless 1.3 is asked for, and 1.1 never."""

    def speaking(newest: ssl.TLSVersion) -> ssl.SSLContext:
        made = context(ours)
        made.maximum_version = newest
        return made

    for setting, taken in (("1.2", 200), ("1.3", 0)):
        with running({"receive": {"http_tls": files(server, min_version=setting)}}, tmp_path) as service:
            assert fetch(service.http_port, speaking(ssl.TLSVersion.TLSv1_2)) == taken
            assert fetch(service.http_port, speaking(ssl.TLSVersion.TLSv1_3)) == 200


def _replace(old: Path, new: Path) -> None:
    """As a mounted secret is: at once."""
    beside = old.with_suffix(".new")
    shutil.copy(new, beside)
    beside.replace(old)


def test_replaced_files_hold_for_the_next_connection(
    ours: Authority, theirs: Authority, server: Pair, client: Pair, stranger: Pair, tmp_path: Path
) -> None:
    """The certificate as well as the authority of clients: a new one gets in, the old one does not any more."""
    cert, key, authority = tmp_path / "cert", tmp_path / "key", tmp_path / "authority"
    for path, content in ((cert, server.cert), (key, server.key), (authority, ours.cert)):
        shutil.copy(content, path)
    mounted = {"cert_file": str(cert), "key_file": str(key), "client_ca_file": str(authority)}
    with running({"receive": {"grpc_tls": mounted, "http_tls": mounted}}, tmp_path) as service:
        assert fetch(service.http_port, context(ours, client)) == 200
        assert call(service.grpc_port, with_=credentials(ours, client)) is OK
        for path, content in ((cert, stranger.cert), (key, stranger.key), (authority, theirs.cert)):
            _replace(path, content)
        assert fetch(service.http_port, context(theirs, stranger)) == 200
        assert fetch(service.http_port, context(theirs, client)) == 0
        assert fetch(service.http_port, context(ours, client)) == 0
        assert call(service.grpc_port, with_=credentials(theirs, stranger)) is OK
        assert call(service.grpc_port, with_=credentials(ours, client)) is UNAVAILABLE


def test_files_that_broke_leave_the_old_certificate_in_use(
    ours: Authority, server: Pair, stranger: Pair, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A key without its certificate, as between two writes, costs no connection."""
    cert, key = tmp_path / "cert", tmp_path / "key"
    shutil.copy(server.cert, cert)
    shutil.copy(server.key, key)
    mounted = {"cert_file": str(cert), "key_file": str(key)}
    with running({"receive": {"grpc_tls": mounted, "http_tls": mounted}}, tmp_path) as service:
        _replace(key, stranger.key)
        assert fetch(service.http_port, context(ours)) == 200
        assert call(service.grpc_port, with_=credentials(ours)) is OK
        assert f"the old certificate stays in use: key_file: {key} is another certificate's" in caplog.text
        cert.unlink()
        assert fetch(service.http_port, context(ours)) == 200


def test_every_bad_file_is_named_at_once_with_its_setting(
    ours: Authority, server: Pair, stranger: Pair, tmp_path: Path
) -> None:
    """Absent, empty, of another certificate, encrypted: one look at the message mends them all."""
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    locked = encrypted(server.key, "open-sesame-1234")
    settings = [
        f"receive.grpc_tls={{cert_file: {server.cert}, key_file: {stranger.key}, client_ca_file: {empty}}}",
        f"receive.http_tls={{cert_file: /no/cert.pem, key_file: {locked}}}",
        f"forward={{endpoint: 'https://h:1', tls: {{cert_file: {empty}, key_file: {empty}, ca_file: /no/ca.pem}}}}",
        "access.ingest.token_files=[/no/token]",
        "access.read.token_envs=[NOT_SET_HERE]",
    ]
    with pytest.raises(ConfigError) as raised:
        load(None, settings)
    told = "\n".join(raised.value.problems)
    for expected in (
        f"receive.grpc_tls.client_ca_file: {empty} holds no certificate",
        "receive.http_tls.cert_file: cannot read /no/cert.pem (No such file or directory)",
        f"receive.http_tls.key_file: {locked} is encrypted",
        f"forward.tls.cert_file: {empty} holds no certificate",
        f"forward.tls.key_file: {empty} holds no private key",
        "forward.tls.ca_file: cannot read /no/ca.pem",
        "access.ingest.token_files.0: the file /no/token cannot be read",
        "access.read.token_envs.0: the environment variable NOT_SET_HERE is not set",
    ):
        assert expected in told
    assert load(None, settings, sends=False).access.ingest.token_files
