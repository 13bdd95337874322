"""The command line and a service that asks who comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loopwatch_processor.app import Service
from loopwatch_processor.cli.main import app
from tests.security.certificates import Authority, Pair
from tests.security.service import running

TOKEN = "read-0123456789abcdef"


@pytest.fixture(scope="module", name="strict")
def _strict(tmp_path_factory: pytest.TempPathFactory, ours: Authority, server: Pair) -> Iterator[Service]:
    """Asks for a certificate as well as for a token."""
    folder = tmp_path_factory.mktemp("strict")
    (folder / "token").write_text(TOKEN)
    tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(ours.cert)}
    settings = {"receive": {"http_tls": tls}, "access": {"read": {"token_files": [str(folder / "token")]}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        with running(settings, folder) as service:
            yield service


def run(service: Service, *command: str, token: str | None = TOKEN) -> Result:
    """One command against *service*."""
    arguments = [*command, "--url", f"https://127.0.0.1:{service.http_port}"]
    return CliRunner().invoke(app, arguments, env={"LOOPWATCH_TOKEN": token or "", "COLUMNS": "500"})


def shown(ours: Authority, client: Pair) -> list[str]:
    """The options that bring a certificate along."""
    return ["--ca-file", str(ours.cert), "--cert-file", str(client.cert), "--key-file", str(client.key)]


@pytest.mark.parametrize(("command", "code"), [(["sessions"], 0), (["doctor"], 1)])
def test_a_command_gets_in_with_certificate_and_token(
    strict: Service, ours: Authority, client: Pair, tmp_path: Path, command: list[str], code: int
) -> None:
    """The token comes from LOOPWATCH_TOKEN, or from the file that is named."""
    assert run(strict, *command, *shown(ours, client)).exit_code == code
    (tmp_path / "token").write_text(TOKEN)
    named = run(strict, *command, *shown(ours, client), "--token-file", str(tmp_path / "token"), token=None)
    assert named.exit_code == code


@pytest.mark.parametrize("command", ["sessions", "doctor"])
def test_a_door_that_stays_shut_says_what_opens_it(
    strict: Service, ours: Authority, client: Pair, command: str
) -> None:
    """Without a token, with a wrong one, without a certificate, and not believing the service's."""
    without = run(strict, command, *shown(ours, client), token=None)
    assert re.search("asks for a token that may read .*LOOPWATCH_TOKEN", str(without.exception))
    wrong = run(strict, command, *shown(ours, client), token="x" * 20)
    assert "asks for a token that may read (HTTP status 401)" in str(wrong.exception)
    assert "no safe connection to https://127.0.0.1" in str(run(strict, command).exception)
    lone = run(strict, command, "--cert-file", str(client.cert))
    assert "key_file: is required" in str(lone.exception)
    short = run(strict, command, *shown(ours, client), token="hunter2")
    assert "no token to show: token 1 in the environment variable LOOPWATCH_TOKEN has 7" in str(short.exception)
    assert "hunter2" not in str(short.exception)


def test_what_is_not_safe_is_said_by_check_config(tmp_path: Path) -> None:
    """Belief in any certificate, open doors, and tokens in the clear: allowed, and named."""
    (tmp_path / "token").write_text(TOKEN)
    tokens = f"{{token_files: [{tmp_path / 'token'}]}}"
    settings = (
        *("receive.host=0.0.0.0", "access.allow_unauthenticated=true", f"access.ingest={tokens}"),
        *("notify.tls.insecure_skip_verify=true", "notify.alertmanager.tls.insecure_skip_verify=true"),
    )
    told = CliRunner().invoke(app, ["check-config", *(part for each in settings for part in ("--set", each))])
    assert told.exit_code == 0
    assert told.output.count("Warning: ") == 5
    assert "Warning: notify.alertmanager.tls.insecure_skip_verify: whoever stands between" in told.output
    assert "whoever reaches 0.0.0.0 may read." in told.output
    assert "receive.http_tls is not set: tokens that come this way can be read on the network" in told.output
    assert "Warning" not in CliRunner().invoke(app, ["check-config"]).output
