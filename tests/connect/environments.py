"""A virtual environment for each page, made on first use from the page's own ``pip install`` lines and kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "loopwatch" / "connect"
INSTALL_LIMIT_S = 600


def python_with(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of the environment *name* that holds *requirements*.

    Skips the test where they cannot be installed; fails it where LOOPWATCH_REQUIRE_STACK=1.
    """
    folder = CACHE / name
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join((sys.version, *requirements))
    if installed.is_file() and installed.read_text() == wanted:
        return python
    made = _run(sys.executable, "-m", "venv", "--clear", str(folder))
    wanted_by_pip = [word for requirement in requirements for word in _local(requirement)]
    made = made or _run(str(python), "-m", "pip", "install", "-q", *wanted_by_pip)
    if made:
        message = f"docs/connect/{name}.md: its packages cannot be installed: {made}"
        if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
            pytest.fail(message)
        pytest.skip(message)
    installed.write_text(wanted)
    return python


def _local(requirement: str) -> tuple[str, ...]:
    """loopwatch itself is installed from this checkout, as it is at each run."""
    if requirement.startswith("loopwatch"):
        return "-e", str(REPOSITORY) + requirement.removeprefix("loopwatch")
    return (requirement,)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {INSTALL_LIMIT_S} s"
    return (done.stderr.strip().splitlines() or ["unknown error"])[-1] if done.returncode else ""
