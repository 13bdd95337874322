"""`python -m stack` as a process: what it says, how it ends, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack import parts
from stack.folder import MARK, taken
from stack.ports import HOST, BadPorts, Ports, chosen
from stack.process import Failed
from tests.stack.processes import PATIENCE_S, ROOT, RUN_S, until
from tests.stack.stacks import needs_programs

PARTS = ("Events API (fake)", "Alertmanager", "loopwatch", "Collector", "Prometheus")
COMMAND = (sys.executable, "-m", "stack")


class Run:
    """One that runs, with what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process, self._said = process, said

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8")

    def children(self) -> list[int]:
        """The processes that it started and that are still there."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(number) for number in text.split()]


@pytest.fixture(name="run")
def _run(otelcol: Path, tmp_path: Path) -> Iterator[Run]:
    needs_programs()
    with _running(otelcol, tmp_path) as run:
        yield run


@contextmanager
def _running(otelcol: Path, folder: Path) -> Iterator[Run]:
    said = folder / "said"
    environment = {**os.environ, "LOOPWATCH_OTELCOL": str(otelcol)}
    command = [*COMMAND, "--once", "--free-ports", "--folder", str(folder / "stack")]
    with (
        said.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT, env=environment) as process,
    ):
        try:
            yield Run(process, said)
        finally:
            process.kill()


def test_it_says_where_everything_is_and_what_was_paged(run: Run, tmp_path: Path) -> None:
    """A line with a URL for each part, the pages after the fleet's run, exit code 0, and a log file for each part."""
    assert run.process.wait(RUN_S) == 0, run.said
    for part in PARTS:
        assert any(line.startswith(part) and f"http://{HOST}:" in line for line in run.said.splitlines())
    assert "4 pages for 4 critical sessions" in run.said
    assert "Nobody is told of: analyst, reporter" in run.said
    logs = {file.name for file in (tmp_path / "stack").glob("*.log")}
    assert {"events-api.log", "alertmanager.log", "loopwatch.log", "collector.log", "prometheus.log"} <= logs


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_it(run: Run, number: signal.Signals) -> None:
    """However it ends, its parts do, too."""
    until("the fleet", lambda: "The fleet runs" in run.said)
    children = until("every child", lambda: found if len(found := run.children()) > len(PARTS) else [])
    run.process.send_signal(number)
    assert run.process.wait(PATIENCE_S) == (130 if number is signal.SIGTERM else -number)
    until("all to be gone", lambda: not any(_lives(child) for child in children))


def test_a_part_that_dies_is_said(run: Run) -> None:
    """A part that ends by itself ends the stack, which names it, its exit code and its log."""
    until("the fleet", lambda: "The fleet runs" in run.said)
    (loopwatch,) = [child for child in run.children() if "serve" in _command(child)]
    os.kill(loopwatch, signal.SIGKILL)
    assert run.process.wait(PATIENCE_S) == 1
    assert "stack: loopwatch ended with exit code -9" in run.said
    assert "loopwatch.log" in run.said


def test_a_port_that_is_taken_is_said() -> None:
    """The sentence has the port, whose it is, and the option that chooses another."""
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        done = _ends("--free-ports", "--port", f"prometheus={port}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"stack: port {port} (prometheus) is taken")
    assert "--port prometheus=NUMBER" in done.stderr


def test_an_unknown_port_is_said() -> None:
    """Whoever mistypes a name is told the names."""
    with pytest.raises(BadPorts, match=r"no port named grafanna; there are .*prometheus"):
        chosen({"grafanna": 3000}, any_free=False)


def test_ports_of_ones_own_are_kept_beside_free_ones() -> None:
    """`--free-ports` leaves alone what was chosen, and gives no port twice."""
    (free,) = {chosen({}, any_free=True).prometheus}
    ports = chosen({"prometheus": free}, any_free=True)
    assert ports.prometheus == free
    assert len({ports.loopwatch_grpc, ports.loopwatch_http, ports.collector_http, ports.alertmanager, free}) == 5


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing, and how to get it, in one sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failed, match=r"there is no prometheus-alertmanager on the PATH: on Debian apt-get install"):
        parts.alertmanager(Ports(), tmp_path)
    monkeypatch.setenv("LOOPWATCH_PROMETHEUS", "/nowhere/prometheus")
    with pytest.raises(Failed, match="LOOPWATCH_PROMETHEUS names /nowhere/prometheus, which cannot be run"):
        parts.prometheus(Ports(), tmp_path)


def test_a_collector_that_cannot_be_run_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Not as the end of a part that nobody knows, after three others were started."""
    environment = {**os.environ, "LOOPWATCH_OTELCOL": "/nowhere/otelcol"}
    command = [*COMMAND, "--once", "--free-ports", "--folder", str(tmp_path / "stack")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("stack: LOOPWATCH_OTELCOL names /nowhere/otelcol, which cannot be run: set LOOPWATCH")
    assert done.stdout == ""


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """Only a folder that an earlier stack made is emptied."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Failed, match="holds other files: name an empty folder with --folder"):
        taken(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_folder_of_an_earlier_stack_is_emptied(tmp_path: Path) -> None:
    """Its logs and its journal would be mistaken for those of this one."""
    (tmp_path / "stack").mkdir()
    for name in (MARK, "loopwatch.log"):
        (tmp_path / "stack" / name).touch()
    folder = taken(tmp_path / "stack")
    assert [file.name for file in folder.iterdir()] == [MARK]


def test_a_folder_in_which_a_stack_runs_is_left_alone(tmp_path: Path) -> None:
    """Nobody empties the folder of a stack that runs."""
    (taken(tmp_path / "stack") / "loopwatch.log").touch()
    done = _ends("--free-ports", "--folder", str(tmp_path / "stack"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"stack: another stack runs in {tmp_path / 'stack'}")
    assert (tmp_path / "stack" / "loopwatch.log").exists()


def _ends(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _command(process: int) -> list[str]:
    return Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
