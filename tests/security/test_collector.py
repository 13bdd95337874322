"""A real Collector at a door that asks, with what docs/security.md tells it to bring along, and without."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stack import collector
from tests.security.certificates import Authority, Pair
from tests.security.service import running
from tests.stack.processes import Collector, free_ports, until
from tests.stack.sending import model_call, request_of, send

TOKEN = "ingest-0123456789abcdef"


@pytest.fixture(scope="session", name="otelcol")
def _otelcol() -> Path:
    """A Collector's binary."""
    binary = collector.find()
    if binary is None:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing(f"there is no Collector: {collector.HOW}")
    assert binary is not None
    return binary


def _config(port: int, endpoints: dict[str, str], folder: Path, ours: Authority, client: Pair) -> dict[str, Any]:
    """One exporter for each protocol and token."""
    tls = {"ca_file": str(ours.cert), "cert_file": str(client.cert), "key_file": str(client.key)}
    exporters = {
        f"{protocol}/{which}": {
            "endpoint": endpoint,
            "tls": tls,
            "auth": {"authenticator": f"bearertokenauth/{which}"},
            "sending_queue": {"queue_size": 10},
        }
        for protocol, endpoint in endpoints.items()
        for which in ("right", "wrong")
    }
    extensions = {f"bearertokenauth/{which}": {"filename": str(folder / which)} for which in ("right", "wrong")}
    metrics = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": "${env:COLLECTOR_METRICS_PORT}"}}}}
    return {
        "extensions": extensions,
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": exporters,
        "service": {
            "extensions": list(extensions),
            "telemetry": {"metrics": {"readers": [metrics]}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": list(exporters)}},
        },
    }


def test_a_collector_gets_in_with_certificate_and_token_and_drops_with_a_wrong_one(
    otelcol: Path, ours: Authority, server: Pair, client: Pair, tmp_path: Path
) -> None:
    """Over both protocols: the right token delivers, the wrong one is a permanent error, which is not tried again."""
    (tmp_path / "right").write_text(TOKEN)
    (tmp_path / "wrong").write_text("x" * 20)
    tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(ours.cert)}
    access = {"ingest": {"token_files": [str(tmp_path / "right")]}}
    with running({"receive": {"grpc_tls": tls, "http_tls": tls}, "access": access}, tmp_path) as service:
        (port,) = free_ports(1)
        endpoints = {
            "otlp_grpc": f"https://127.0.0.1:{service.grpc_port}",
            "otlp_http": f"https://127.0.0.1:{service.http_port}",
        }
        path = tmp_path / "collector.yaml"
        path.write_text(json.dumps(_config(port, endpoints, tmp_path, ours, client)))
        sender = Collector(otelcol, path, tmp_path / "collector.log")
        with sender.running():
            send(f"http://127.0.0.1:{port}", request_of([model_call(b"t" * 16, 1)]))
            sent, failed = "otelcol_exporter_sent_spans", "otelcol_exporter_send_failed_spans"
            for protocol in endpoints:
                until(f"{protocol} with the token", lambda p=protocol: sender.metric(sent, exporter=f"{p}/right") == 1)
                until(f"{protocol} without", lambda p=protocol: sender.metric(failed, exporter=f"{p}/wrong") == 1)
        count = service.telemetry.registry.get_sample_value
        answered = "loopwatch_requests_answered_total"
        assert count(answered, {"signal": "traces", "outcome": "ok"}) == 2
        assert count(answered, {"signal": "traces", "outcome": "denied"}) == 2
    assert "Permanent error" in sender.output
    assert TOKEN not in sender.output
