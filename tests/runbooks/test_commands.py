"""What a runbook tells a tired person to type works: every command and every query, against real processes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest
import typer

from loopwatch_processor.cli.main import app
from loopwatch_processor.config import load
from loopwatch_processor.telemetry import table
from tests.runbooks.conftest import Station
from tests.runbooks.texts import NAMES, Block, blocks, text_of

SH, PROMQL, YAML = (list(blocks(language)) for language in ("sh", "promql", "yaml"))
PORT = "localhost:4318"
FOUND_NOTHING = {"grep": (0, 1), "loopwatch": (0, 1)}
"""Exit codes that are answers: nothing matched, or something is missing or critical. All others are mistakes."""
COMMAND = re.compile(r"`(loopwatch [a-z][^`]*)`")
SELECTOR = re.compile(r"(loopwatch_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)")


def commands(block: Block) -> list[str]:
    """The commands of *block*; one that ends in a backslash goes on in the next line."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def words_of(pipeline: str) -> list[str]:
    """The program at each place of *pipeline*."""
    return [part.split()[0] for part in pipeline.split(" | ")]


def _bash(script: str, environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", script]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("block", SH, ids=str)
def test_every_command_works(block: Block, station: Station, tmp_path: Path) -> None:
    """As written, but for the port: exit code, no traceback, no complaint about how it was called."""
    for command in commands(block):
        here = command.replace(PORT, f"localhost:{station.loopwatch.http_port}")
        script = f'{here}\nprintf "%s " "${{PIPESTATUS[@]}}" > statuses'
        done = _bash(script, station.shell, tmp_path)
        statuses = [int(code) for code in (tmp_path / "statuses").read_text().split()]
        told = f"{command}\n{done.stdout}{done.stderr}"

        for program, code in zip(words_of(command), statuses, strict=True):
            assert code in FOUND_NOTHING.get(program, (0,)), told
        assert "Traceback" not in done.stderr, told
        assert "Usage:" not in done.stderr, told


@pytest.mark.parametrize("block", PROMQL, ids=str)
def test_every_query_is_one(block: Block, prometheus: str) -> None:
    """A Prometheus that scraped loopwatch answers it."""
    answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": block.text}, trust_env=False)

    assert answer.json()["status"] == "success", answer.text


@pytest.mark.parametrize("block", PROMQL, ids=str)
def test_every_query_asks_for_labels_that_are_served(block: Block) -> None:
    """A label that does not exist matches nothing, or everything, and nobody notices at night."""
    labels = {metric.served_name: set(metric.labels) for metric in table.METRICS}
    labels |= {f"{m.name}_{part}": {*m.labels, "le"} for m in table.METRICS for part in ("bucket", "sum", "count")}
    known = {name for name in labels if re.search(rf"\b{name}\b", block.text)}
    grouped = {word.strip() for inside in GROUPING.findall(block.text) for word in inside.split(",") if word.strip()}

    for name, inside in SELECTOR.findall(block.text):
        assert set(re.findall(r"(\w+)\s*(?:=|!)", inside)) <= labels[name], name
    assert not known or grouped <= set().union(*(labels[name] for name in known)) | {"job", "instance"}


@pytest.mark.parametrize("block", YAML, ids=str)
def test_every_setting_is_one(block: Block, tmp_path: Path) -> None:
    """As a configuration of its own."""
    file = tmp_path / "loopwatch.yaml"
    file.write_text(block.text)

    load(file)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_in_a_sentence_exists(name: str) -> None:
    """The sub-command, and each option that is named."""
    for written in COMMAND.findall(text_of(name)):
        command, words = typer.main.get_command(app), written.split()[1:]
        while subcommands := getattr(command, "commands", None):
            assert words, f"{written}: which command?"
            assert words[0] in subcommands, f"{written}: there is no such command"
            command = subcommands[words.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, written
