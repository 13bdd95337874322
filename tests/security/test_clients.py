"""TLS towards others: what is sent goes to whom it is meant for, or nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.config import load
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.errors import ConfigError
from loopwatch_processor.notify.alertmanager import AlertmanagerPush
from loopwatch_processor.notify.heartbeat import Heartbeat
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.receive.tls import ListenerTls
from loopwatch_processor.sinks.otlp_answer import Answer, Delivered, TryAgain
from loopwatch_processor.sinks.otlp_grpc import GrpcTransport
from loopwatch_processor.sinks.otlp_http import HttpTransport
from loopwatch_processor.sinks.tls import ClientTls
from tests.notify.incidents import snapshot
from tests.receive.harness import loop_in_thread
from tests.security.certificates import Authority, Pair
from tests.security.service import running

NOW_S = 1_780_272_000.0


@pytest.fixture(name="tls")
def _tls(server: Pair, ours: Authority) -> dict[str, str]:
    """What asks for a certificate."""
    return {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(ours.cert)}


@pytest.mark.parametrize("transport", [GrpcTransport, HttpTransport])
def test_forwarding_shows_a_certificate_and_believes_only_the_right_one(
    transport: Any, tls: dict[str, str], ours: Authority, theirs: Authority, client: Pair, tmp_path: Path
) -> None:
    """Over both protocols; without a certificate, or to somebody else, nothing is delivered and all is kept."""

    async def send(port: int, brought: ClientTls) -> Answer:
        made = transport(f"https://127.0.0.1:{port}", tls=brought, timeout_s=5)
        try:
            answer: Answer = await made.send(Signal.traces, b"")
            return answer
        finally:
            await made.close()

    with running({"receive": {"grpc_tls": tls, "http_tls": tls}}, tmp_path) as service:
        port = service.grpc_port if transport is GrpcTransport else service.http_port
        mutual = ClientTls(ours.cert, client.cert, client.key)
        assert asyncio.run(send(port, mutual)) == Delivered()
        assert isinstance(asyncio.run(send(port, ClientTls(ours.cert))), TryAgain)
        assert isinstance(asyncio.run(send(port, ClientTls(theirs.cert, client.cert, client.key))), TryAgain)
        assert isinstance(asyncio.run(send(port, ClientTls(None, client.cert, client.key))), TryAgain)
        if transport is HttpTransport:
            anybody = ClientTls(theirs.cert, client.cert, client.key, insecure_skip_verify=True)
            assert asyncio.run(send(port, anybody)) == Delivered()


@pytest.fixture(name="asked")
def _asked(server: Pair, ours: Authority) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """An HTTP server that asks for a certificate: its port, and the headers of the requests that it got."""
    heard: list[dict[str, str]] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        heard.append({key.decode(): value.decode() for key, value in scope["headers"]})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    listener = HttpSettings(port=0, tls=ListenerTls(server.cert, server.key, ours.cert))
    with loop_in_thread() as run:
        http = HttpServer(answer, listener)
        run(http.start())
        yield http.port, heard
        run(http.stop(1.0))


def test_alertmanager_and_heartbeat_are_told_over_mutual_tls(
    asked: tuple[int, list[dict[str, str]]], ours: Authority, client: Pair
) -> None:
    """As configured, with the headers that a proxy before Alertmanager may want."""
    port, heard = asked
    files = f"{{ca_file: {ours.cert}, cert_file: {client.cert}, key_file: {client.key}}}"
    url = f"https://127.0.0.1:{port}"
    notify = load(
        None,
        [
            f"notify.alertmanager={{urls: ['{url}'], tls: {files}, headers: {{authorization: Bearer tell-me}}}}",
            *(f"notify.heartbeat_url={url}/beat", f"notify.tls={files}"),
        ],
    ).notify
    outcomes: list[str] = []

    async def tell() -> None:
        heart = Heartbeat(f"{url}/beat", lambda: True, lambda _, outcome: outcomes.append(outcome))
        assert await heart.beat() == "the heartbeat failed: ConnectError"
        await heart.close()
        heart = Heartbeat(
            f"{url}/beat", lambda: True, lambda _, outcome: outcomes.append(outcome), verify=notify.tls.verify()
        )
        assert not await heart.beat()
        await heart.close()
        to = notify.alertmanager
        push = AlertmanagerPush(
            to.urls,
            to.repeat_s,
            Links(),
            lambda: [snapshot()],
            clock=lambda: NOW_S,
            on_outcome=outcomes.append,
            headers=to.plain_headers(),
            verify=to.tls.verify(),
        )
        await push.post()
        await push.close()

    asyncio.run(tell())
    assert outcomes == ["failed", "delivered", "delivered"]
    assert [headers.get("authorization") for headers in heard] == [None, "Bearer tell-me"]


def test_grpc_cannot_believe_everybody(tmp_path: Path) -> None:
    """gRPC has no such switch, so the setting says so instead of doing nothing."""
    with pytest.raises(ConfigError) as raised:
        load(None, ["forward={endpoint: 'https://h:1', tls: {insecure_skip_verify: true}}"])
    assert "gRPC always asks who it talks to: set tls.ca_file instead" in str(raised.value)
