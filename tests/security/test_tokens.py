"""Bearer tokens: what each may do, how the answer to the others reads, and how they are changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.app import Service
from loopwatch_processor.receive.credentials import Access, BadTokens, Denied, Right, Tokens, TokenSource
from tests.security.service import HEALTH, call, running

TOKENS = {right: f"{right}-0123456789abcdef" for right in Right}
OLD = "ingest-before-0123456789"


def bearer(token: str) -> dict[str, str]:
    """The header that carries *token*."""
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module", name="guarded")
def _guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a token for each right."""
    folder = tmp_path_factory.mktemp("guarded")
    for right, token in TOKENS.items():
        (folder / right).write_text(f"# changed in May\n{token}\n\n")
    (folder / Right.ingest).write_text(f"{OLD}\n{TOKENS[Right.ingest]}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        patch.setenv("READ_TOKEN", TOKENS[Right.read])
        access = {right: {"token_files": [str(folder / right)]} for right in (Right.ingest, Right.control)}
        with running({"access": {**access, "read": {"token_envs": ["READ_TOKEN"]}}}, folder) as service:
            yield service


@pytest.fixture(scope="module", name="known")
def _known(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """One token."""
    file = tmp_path_factory.mktemp("known") / "token"
    file.write_text(OLD)
    return Tokens([TokenSource(file)])


def ask(service: Service, method: str, path: str, token: str | None) -> httpx.Response:
    """The answer to *method* at *path*."""
    headers = {"content-type": "application/json", **(bearer(token) if token is not None else {})}
    body = "{}" if method == "POST" else None
    return httpx.request(method, f"http://127.0.0.1:{service.http_port}{path}", headers=headers, content=body)


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", "/v1/traces", Right.ingest),
        ("POST", "/v1/logs", Right.ingest),
        ("POST", "/nothing/here", Right.ingest),
        ("GET", "/metrics", Right.read),
        ("HEAD", "/metrics", Right.read),
        ("GET", "/sessions", Right.read),
        ("GET", "/sessions/none", Right.read),
        ("GET", "/runbooks/", Right.read),
        ("GET", "/doctor", Right.read),
        ("POST", "/sessions/none", Right.control),
        ("DELETE", "/metrics", Right.control),
    ],
)
def test_a_token_opens_what_it_is_for_and_nothing_else(guarded: Service, method: str, path: str, right: Right) -> None:
    """401 without a token or with an unknown one, 403 with that of another right, as RFC 6750 words them."""
    nobody, unknown = ask(guarded, method, path, None), ask(guarded, method, path, "x" * 20)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="loopwatch"')
    assert (unknown.status_code, "invalid_token" in unknown.headers["www-authenticate"]) == (401, True)
    for other in Right:
        answer = ask(guarded, method, path, TOKENS[other])
        assert (answer.status_code in (401, 403)) == (other is not right)
        if other is not right:
            assert answer.status_code == 403
            assert f'error="insufficient_scope", scope="{right}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_need_no_token(guarded: Service, path: str) -> None:
    """And hear one word."""
    answer = ask(guarded, "GET", path, None)
    assert (answer.status_code, answer.text) in [(200, "ok\n"), (200, "ready\n")]


def test_grpc_takes_the_same_tokens(guarded: Service) -> None:
    """Those for sending only; the health service is for everybody."""
    codes = grpc.StatusCode
    assert call(guarded.grpc_port) is codes.UNAUTHENTICATED
    assert call(guarded.grpc_port, [("authorization", "Bearer " + "x" * 20)]) is codes.UNAUTHENTICATED
    assert call(guarded.grpc_port, [("authorization", f"Bearer {TOKENS[Right.read]}")]) is codes.PERMISSION_DENIED
    assert call(guarded.grpc_port, [("authorization", f"bearer {TOKENS[Right.ingest]}")]) is codes.OK
    assert call(guarded.grpc_port, at=HEALTH) is codes.OK


def test_several_tokens_hold_at_the_same_time(guarded: Service) -> None:
    """So the new one can be given out before the old one is taken back."""
    assert ask(guarded, "POST", "/v1/traces", OLD).status_code == 200
    assert ask(guarded, "POST", "/v1/traces", TOKENS[Right.ingest]).status_code == 200


