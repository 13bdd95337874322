"""Ctrl-C at any time: exit code 130, the terminal left clean, nothing claimed that is not known."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from loopwatch_processor.demo.agents import SCRIPTS
from loopwatch_processor.demo.outcome import outcomes
from loopwatch_processor.finding import Finding, RaisedFinding, Severity
from loopwatch_processor.session import Session
from tests.stack.processes import PATIENCE_S, until

INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *rest):
        if name == "loopwatch_processor.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from loopwatch.__main__ import main
main()
"""


def test_ctrl_c_ends_the_imports_without_a_traceback() -> None:
    """They take long enough for a person to change her mind."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, timeout=60, check=False)

    assert done.returncode == 130
    assert done.stderr == b""


def test_ctrl_c_ends_a_replay_without_a_traceback(tmp_path: Path) -> None:
    """And not with the exit code that says that something critical was found."""
    os.mkfifo(tmp_path / "spans.jsonl")
    command = [sys.executable, "-m", "loopwatch", "replay", str(tmp_path / "spans.jsonl")]
    replay = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with (tmp_path / "spans.jsonl").open("wb"):  # opens when the replay does
        replay.send_signal(signal.SIGINT)
        out, err = replay.communicate(timeout=60)

    assert replay.returncode == 130
    assert (out, err) == (b"", b"")


def test_a_pipe_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    """As with `| head -1`."""
    (tmp_path / "spans.jsonl").write_text(json.dumps({"resourceSpans": []}))
    for arguments in (["replay", "-f", "json"], ["replay"], ["doctor"], ["doctor", "-f", "json"]):
        command = [sys.executable, "-m", "loopwatch", *arguments, str(tmp_path / "spans.jsonl")]
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(writer)
        assert done.stderr == b"", arguments


def test_a_stopped_demo_claims_nothing() -> None:
    """Ctrl-C goes to all processes of a terminal: the agents leave no traceback, and none is called missed."""
    command = [sys.executable, "-m", "loopwatch", "demo", "--once"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert demo.stdout is not None
    url = demo.stdout.readline().decode().split()[3]
    until("the first agent to be heard", lambda: httpx.get(f"{url}/doctor", timeout=PATIENCE_S).json()["sources"])
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert err == b""
    assert "✗" not in out.decode()
    assert b"Stopped before the agents had finished." in out


def raised(session: Session, detector: str, pattern: str) -> None:
    finding = Finding(detector, pattern, Severity.WARNING, 1.0, "loop_detected", "x")
    session.keep(RaisedFinding(finding, session.key, "", "", "", "", "", "", step=1, at_ns=0))


def test_ping_pong_counts_as_found_only_where_the_exchange_is_named() -> None:
    """An exact loop inside one of the two agents is another failure."""
    session = Session("supervisor")
    index = [script.name for script in SCRIPTS].index("supervisor")
    raised(session, "loop", "exact")
    assert not outcomes({"supervisor": session})[index].is_right
    raised(session, "loop", "ping_pong")
    assert outcomes({"supervisor": session})[index].is_right
