"""`loopwatch rules`: the shipped rules with the user's own links."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from loopwatch_processor.cli.rules import rules
from loopwatch_processor.rules import shipped_rules
from tests.alert_rules.shipped_alerts import alerts

app = typer.Typer()
app.command()(rules)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], terminal_width=200)


def _links(groups: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {rule["alert"]: rule["annotations"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_what_is_printed_is_one_file_that_prometheus_takes(promtool: Path, tmp_path: Path) -> None:
    """All groups of all files, comments and all."""
    file = tmp_path / "loopwatch.rules.yaml"
    file.write_text(_run().stdout, "utf-8")

    done = subprocess.run([promtool, "check", "rules", "--lint=all", "--lint-fatal", file], check=False)

    assert done.returncode == 0
    assert _links(yaml.safe_load(file.read_text("utf-8"))["groups"]).keys() == {rule["alert"] for rule in alerts()}
    assert "Google SRE workbook" in file.read_text("utf-8")


def test_links_lead_where_the_user_wants() -> None:
    """A base gets the name behind it; a pattern has its own place for it, and may have a query."""
    done = _run(
        "--runbook-base",
        "https://wiki.example.com/oncall/",
        "--dashboard-base",
        "https://g.example.com/d/{uid}?orgId=2",
    )

    notes = _links(yaml.safe_load(done.stdout)["groups"])
    assert notes["LoopwatchDown"]["runbook_url"] == "https://wiki.example.com/oncall/LoopwatchDown.md"
    assert notes["LoopwatchDown"]["dashboard_url"] == "https://g.example.com/d/loopwatch-self?orgId=2"
    assert notes["AgentLoop"]["dashboard_url"].startswith("https://g.example.com/d/loopwatch-loops?orgId=2&var-env")
    assert "github.com" not in str(notes)
    assert "localhost" not in str(notes)


def test_runbooks_can_be_those_that_loopwatch_serves() -> None:
    """Its pages have no suffix."""
    done = _run("--runbook-base", "http://loopwatch:4318/runbooks/{alert}")

    assert _links(yaml.safe_load(done.stdout)["groups"])["AgentLoop"]["runbook_url"] == (
        "http://loopwatch:4318/runbooks/AgentLoop"
    )


def test_rules_for_the_operator_are_the_same_rules() -> None:
    """A PrometheusRule holds the groups under spec."""
    resource = yaml.safe_load(_run("--format", "prometheusrule").stdout)

    assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert resource["metadata"]["name"] == "loopwatch"
    assert resource["spec"]["groups"] == [
        group for text in shipped_rules().values() for group in yaml.safe_load(text)["groups"]
    ]


def test_files_are_written_under_their_names(tmp_path: Path) -> None:
    """Unchanged where nothing was to change; the folder is made, and what was written is printed."""
    done = _run("--output", str(tmp_path / "rules"))

    written = {file.name: file.read_text("utf-8") for file in (tmp_path / "rules").iterdir()}
    assert written == shipped_rules()
    assert done.stdout.split() == [str(tmp_path / "rules" / name) for name in shipped_rules()]


@pytest.mark.parametrize("link", ["wiki.example.com", "http://a b", 'http://a"b', "http://a/{{ x }}", "http://a/{uid}"])
def test_what_is_no_link_is_refused_in_a_sentence(link: str) -> None:
    """It would break the YAML, or the templates of Prometheus, long after."""
    done = _run("--runbook-base", link)

    assert done.exit_code == 2
    assert "is no link" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A user's mistake is no traceback."""
    (tmp_path / "file").write_text("", "utf-8")

    done = _run("--output", str(tmp_path / "file"))

    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
