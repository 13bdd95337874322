"""The parts of the stack: which programs, with which of the shipped files, on which ports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from stack.ports import HOST, Ports
from stack.process import Failed, Process

ROOT = Path(__file__).parent.parent
OWN = Path(__file__).parent
ROUTING_KEY_FILE = OWN / "fake-routing-key"
"""The one that the fake Events API knows."""
ALERTMANAGER = ("prometheus-alertmanager", "alertmanager")
"""Debian's name for it, and everybody else's."""
_DEBIAN = "apt-get install --no-install-recommends prometheus prometheus-alertmanager"
_RULES, _KEY_FILE = "/etc/prometheus/loopwatch", "/etc/alertmanager/pagerduty-routing-key"
"""Where the configurations expect what compose.yaml mounts there."""


def program(what: str, *names: str) -> str:
    """The path of a program of others: $LOOPWATCH_<WHAT>, or the first of *names* on the PATH.

    Raises:
        Failed: there is none; the sentence says how to get it.
    """
    variable = f"LOOPWATCH_{what.upper()}"
    found = os.environ.get(variable) or next(filter(None, map(shutil.which, names)), None)
    if found is None or shutil.which(found) is None:
        where = f"{variable} names {found}, which cannot be run" if found else f"there is no {names[0]} on the PATH"
        raise Failed(f"{where}: on Debian {_DEBIAN}; elsewhere take its release and set {variable} to it")
    return found


def events_api(ports: Ports, folder: Path) -> Process:
    """What stands for PagerDuty, the tracker of tickets and the dead man's switch."""
    url = f"http://{HOST}:{ports.events_api}"
    command = [sys.executable, "-m", "tests.fakes.events_api", "--port", str(ports.events_api)]
    return Process("Events API (fake)", command, folder / "events-api.log", f"{url}/record", ready_at=f"{url}/record")


def loopwatch(ports: Ports, folder: Path, settings: Mapping[str, str]) -> Process:
    """`loopwatch serve` with stack/loopwatch.yaml, and *settings* over it."""
    url = f"http://{HOST}:{ports.loopwatch_http}"
    all_settings = {
        "receive.grpc_port": str(ports.loopwatch_grpc),
        "receive.http_port": str(ports.loopwatch_http),
        "journal.url": f"sqlite:///{folder / 'journal.db'}",
        "sinks.json_lines.path": str(folder / "findings.jsonl"),
        "links.runbook_url": f"{url}/runbooks/{{alert}}",
        "links.session_url": f"{url}/sessions/{{session}}",
        "notify.alertmanager.urls": f'["http://{HOST}:{ports.alertmanager}"]',
        **settings,
    }
    command = [sys.executable, "-m", "loopwatch", "serve", "--config", str(OWN / "loopwatch.yaml")]
    command += [part for name, value in all_settings.items() for part in ("--set", f"{name}={value}")]
    return Process("loopwatch", command, folder / "loopwatch.log", f"{url}/metrics", ready_at=f"{url}/readyz")


def collector(binary: Path, ports: Ports, folder: Path, *configs: Path, **environment: str) -> Process:
    """The Collector with *configs*, laid one over the other; otel-collector.yaml where none is named."""
    url = f"http://{HOST}:{ports.collector_http}"
    files = configs or (ROOT / "otel-collector.yaml",)
    command = [str(binary), *(f"--config={file}" for file in files)]
    addresses = {
        "COLLECTOR_GRPC": f"{HOST}:{ports.collector_grpc}",
        "COLLECTOR_HTTP": f"{HOST}:{ports.collector_http}",
        "COLLECTOR_METRICS_PORT": str(ports.collector_metrics),
        "LOOPWATCH_GRPC": f"{HOST}:{ports.loopwatch_grpc}",
        **environment,
    }
    return Process("Collector", command, folder / "collector.log", url, ready_at=f"{url}/", environment=addresses)


def alertmanager(ports: Ports, folder: Path) -> Process:
    """Alertmanager with stack/alertmanager.yaml."""
    text = addressed((OWN / "alertmanager.yaml").read_text("utf-8"), ports).replace(_KEY_FILE, str(ROUTING_KEY_FILE))
    config = folder / "alertmanager.yaml"
    config.write_text(text, "utf-8")
    url = f"http://{HOST}:{ports.alertmanager}"
    command = [
        program("alertmanager", *ALERTMANAGER),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={HOST}:{ports.alertmanager}",
        "--cluster.listen-address=",  # or it opens 9094 on every interface
    ]
    return Process("Alertmanager", command, folder / "alertmanager.log", url, ready_at=f"{url}/-/ready")


def prometheus(ports: Ports, folder: Path, tells: bool = True) -> Process:
    """Prometheus with stack/prometheus.yaml and alert_rules; what fires it *tells* Alertmanager."""
    text = addressed((OWN / "prometheus.yaml").read_text("utf-8"), ports).replace(_RULES, str(ROOT / "alert_rules"))
    config = yaml.safe_load(text)
    if not tells:
        del config["alerting"]
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    url = f"http://{HOST}:{ports.prometheus}"
    command = [
        program("prometheus", "prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={HOST}:{ports.prometheus}",
        "--rules.alert.resend-delay=1s",
        "--enable-feature=exemplar-storage",
    ]
    return Process("Prometheus", command, folder / "prometheus.log", url, ready_at=f"{url}/-/ready")


def fleet(ports: Ports, folder: Path) -> Process:
    """The demo's agents, which send to the Collector and end."""
    url = f"http://{HOST}:{ports.collector_http}"
    # The SDK's default of 5 s between two exports would be most of every delay.
    often = {"OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BLRP_SCHEDULE_DELAY": "200"}
    command = [sys.executable, "-m", "loopwatch_processor.demo.fleet", url]
    return Process("fleet", command, folder / "fleet.log", url, ready_at=url, environment=often)


def addressed(text: str, ports: Ports) -> str:
    """*text* of a configuration with loopback in the place of the names that compose.yaml gives."""
    names = {
        "loopwatch:4318": ports.loopwatch_http,
        "collector:8888": ports.collector_metrics,
        "alertmanager:9093": ports.alertmanager,
        "prometheus:9090": ports.prometheus,
        "events-api:8099": ports.events_api,
    }
    for name, port in names.items():
        text = text.replace(name, f"{HOST}:{port}")
    return text
