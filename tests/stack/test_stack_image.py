"""Dockerfile and compose.yaml, as far as they can be held without docker: files, ports, and what the image runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from stack import alertmanager, parts
from stack.ports import Ports
from stack.process import Process, together
from tests.connect.environments import python_with
from tests.fakes.events_api import KEY
from tests.stack.processes import PATIENCE_S, ROOT, free_ports

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
PORTS = {
    "loopwatch": {"loopwatch_grpc", "loopwatch_http"},
    "collector": {"collector_grpc", "collector_http", "collector_metrics"},
    "prometheus": {"prometheus"},
    "alertmanager": {"alertmanager"},
    "grafana": {"grafana"},
    "events-api": {"events_api"},
    "fleet": set(),
}


def test_every_service_publishes_the_ports_of_the_stack_on_loopback_only() -> None:
    """stack/ports.py is the one place: compose.yaml has the same numbers, inside and outside."""
    assert COMPOSE["services"].keys() == PORTS.keys()
    for name, service in COMPOSE["services"].items():
        numbers = [str(getattr(Ports(), port)) for port in PORTS[name]]
        assert sorted(service.get("ports", ())) == sorted(f"127.0.0.1:{number}:{number}" for number in numbers)


def test_every_mounted_file_exists_and_is_read_only() -> None:
    """What compose.yaml mounts is in the repository, and no container can change it."""
    mounted = [item.split(":") for service in COMPOSE["services"].values() for item in service.get("volumes", ())]
    for source, target, *mode in mounted:
        if source in COMPOSE["volumes"]:
            continue
        assert (ROOT / source).exists(), source
        assert target.startswith("/")
        assert mode == ["ro"]


def test_the_mounted_files_are_where_configurations_look_for_them() -> None:
    """Rules, routing key and dashboards lie where Prometheus, Alertmanager and Grafana were told."""
    prometheus = yaml.safe_load((parts.OWN / "prometheus.yaml").read_text("utf-8"))
    routes = yaml.safe_load(alertmanager.FILE.read_text("utf-8"))
    provisioning = yaml.safe_load((ROOT / "dashboards/provisioning.yaml").read_text("utf-8"))
    assert [f"{_target('prometheus', './alert_rules')}/*.rules.yaml"] == prometheus["rule_files"]
    pagers = [item for receiver in routes["receivers"] for item in receiver.get("pagerduty_configs", ())]
    keys = [item["routing_key_file"] for item in pagers]
    assert keys == [_target("alertmanager", "./stack/fake-routing-key")]
    assert provisioning["providers"][0]["options"]["path"] == _target("grafana", "./dashboards")


def test_configurations_name_services_at_their_ports() -> None:
    """Every host:port in the mounted configurations is a service of compose.yaml and one of its ports."""
    files = ("prometheus.yaml", "alertmanager.yaml", "loopwatch.yaml", "grafana/datasource.yaml")
    text = "".join((parts.OWN / file).read_text("utf-8") for file in files)
    named = set(re.findall(rf"\b({'|'.join(PORTS)}):(\d+)", text))
    assert {name for name, _ in named} == {"loopwatch", "collector", "prometheus", "alertmanager", "events-api"}
    for name, number in named:
        assert int(number) in {getattr(Ports(), port) for port in PORTS[name]}


def test_the_fake_key_is_the_one_that_the_fake_knows() -> None:
    """Both the file that Alertmanager reads and the Events API's default."""
    assert parts.ROUTING_KEY_FILE.read_text("utf-8") == KEY


