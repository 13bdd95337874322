"""An environment for each page, made on first use from what the page says to install, and kept."""

from __future__ import annotations

import os
import shutil
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
    packages = [word for requirement in requirements for word in _local(requirement)]
    wanted = "\n".join((sys.version, *packages))
    if installed.is_file() and installed.read_text() == wanted:
        return python
    made = _run(sys.executable, "-m", "venv", "--clear", str(folder))
    _settle(name, made or _run(str(python), "-m", "pip", "install", "-q", *packages))
    installed.write_text(wanted)
    return python


def node_modules_with(name: str, packages: tuple[str, ...]) -> Path:
    """The folder in whose ``node_modules`` *packages* are; skips and fails as `python_with` does."""
    folder = CACHE / name
    installed, wanted = folder / "installed.txt", "\n".join(packages)
    if not installed.is_file() or installed.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        command = (npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", *packages) if npm else ()
        _settle(name, _run(*command) if command else "there is no npm")
        installed.write_text(wanted)
    return folder


def _settle(name: str, fault: str) -> None:
    if not fault:
        return
    message = f"docs/connect/{name}.md: its packages cannot be installed: {fault}"
    if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _local(requirement: str) -> tuple[str, ...]:
    """loopwatch itself (`.` to who stands in a clone) is installed from this checkout, as it is at each run."""
    if requirement.startswith(".["):
        return "-e", str(REPOSITORY) + requirement.removeprefix(".")
    return (requirement,)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {INSTALL_LIMIT_S} s"
    return (done.stderr.strip().splitlines() or ["unknown error"])[-1] if done.returncode else ""
