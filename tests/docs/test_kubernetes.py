"""The Kubernetes manifests fit the service: its settings, ports and probes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopwatch_processor.app import DRAIN_S
from loopwatch_processor.config import load
from tests.runbooks.texts import FILES

ROOT = Path(__file__).parent.parent.parent
MANIFESTS: dict[str, Any] = {
    manifest["kind"]: manifest
    for manifest in yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text("utf-8"))
}
POD = MANIFESTS["StatefulSet"]["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]
PORTS = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """The settings of the manifest, with the mounted secrets in a folder of the test's own."""
    text = MANIFESTS["ConfigMap"]["data"]["loopwatch.yaml"].replace("/etc/loopwatch-secrets", str(tmp_path))
    for name in ("pagerduty.key", "ingest.token", "read.token"):
        (tmp_path / name).write_text("0" * 32, "utf-8")
    (tmp_path / "loopwatch.yaml").write_text(text, "utf-8")
    return tmp_path / "loopwatch.yaml"


def test_the_settings_of_the_manifest_are_valid_and_its_ports_are_the_ones_listened_on(settings: Path) -> None:
    """What the container exposes is what the settings listen on, beyond loopback."""
    config = load(settings)
    assert (config.receive.grpc_port, config.receive.http_port) == (PORTS["otlp-grpc"], PORTS["otlp-http"])
    assert config.receive.host == "0.0.0.0"


def test_the_journal_is_on_the_volume_for_nothing_else_is_writable(settings: Path) -> None:
    """The root file system is read-only, and the journal lies where the volume is mounted."""
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"] is True
    assert str(load(settings).journal.url).startswith(f"sqlite:///{mounts['data']}/")


@pytest.mark.parametrize(("probe", "path"), [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")])
def test_probes_ask_the_health_pages(probe: str, path: str) -> None:
    """Each probe asks the page that answers its question."""
    assert CONTAINER[probe]["httpGet"] == {"path": path, "port": "otlp-http"}


def test_everything_that_is_mounted_is_a_volume_and_the_service_leads_to_the_pod() -> None:
    """Names that refer to each other agree."""
    claims = {claim["metadata"]["name"] for claim in MANIFESTS["StatefulSet"]["spec"]["volumeClaimTemplates"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == {
        volume["name"] for volume in POD["volumes"]
    } | claims
    labels = MANIFESTS["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert MANIFESTS["Service"]["spec"]["selector"].items() <= labels.items()
    assert {port["targetPort"] for port in MANIFESTS["Service"]["spec"]["ports"]} == set(PORTS)


def test_runbooks_find_the_pods_by_a_label_that_they_have() -> None:
    """`kubectl get pods -l` finds nothing, and says no more than that, where the label is another."""
    found = {pair for file in FILES for pair in re.findall(r"kubectl .* -l (\S+?)=(\S+)", file.read_text("utf-8"))}
    assert found
    assert found <= MANIFESTS["StatefulSet"]["spec"]["template"]["metadata"]["labels"].items()


def test_a_stop_has_longer_than_it_takes_to_drain() -> None:
    """Kubernetes kills later than a stopping service is done."""

    assert POD["terminationGracePeriodSeconds"] > 2 * DRAIN_S