def test_the_fake_needs_only_the_folder_that_is_mounted(tmp_path: Path) -> None:
    """Where compose.yaml mounts it there is nothing else of the tests."""
    service = COMPOSE["services"]["events-api"]
    folder = tmp_path / Path(_target("events-api", "./tests/fakes")).relative_to(service["working_dir"])
    shutil.copytree(ROOT / "tests/fakes", folder)
    _, *arguments = service["entrypoint"]
    told = subprocess.run(
        [sys.executable, *arguments, "--help"], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert "--host" in told.stdout


def test_the_image_is_built_from_what_the_build_may_see() -> None:
    """.dockerignore lets through what the Dockerfile copies, and nothing else."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(_copied()) == allowed


def test_the_image_needs_no_root_and_writes_to_its_volume_only() -> None:
    """A user by number, the journal on the volume, and compose.yaml takes everything else away."""
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", DOCKERFILE, re.MULTILINE)
    assert _environment()["LOOPWATCH_JOURNAL__URL"].startswith("sqlite:////data/")
    service = COMPOSE["services"]["loopwatch"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.fixture(name="python", params=["shared", pytest.param("fresh", marks=pytest.mark.slow_install)])
def _python(request: pytest.FixtureRequest) -> Path:
    """An interpreter with what the image's wheel needs: that of the tests, or one with nothing else."""
    if request.param == "shared":
        return Path(sys.executable)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = re.search(r"'\.\[([^]]+)\]'", DOCKERFILE)
    assert extras is not None
    needed = [item for extra in extras[1].split(",") for item in project["optional-dependencies"][extra]]
    return python_with("image", (*project["dependencies"], *needed, f"--constraint={ROOT / 'constraints.txt'}"))


@pytest.fixture(name="site")
def _site(python: Path, tmp_path: Path) -> Path:
    """The wheel of what the Dockerfile copies, and of nothing else, installed."""
    source, site = tmp_path / "source", tmp_path / "site"
    for name in _copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, source / name)
    pip = [str(python), "-m", "pip", "install", "-q", "--no-deps", f"--target={site}", str(source)]
    subprocess.run(pip, check=True, timeout=PATIENCE_S * 2)
    return site


@pytest.fixture(name="url")
def _url(python: Path, site: Path, tmp_path: Path) -> Iterator[str]:
    """Where the image's command listens, with its settings and compose.yaml's; the journal is the test's."""
    grpc_port, http_port = free_ports(2)
    settings = _environment() | COMPOSE["services"]["loopwatch"]["environment"]
    own = (
        f"receive.grpc_port={grpc_port}",
        f"receive.http_port={http_port}",
        f"journal.url=sqlite:///{tmp_path / 'journal.db'}",
    )
    arguments = COMPOSE["services"]["loopwatch"]["command"]
    assert arguments[-1] == _target("loopwatch", "./stack/loopwatch.yaml")
    command = [str(python), "-m", "loopwatch", *arguments[:-1], str(parts.OWN / "loopwatch.yaml")]
    command += [part for item in own for part in ("--set", item)]
    url = f"http://127.0.0.1:{http_port}"
    environment = {**settings, "PYTHONPATH": str(site)}
    service = Process("image", command, tmp_path / "log", url, ready_at=f"{url}/readyz", environment=environment)
    with together([service]):
        yield url


def test_the_wheel_of_the_image_starts_with_the_image_s_command(url: str) -> None:
    """It is ready, its health check says so, and it brings its runbooks."""
    check = json.loads(re.findall(r"CMD (\[.*urlopen.*\])", DOCKERFILE)[0])
    code = check[-1].replace(f"http://127.0.0.1:{Ports().loopwatch_http}", url)
    assert check[:2] == ["python3", "-c"]
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE_S).returncode == 0
    assert httpx.get(f"{url}/runbooks/AgentLoop", timeout=PATIENCE_S, trust_env=False).is_success


def _copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    lines = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if re.match("COPY (?!--from)", line)]
    return [name for names in lines for name in names]


def _environment() -> dict[str, str]:
    """The settings of loopwatch that the image brings."""
    return dict(re.findall(r"\b(LOOPWATCH_\w+)=(\S+)", DOCKERFILE.partition("ENV ")[2]))


def _target(service: str, source: str) -> str:
    """Where compose.yaml puts *source*."""
    volumes: list[Any] = COMPOSE["services"][service]["volumes"]
    (found,) = [target for name, target, *_ in (item.split(":") for item in volumes) if name == source]
    return str(found)
