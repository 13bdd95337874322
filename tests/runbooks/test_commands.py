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
from loopwatch_processor.runbooks import FOLDER, PATH, REPOSITORY_URL
from loopwatch_processor.telemetry import table
from tests.runbooks import traffic
from tests.runbooks.conftest import Station
from tests.runbooks.texts import NAMES, Block, blocks, text_of
from tests.stack.processes import PATIENCE_S, until

SH, PROMQL, YAML = (list(blocks(language)) for language in ("sh", "promql", "yaml"))
PORT = "localhost:4318"
LIST = 'loopwatch sessions --open --agent "$AGENT" --finding loop'
SHOW = 'loopwatch sessions show "$SESSION"'
LOOPS = f"/{traffic.SERVICE}/{traffic.AGENT}/loop"
"""How the dedup key of its incident ends."""
COMMAND = re.compile(r"`(loopwatch [a-z][^`]*)`")
SELECTOR = re.compile(r"(loopwatch_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)")


def commands() -> dict[str, str]:
    """Every command, and the first place that has it; one that ends in a backslash goes on in the next line."""
    found: dict[str, str] = {}
    for block in SH:
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                found.setdefault(line, str(block))
    return found


def answers(part: str) -> tuple[int, ...]:
    """The exit codes of one place of a pipeline that are answers, and no mistakes."""
    may_find_nothing = part.startswith(("grep ", "loopwatch doctor", "loopwatch replay"))
    return (0, 1) if may_find_nothing else (0,)


def typed(command: str, station: Station, folder: Path) -> tuple[list[int], str, str]:
    """What a shell says to *command*, as written but for the port: exit codes, output, complaints."""
    here = command.replace(PORT, f"localhost:{station.loopwatch.http_port}")
    script = f'{here}\nprintf "%s " "${{PIPESTATUS[@]}}" > statuses'
    shell = ["bash", "-c", script]
    done = subprocess.run(
        shell, env=station.shell, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return [int(code) for code in (folder / "statuses").read_text().split()], done.stdout, done.stderr


@pytest.mark.parametrize(("command", "place"), [pytest.param(*item, id=item[0]) for item in commands().items()])
def test_every_command_works(command: str, place: str, station: Station, tmp_path: Path) -> None:
    """Exit code, no traceback, no complaint about how it was called."""
    codes, output, complaints = typed(command, station, tmp_path)
    told = f"{place}: {command}\n{output}{complaints}"

    for part, code in zip(command.split(" | "), codes, strict=True):
        assert code in answers(part), told
    assert "Traceback" not in complaints, told
    assert "Usage:" not in complaints, told


def test_the_commands_of_a_page_lead_to_its_session(station: Station, tmp_path: Path) -> None:
    """Whoever follows the runbook of a loop finds the session that loops, and in it the tool and the finding."""
    listed = typed(LIST, station, tmp_path)[1]
    story = typed(SHOW, station, tmp_path)[1]

    assert {LIST, SHOW} <= set(commands())
    assert traffic.SESSION in listed
    assert "search" in story
    assert "loop" in story


def test_a_page_leads_to_its_runbook(station: Station) -> None:
    """The link that is sent ends with the name of a runbook, and loopwatch serves that one."""
    paged, *_ = until("the page", lambda: [event for event in station.pagerduty.events if LOOPS in event["dedup_key"]])
    (link,) = [link["href"] for link in paged["links"] if "runbook" in link["text"].lower()]
    name = link.rpartition("/")[2].removesuffix(".md")
    served = httpx.get(f"{station.loopwatch.url}{PATH}{name}", timeout=PATIENCE_S, trust_env=False)

    assert link == f"{REPOSITORY_URL}/{FOLDER}/{name}.md"
    assert served.status_code == 200
    assert "<h1 " in served.text


@pytest.mark.parametrize("block", PROMQL, ids=str)
def test_every_query_is_one(block: Block, prometheus: str) -> None:
    """A Prometheus that scraped loopwatch answers it."""
    asked = {"query": block.text}
    answer = httpx.get(f"{prometheus}/api/v1/query", params=asked, timeout=PATIENCE_S, trust_env=False)

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
        assert words[0] in command.commands, f"{written}: there is no such command"  # type: ignore[attr-defined]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, written
