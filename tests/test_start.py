"""A start imports what the default configuration needs, and nothing that is only needed later, if ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "alembic": "the tables of a new journal are made without it, and those of an old one are as they should be",
    "apprise": "nobody is told by it",
    "httpx": "nothing is sent over HTTP; it brings rich and pygments with it",
    "markdown_it": "nobody reads a runbook",
    "numpy": "nothing is drawn or compared",
    "psycopg": "the journal is a file",
    "pygments": "there is no source to show",
    "rich": "there is no table to print",
    "sqlalchemy.dialects.postgresql": "the journal is a file",
}
START = """
import asyncio, gc, json, sys
from loopwatch_processor.cli.main import assembled

assembled(("serve",))
from loopwatch_processor.app import Service
from loopwatch_processor.config import load


async def start():
    service = Service(load(None, ["receive.grpc_port=0", "receive.http_port=0", f"journal.url=sqlite:///{sys.argv[1]}"]))
    await service.start()
    await service.stop()


for _ in range(2):  # with a new journal, and with one that is there
    asyncio.run(start())
print(*sys.modules)
"""


def test_a_start_by_default_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """Each of these is between a fiftieth and a tenth of a second of every start."""
    command = [sys.executable, "-c", START, str(tmp_path / "journal.db")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)

    imported = done.stdout.split()
    assert "sqlalchemy" in imported
    assert sorted(HEAVY.keys() & imported) == []
