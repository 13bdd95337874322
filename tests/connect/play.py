"""Play scenarios with a page's code against the fake models, and score what it exports."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from loopwatch_processor.otlp import decode_traces
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.session import Session
from tests.connect import pages
from tests.connect.environments import REPOSITORY, node_modules_with, python_with
from tests.connect.scoring import score
from tests.fake_models.scenario import Delays
from tests.fake_models.server import Ledger, fake_models
from tests.receive.harness import Recorder, receivers

SESSION_IDS = {"healthy": "thread-3a90", "softloop": "thread-7c1e", "stall": "thread-b2d4"}
DELAYS = Delays(first_s=0.3, gap_s=0.6)
RUN_LIMIT_S = 60
LOOPWATCH = "http://127.0.0.1:4318"
"""What the pages say; the one thing that is not run as it stands."""
AGENTS = Path(__file__).parent / "agents"
NODE_MODEL_CLIENT = ("@ai-sdk/openai-compatible@3.0.92",)


@dataclass(frozen=True)
class Case:
    """One block of one page, and the agent that is driven with it."""

    page: str
    variant: str = ""
    agent: str = ""
    streams: bool = True
    own_session_id: bool = True
    """The framework has a place for a session id."""
    ttft: bool = False
    gaps: bool = False
    """What it says of streams."""
    own_backend: bool = False
    """The framework is its own backend, so there is no other beside it to look at."""
    slow: bool = False
    """Its installation takes minutes."""
    node: bool = False
    """The page's code is JavaScript."""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.page, self.variant)))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that are played, in order."""
        return ("healthy", "softloop", "stall") if self.streams else ("healthy", "softloop")


@dataclass(frozen=True)
class Played:
    """What came of a case: one session for each scenario, if all is well, in the order they were played."""

    sessions: list[Session]
    ledgers: dict[str, Ledger]
    existing_spans: int
    raised: dict[str, str]
    bodies: list[tuple[Signal, bytes]]

    @property
    def exported_spans(self) -> int:
        """Spans that loopwatch got."""
        return sum(len(list(decode_traces(body))) for signal, body in self.bodies if signal is Signal.traces)


def play(case: Case) -> Played:
    """Play *case* once; skips where its packages cannot be installed, and fails each time where it failed."""
    played = _played(case)
    if isinstance(played, BaseException):
        raise played
    return played


@functools.cache
def _played(case: Case) -> Played | BaseException:
    try:
        return play_scenarios(case, case.scenarios)
    except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - raised again by play
        return error


def play_scenarios(case: Case, scenarios: tuple[str, ...]) -> Played:
    """Play *scenarios* one after the other in one process."""
    with fake_models(DELAYS) as models, receivers(Recorder()) as loopwatch, TemporaryDirectory() as folder:
        plan = [(name, models.base(name), SESSION_IDS.get(name, f"thread-{len(name)}")) for name in scenarios]
        prepare = _in_node if case.node else _in_python
        command = prepare(case, Path(folder), loopwatch.url, json.dumps(plan))
        told = _drive(command, Path(folder))
        bodies = list(loopwatch.intake.bodies)
    return Played(score(bodies), dict(models.ledgers), told["existing"], told["raised"], bodies)


def _in_python(case: Case, folder: Path, url: str, plan: str) -> list[str]:
    python = python_with(case.page, pages.requirements(case.page))
    block = folder / "block.py"
    block.write_text(pages.code(case.page, case.variant).replace(LOOPWATCH, url))
    return [str(python), "-m", "tests.connect.drive", str(block), case.agent or case.page.replace("-", "_"), plan]


def _in_node(case: Case, folder: Path, url: str, plan: str) -> list[str]:
    packages = (*pages.requirements(case.page, "npm"), *NODE_MODEL_CLIENT)
    (folder / "node_modules").symlink_to(node_modules_with(case.page, packages) / "node_modules")
    block, agent = folder / "block.mjs", folder / "agent.mjs"
    block.write_text(pages.code(case.page, case.variant, "js").replace(LOOPWATCH, url))
    agent.write_text((AGENTS / f"{case.page.replace('-', '_')}.mjs").read_text())
    return ["node", str(agent), str(block), plan]


def _drive(command: list[str], home: Path) -> dict[str, Any]:
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _environment(home: Path) -> dict[str, str]:
    """The page's code alone decides what is on: nothing of the machine's OpenTelemetry settings reaches it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "OPENAI_", "LANGSMITH_"))
    }
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "true", "CREWAI_DISABLE_TELEMETRY": "true"}
    return kept | offline | {"HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
