"""The promtool of the newest Prometheus, built once with Go into a cache outside the tree.

`python tests/alert_rules/promtools.py` builds it (five minutes) and prints its path. The tests themselves only look.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

MODULE = "github.com/prometheus/prometheus"
VERSION = "v0.314.0"
HOW = "set LOOPWATCH_PROMTOOL to one, or build it with Go: python tests/alert_rules/promtools.py"
_IMPORTS = f"""//go:build tools

package tools

import _ "{MODULE}/cmd/promtool"
"""


def cached() -> Path:
    """Where it is, once it is built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "loopwatch" / f"promtool-{VERSION}" / "promtool"


def find() -> Path | None:
    """The one to use: $LOOPWATCH_PROMTOOL, or the one built before."""
    named = os.environ.get("LOOPWATCH_PROMTOOL")
    if named:
        return Path(named)
    return cached() if cached().is_file() else None


def build() -> Path:
    """Build it; its path.

    Raises:
        subprocess.CalledProcessError: Go failed; it said why on standard error.
    """
    target = cached()
    folder = target.parent / "build"
    folder.mkdir(parents=True, exist_ok=True)
    # "go install" refuses a module that replaces others, so a module of our own requires it and replaces the same.
    (folder / "go.mod").write_text(f"module tools\n\n{_replacements(folder)}\n", "utf-8")
    (folder / "tools.go").write_text(_IMPORTS, "utf-8")
    package = f"{MODULE}/cmd/promtool"
    _run(folder, "go", "get", f"{package}@{VERSION}")
    _run(folder, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", "promtool", package)
    # Renamed last: a build that was interrupted is not found.
    (folder / "promtool").rename(target)
    return target


def _replacements(folder: Path) -> str:
    command = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    theirs = Path(json.loads(answer.stdout)["GoMod"]).read_text("utf-8")
    return "\n".join(re.findall(r"^replace .*=>.*$", theirs, re.MULTILINE))


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "CGO_ENABLED": "0"})


if __name__ == "__main__":
    sys.stdout.write(f"{find() or build()}\n")
