"""Starting and stopping: ports, graceful ends, and the door that both servers share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from loopwatch_processor.errors import Busy, CannotListen, PortTaken
from loopwatch_processor.receive.admission import Admission, AdmissionLimits
from loopwatch_processor.receive.grpc_server import GrpcServer, GrpcSettings
from loopwatch_processor.receive.http_app import HttpApp
from loopwatch_processor.receive.http_server import HttpServer, HttpSettings
from loopwatch_processor.receive.intake import Receipt, Signal
from tests.receive.harness import Recorder, receivers

Server = GrpcServer | HttpServer
SERVERS: dict[str, Callable[[Admission, str, int], Server]] = {
    "grpc": lambda admission, host, port: GrpcServer(admission, GrpcSettings(host=host, port=port)),
    "http": lambda admission, host, port: HttpServer(HttpApp(admission), HttpSettings(host, port)),
}


@pytest.fixture(params=SERVERS, name="make")
def _make(request: pytest.FixtureRequest) -> Callable[[Admission, str, int], Server]:
    return SERVERS[request.param]


async def _start(make: Callable[[Admission, str, int], Server], host: str, port: int) -> Server:
    server = make(Admission(Recorder()), host, port)
    await server.start()
    return server


def test_a_taken_port_is_one_sentence_with_the_way_out(make: Any) -> None:
    """Whoever holds the port, the message names port, host and setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"^port {port} on 127.0.0.1 is taken: .*set receive.*port") as raised:
            asyncio.run(_start(make, "127.0.0.1", port))
    assert "\n" not in str(raised.value)


def test_two_servers_never_share_a_port(make: Any) -> None:
    """gRPC would share silently, and each would get half of the requests."""

    async def twice() -> None:
        first = await _start(make, "127.0.0.1", 0)
        try:
            await _start(make, "127.0.0.1", first.port)
        finally:
            await first.stop(0)

    with pytest.raises(PortTaken):
        asyncio.run(twice())


@pytest.mark.parametrize(("host", "port"), [("203.0.113.7", 0), ("no.such.host.invalid", 0), ("127.0.0.1", 99999)])
def test_an_address_that_is_not_ours_is_named(make: Any, host: str, port: int) -> None:
    """Wrong addresses are a sentence too, and not called taken."""
    with pytest.raises(CannotListen, match="cannot listen on port") as raised:
        asyncio.run(_start(make, host, port))
    assert not isinstance(raised.value, PortTaken)


def test_a_stopped_server_frees_its_port_and_may_be_stopped_twice(make: Any) -> None:
    """A restart finds the port free."""

    async def again() -> None:
        first = await _start(make, "127.0.0.1", 0)
        await first.stop(0)
        await first.stop(0)
        second = await _start(make, "127.0.0.1", first.port)
        await second.stop(0)

    asyncio.run(again())


def test_stopping_finishes_what_is_in_flight() -> None:
    """A request whose body is still arriving when the server is told to stop gets its answer."""

    async def scenario() -> int:
        recorder = Recorder()
        server = HttpServer(HttpApp(Admission(recorder)), HttpSettings(port=0))
        await server.start()
        begun, finish = asyncio.Event(), asyncio.Event()

        async def body() -> Any:
            yield b"first"
            begun.set()
            await finish.wait()
            yield b"second"

        async with httpx.AsyncClient(trust_env=False) as client:
            url = f"http://127.0.0.1:{server.port}/v1/traces"
            headers = {"content-type": "application/x-protobuf"}
            request = asyncio.create_task(client.post(url, content=body(), headers=headers))
            await begun.wait()
            stopping = asyncio.create_task(server.stop(30))
            finish.set()
            response = await request
        await stopping
        assert recorder.bodies == [(Signal.traces, b"firstsecond")]
        return response.status_code

    assert asyncio.run(scenario()) == 200


def test_requests_take_turns_and_the_excess_is_busy() -> None:
    """With room for three, the fourth of five at once is told to retry; the three are all taken."""

    async def scenario() -> tuple[int, int, int]:
        admission = Admission(Recorder(), AdmissionLimits(requests_max=3))

        async def one() -> Receipt:
            with admission.request():
                return await admission.accept(Signal.traces, lambda: b"x")

        results = await asyncio.gather(*(one() for _ in range(5)), return_exceptions=True)
        busy = sum(isinstance(result, Busy) for result in results)
        return busy, results.count(Receipt()), admission.requests

    assert asyncio.run(scenario()) == (2, 3, 0)


def test_held_bytes_are_bounded_over_all_requests_and_given_back() -> None:
    """One request may always be held; a second one only within the bound."""

    async def scenario() -> int:
        admission = Admission(Recorder(), AdmissionLimits(held_max_bytes=10))
        with admission.request() as first:
            first.grow(8)
            first.grow(8)
            with admission.request() as second, pytest.raises(Busy):
                second.grow(1)
        with admission.request() as third:
            third.grow(10)
        return admission.held_bytes

    assert asyncio.run(scenario()) == 0


def test_both_servers_share_one_door() -> None:
    """The bound on waiting requests counts gRPC and HTTP together."""
    with receivers(limits=AdmissionLimits(requests_max=1)) as servers, servers.admission.request():
        answer = httpx.post(
            servers.url + "/v1/logs", headers={"content-type": "application/x-protobuf"}, trust_env=False
        )
        assert (answer.status_code, servers.admission.requests) == (503, 1)


def test_a_port_lost_between_the_look_and_the_bind_is_taken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """gRPC's own failure to bind ends in the same sentence, and leaves no half-started server."""
    monkeypatch.setattr("loopwatch_processor.receive.listen.bind", lambda *_: socket.socket())
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken):
        asyncio.run(_start(SERVERS["grpc"], "127.0.0.1", taken.getsockname()[1]))
