"""The recipes of docs/jobs.md, each run as it is written: two jobs are done and one fails, and loopwatch knows."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.journal import jobs
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from tests.connect.environments import python_with
from tests.paging.services import Service
from tests.stack.processes import PATIENCE_S, ROOT, Running, free_ports, until

PAGE = (ROOT / "docs" / "jobs.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPES = {
    "asyncio": (),
    "Celery": ("celery[redis]",),
    "RQ": ("rq",),
    "arq": ("arq",),
}
"""By heading, what its environment needs beside loopwatch."""


@pytest.fixture(scope="module", name="redis_url")
def _redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of the tests' own; a machine without one skips, unless it was told to have it."""
    binary = shutil.which("redis-server")
    if binary is None:
        missing = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
        missing("there is no Redis: install Debian's package redis-server")
    folder = tmp_path_factory.mktemp("redis")
    (port,) = free_ports(1)
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    server = Running([binary, *options], folder / "redis.log")
    with server.running():
        until("Redis to listen", lambda: "Ready to accept connections" in server.output)
        yield f"redis://127.0.0.1:{port}/0"


def blocks(recipe: str) -> list[tuple[str, str]]:
    """Language and text of the fenced blocks below the heading *recipe*."""
    below = PAGE.partition(f"\n### {recipe}\n")[2].partition("\n### ")[0]
    return BLOCK.findall(below)


def write(recipe: str, folder: Path) -> list[str]:
    """Write its files, named in their first lines; returns its commands."""
    commands: list[str] = []
    for language, text in blocks(recipe):
        if language == "sh":
            commands += text.splitlines()
        else:
            (folder / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    return commands


def run(command: str, folder: Path, python: Path, variables: dict[str, str], service: Service) -> None:
    """Run one command of a recipe to its end; a worker that has none is ended once all jobs have."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LOOPWATCH_", "OTEL_"))}
    environment = {**inherited, "PATH": f"{python.parent}:{inherited['PATH']}", "PYTHONPATH": str(folder), **variables}
    with (folder / "output.log").open("ab") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            if command.startswith("celery"):
                until("Celery to be done", lambda: ended(service) or process.poll() is not None)
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
        finally:
            process.kill()


def ended(service: Service) -> bool:
    """Whether the journal knows the end of all three jobs."""
    return sorted(item["status"] for item in known(service)) == ["completed", "completed", "failed"] and all(
        item["attempt"] == 2 for item in known(service) if item["status"] == "failed"
    )


def known(service: Service) -> list[dict[str, Any]]:
    """The jobs in the journal."""
    journal = Journal(JournalSettings(service.journal))
    try:
        with journal.reading() as connection:
            found = [item.id for item in jobs.submitted(connection, 0.0)]
            rows = jobs.named(connection, [("", own) for own in found])
            stories = {own: jobs.story(connection, "", own) for own in found}
    finally:
        journal.close()
    names = ("type", "queue", "agent", "service", "status", "attempt", "illegal")
    facts = [{name: getattr(row, name) for name in names} for row in rows]
    return [
        {**fact, "story": [item.status.value for item in stories[row.id]]}
        for fact, row in zip(facts, rows, strict=True)
    ]


INSTALLED = [pytest.param(name, marks=pytest.mark.slow_install) if needs else name for name, needs in RECIPES.items()]


@pytest.mark.parametrize("recipe", INSTALLED)
def test_a_recipe_tells_what_became_of_its_jobs(recipe: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Queued by one process, done by another: every job has its whole story, its agent, and an end."""
    needs = RECIPES[recipe]
    python = python_with(f"jobs-{recipe.lower()}", (".[otlp]", *needs)) if needs else Path(sys.executable)
    variables = {} if recipe == "asyncio" else {"REDIS_URL": request.getfixturevalue("redis_url")}
    folder = tmp_path / "recipe"
    folder.mkdir()
    service = Service(tmp_path / "service", "jobs.unpromised_s=0.001")
    with service.running():
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = service.url
        for command in write(recipe, folder):
            run(command, folder, python, variables, service)
        retries = recipe in ("Celery", "arq")
        said = (folder / "output.log").read_text()
        until(
            f"the end of three jobs\n{said}",
            lambda: sorted(item["status"] for item in known(service)) == ["completed", "completed", "failed"],
        )
        found = known(service)
        reconciled = subprocess.run(
            [
                sys.executable,
                "-m",
                "loopwatch",
                "reconcile",
                "--format",
                "json",
                "--set",
                f"journal.url={service.journal}",
            ],
            capture_output=True,
            check=False,
            text=True,
            cwd=ROOT,
        )
    assert {item["agent"] for item in found} == {"reporter"}, said
    assert {item["illegal"] for item in found} == {0}
    for item in found:
        assert item["story"][0] == "queued" or item["story"][:2] == ["executing", "queued"]
        tries = 2 if retries and item["status"] == "failed" else 1
        assert item["story"].count("executing") == item["attempt"] == tries
    (account,) = json.loads(reconciled.stdout)
    assert (account["missing"], account["type"]) == ([], "report")
    assert reconciled.returncode == 0
