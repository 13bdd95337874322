"""The OpenTelemetry Collector that the tests run: found, or built once with Go into a cache outside the tree.

`python tests/stack/collector.py` builds it (some minutes) and prints its path. The tests themselves only look.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

MANIFEST = Path(__file__).with_name("collector-builder.yaml")
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.153.0"
HOW = "set LOOPWATCH_OTELCOL to a Collector, or build one with Go: python tests/stack/collector.py"


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
    folder.mkdir(parents=True, exist_ok=True)
    _run(folder, "go", "install", BUILDER)
    # The builder's own way to the modules asks for those of their tests too, which no build needs and not every
    # proxy has; "go build" asks for what it compiles.
    generate = ("--skip-get-modules", "--skip-compilation", f"--config={MANIFEST}")
    _run(folder, str(folder / "builder"), *generate)
    _run(folder / "build", "go", "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", "otelcol", ".")
    # Renamed last: a build that was interrupted is not found.
    (folder / "build" / "otelcol").rename(target)
    return target


def _run(folder: Path, *command: str) -> None:
    environment = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
    subprocess.run(command, check=True, cwd=folder, env=environment)


if __name__ == "__main__":
    sys.stdout.write(f"{find() or build()}\n")
