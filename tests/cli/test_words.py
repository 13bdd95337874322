"""What the commands say of numbers, of their own name, and in which order they are listed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from loopwatch_processor.cli.counted import counted
from loopwatch_processor.cli.invoked import invoked
from loopwatch_processor.cli.main import COMMANDS


def test_one_thing_is_no_plural() -> None:
    """Neither is it `1 steps`, nor are many without a comma."""
    assert [counted(count, "step") for count in (0, 1, 2, 12345)] == ["0 steps", "1 step", "2 steps", "12,345 steps"]


def test_the_help_lists_the_commands_as_one_meets_them() -> None:
    """Also those that have commands of their own, which would come last."""
    done = subprocess.run([sys.executable, "-m", "loopwatch", "--help"], capture_output=True, text=True, check=True)
    assert tuple(re.findall(r"^│ ([a-z][a-z-]+) ", done.stdout, re.MULTILINE)) == COMMANDS


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named loopwatch, as this process was called."""
    file = tmp_path / "bin" / "loopwatch"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(file), "demo"])
    return file


def test_a_printed_command_has_the_short_name_where_the_shell_finds_it(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An activated environment has it on the PATH."""
    monkeypatch.setenv("PATH", str(program.parent))
    assert invoked() == "loopwatch"


def test_a_printed_command_has_the_path_where_the_shell_finds_none_or_another(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.venv-demo/bin/loopwatch demo` must not lead to another installation."""
    monkeypatch.setenv("PATH", "")
    assert invoked() == str(program)
    other = tmp_path / "other"
    other.mkdir()
    (other / "loopwatch").write_text("#!/bin/sh\n")
    (other / "loopwatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    assert invoked() == str(program)


@pytest.mark.parametrize("is_found", [True, False])
def test_a_printed_command_has_the_short_name_where_there_is_no_such_file(
    program: Path, monkeypatch: pytest.MonkeyPatch, is_found: bool
) -> None:
    """On Windows this process is called without the .exe that the file has."""
    monkeypatch.setenv("PATH", str(program.parent) if is_found else "")
    monkeypatch.setattr(sys, "argv", [str(program.parent / "away" / "loopwatch"), "demo"])
    assert invoked() == "loopwatch"


def test_a_printed_command_runs_the_module_where_that_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m loopwatch` has no program of its own."""
    monkeypatch.setattr(sys, "argv", ["/site-packages/loopwatch/__main__.py", "demo"])
    assert invoked() == f"{sys.executable} -m loopwatch"