def test_who_is_turned_away_is_counted(guarded: Service) -> None:
    """By signal, over both protocols."""
    labels = {"signal": "traces", "outcome": "denied"}
    count = guarded.telemetry.registry.get_sample_value
    before = count("loopwatch_requests_answered_total", labels) or 0
    ask(guarded, "POST", "/v1/traces", None)
    call(guarded.grpc_port)
    assert count("loopwatch_requests_answered_total", labels) == before + 2


def test_otlp_clients_read_the_reason(guarded: Service) -> None:
    """In the encoding that they speak, with the code that makes them give up."""
    answer = ask(guarded, "POST", "/v1/traces", None)
    assert answer.json() == {"code": 16, "message": "send Authorization: Bearer TOKEN, with a token of access.ingest"}


def test_two_authorizations_are_none(guarded: Service) -> None:
    """Proxies disagree about which of two headers counts."""
    url = f"http://127.0.0.1:{guarded.http_port}/metrics"
    twice = [("authorization", f"Bearer {TOKENS[Right.read]}"), ("authorization", "Bearer " + "x" * 20)]
    assert httpx.get(url, headers=twice).status_code == 401


def test_without_tokens_everything_is_open_but_nothing_can_be_changed(tmp_path: Path) -> None:
    """As it is on one's own machine; what changes something is open to nobody there."""
    with running({}, tmp_path) as service:
        assert ask(service, "POST", "/v1/traces", None).status_code == 200
        assert ask(service, "GET", "/metrics", "x" * 20).status_code == 200
        assert ask(service, "POST", "/nothing/here", None).status_code == 404
        assert ask(service, "POST", "/metrics", None).status_code == 403
        assert call(service.grpc_port) is grpc.StatusCode.OK


def test_a_new_token_works_and_an_old_one_does_not_without_a_restart(tmp_path: Path) -> None:
    """As soon as the file has them."""
    file = tmp_path / "tokens"
    file.write_text(OLD)
    tokens = Tokens([TokenSource(file)])
    assert (tokens.hold(OLD), tokens.hold(TOKENS[Right.ingest])) == (True, False)
    file.write_text(TOKENS[Right.ingest])
    assert (tokens.hold(OLD), tokens.hold(TOKENS[Right.ingest])) == (False, True)


def test_a_file_that_broke_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The tokens from before stay good, and the log says so without showing one."""
    file = tmp_path / "tokens"
    file.write_text(OLD)
    tokens = Tokens([TokenSource(file)])
    for broken in ("", "short", "spaces in the middle of it"):
        file.write_text(broken)
        assert tokens.hold(OLD)
        assert not tokens.hold(broken)
    file.unlink()
    assert tokens.hold(OLD)
    assert caplog.text.count("the tokens that were there before stay good") == 4
    assert not any(text in caplog.text for text in (OLD, "short", "spaces in the middle"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "tooshort", "not a token", "ümlaut-0123456789abcdef"])
def test_what_is_no_token_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    """At the start, with the way out."""
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(BadTokens) as raised:
        Tokens([TokenSource(file)])
    assert str(file) in str(raised.value)
    assert not text or text not in str(raised.value)


@settings(deadline=None)
@given(sent=st.lists(st.text(max_size=40) | st.just(f"Bearer {OLD} "), max_size=3))
def test_whatever_a_header_holds_it_is_the_token_or_nothing(known: Tokens, sent: list[str]) -> None:
    """No text raises anything but Denied, and nothing but the token passes."""
    try:
        Access({Right.ingest: known}).check(Right.ingest, sent)
        passed = True
    except Denied:
        passed = False
    assert passed == (sent == [f"Bearer {OLD} "])


def test_who_is_turned_away_is_logged_once(guarded: Service, caplog: pytest.LogCaptureFixture) -> None:
    """A stranger who knocks all night fills no disk."""
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            ask(guarded, "GET", "/sessions", "y" * 20)
    assert caplog.text.count("turned away") <= 1
    assert "y" * 20 not in caplog.text
