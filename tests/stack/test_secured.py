"""A real Collector before a loopwatch that asks who comes: the lines of docs/security.md over the shipped tee."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.security.certificates import authority
from tests.stack.processes import ROOT, Collector, Loopwatch, free_ports, until
from tests.stack.sending import model_call, request_of, send

TOKEN = "collectors-may-come-in"


class Secured:
    """A Collector with a certificate and *token* before a loopwatch that wants ours."""

    def __init__(self, otelcol: Path, folder: Path, token: str) -> None:
        ours = authority(folder / "ours")
        server, client = ours.issue("server"), ours.issue("client")
        known, shown = folder / "known.token", folder / "shown.token"
        known.write_text(f"{TOKEN}\n")
        shown.write_text(token)
        tls = {"cert_file": str(server.cert), "key_file": str(server.key), "client_ca_file": str(ours.cert)}
        ingest = {"token_files": [str(known)]}
        doors = (f"receive.grpc_tls={json.dumps(tls)}", f"access.ingest={json.dumps(ingest)}")
        self.loopwatch = Loopwatch(folder, *doors)

        config = yaml.safe_load((ROOT / "otel-collector.yaml").read_text())
        config["extensions"] = {"bearertokenauth": {"filename": str(shown)}}
        config["service"]["extensions"] = ["bearertokenauth"]
        config["exporters"]["otlp/loopwatch"] |= {
            "auth": {"authenticator": "bearertokenauth"},
            "tls": {"ca_file": str(ours.cert), "cert_file": str(client.cert), "key_file": str(client.key)},
        }
        merged = folder / "collector.yaml"
        merged.write_text(yaml.safe_dump(config))
        grpc_port, http_port = free_ports(2)
        self.url = f"http://127.0.0.1:{http_port}"
        self.collector = Collector(
            otelcol,
            merged,
            folder / "collector.log",
            COLLECTOR_GRPC=f"127.0.0.1:{grpc_port}",
            COLLECTOR_HTTP=f"127.0.0.1:{http_port}",
            LOOPWATCH_GRPC=f"127.0.0.1:{self.loopwatch.grpc_port}",
        )


@contextmanager
def secured(otelcol: Path, folder: Path, token: str) -> Iterator[Secured]:
    """Both of them for the length of the block."""
    if shutil.which("openssl") is None:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing("there is no openssl to make certificates with")
    both = Secured(otelcol, folder, token)
    with both.loopwatch.running(), both.collector.running():
        send(both.url, request_of([model_call(b"t" * 16, 1)])).raise_for_status()
        yield both


def test_a_collector_with_our_certificate_and_token_is_let_in(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Mutual TLS and a bearer token, both from files."""
    with secured(otelcol_contrib, tmp_path, TOKEN) as both:
        until("the span", lambda: both.loopwatch.metric("loopwatch_spans_received_total") == 1)
        assert both.collector.metric("otelcol_exporter_sent_spans", exporter="otlp/loopwatch") == 1


def test_a_collector_with_another_token_drops_and_both_count_it(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Not retried, and no matter of the other exporter."""
    with secured(otelcol_contrib, tmp_path, "collectors-may-not-come-in") as both:
        failed = "otelcol_exporter_send_failed_spans"
        until("the drop", lambda: both.collector.metric(failed, exporter="otlp/loopwatch") == 1)
        assert both.loopwatch.metric("loopwatch_requests_answered_total", outcome="denied") == 1
        assert both.loopwatch.metric("loopwatch_spans_received_total") == 0
        assert both.collector.spans_shown == 1
        assert "collectors-may" not in both.collector.output + both.loopwatch.output
