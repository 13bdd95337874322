"""A real Prometheus and a real Alertmanager with the shipped rules and routes, and something to scrape."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from loopwatch_processor.shipped import shipped
from tests.stack.processes import PATIENCE_S, Running, free_ports, until

RULES = shipped("alert_rules")


class Alertmanager(Running):
    """With the shipped routes, whose waits are a second, and PagerDuty and webhooks that are the test's own."""

    def __init__(self, binary: Path, folder: Path, events_url: str, routing_key: str, webhook_url: str) -> None:
        (self._port,) = free_ports(1)
        key_file = folder / "routing-key"
        key_file.write_text(routing_key, "utf-8")
        config = yaml.safe_load((RULES / "alertmanager.yaml").read_text("utf-8"))
        config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
        for receiver in config["receivers"]:
            for pagerduty in receiver.get("pagerduty_configs", ()):
                pagerduty |= {"url": events_url, "routing_key_file": str(key_file)}
            for webhook in receiver.get("webhook_configs", ()):
                webhook["url"] = f"{webhook_url}/{receiver['name']}"
        file = folder / "alertmanager.yaml"
        file.write_text(yaml.safe_dump(config), "utf-8")
        options = (
            f"--config.file={file}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--cluster.listen-address=",
        )
        super().__init__([str(binary), *options], folder / "alertmanager.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        super().start()
        until("Alertmanager to be ready", lambda: is_ready(self.url))

    def alerts(self) -> list[dict[str, Any]]:
        """Those that fire now, but for the dead man's switch."""
        found = httpx.get(f"{self.url}/api/v2/alerts?active=true", timeout=PATIENCE_S, trust_env=False).json()
        return [alert for alert in found if alert["labels"]["alertname"] != "LoopwatchDeadMansSwitch"]


class Prometheus(Running):
    """With the shipped rules; it looks, and says what fires, every second."""

    def __init__(
        self, binary: Path, folder: Path, target: str, alertmanager_url: str, external: Mapping[str, str]
    ) -> None:
        (self._port,) = free_ports(1)
        alertmanager = {"static_configs": [{"targets": [alertmanager_url.removeprefix("http://")]}]}
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": dict(external)},
            "rule_files": [str(RULES / "*.rules.yaml")],
            "scrape_configs": [{"job_name": "loopwatch", "static_configs": [{"targets": [target]}]}],
            "alerting": {"alertmanagers": [alertmanager]},
        }
        file = folder / "prometheus.yaml"
        file.write_text(yaml.safe_dump(config), "utf-8")
        options = (
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            "--rules.alert.resend-delay=1s",
        )
        super().__init__([str(binary), *options], folder / "prometheus.log")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        super().start()
        until("Prometheus to be ready", lambda: is_ready(self.url))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What *expression* is now."""
        asked = {"query": expression}
        answer = httpx.get(f"{self.url}/api/v1/query", params=asked, timeout=PATIENCE_S, trust_env=False)
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found


class Page(ThreadingHTTPServer):
    """Serves `text` at every path, and takes every post."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PageHandler)
        self.text = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer for the length of the block."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _PageHandler(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self._answer(self.server.text.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer(b"")

    def log_message(self, *_said: object) -> None:
        """Nobody reads it."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def is_ready(url: str) -> bool:
    """Whether Prometheus or Alertmanager at *url* is."""
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False
