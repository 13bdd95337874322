"""The hook of the build: with `LOOPWATCH_COMPILE=1` a wheel has the hot path compiled, for this Python and machine.

Without it nothing is compiled, and the wheel is for any.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "LOOPWATCH_COMPILE"
_TOOLS = ["mypy[mypyc]>=2.4,<3", "types-protobuf"]


class CompiledHotPath(BuildHookInterface[Any]):
    """Compiles what `native/modules.py` lists."""

    def dependencies(self) -> list[str]:
        """What building needs beyond hatchling: mypyc, and what types are read from."""
        if os.environ.get(SWITCH) != "1":
            return []
        extras = self.metadata.core.optional_dependencies["processor"]
        return [*_TOOLS, *self.metadata.core.dependencies, *extras]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put what was compiled beside its source, from where Python takes it first."""
        if self.target_name != "wheel" or version == "editable" or os.environ.get(SWITCH) != "1":
            return
        sys.path.insert(0, self.root)
        from native.build import build

        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        made = build(folder / "made", folder / "scratch")
        build_data["force_include"] |= {str(folder / "made" / path): str(path) for path in made}
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Nothing of the build is left behind."""
        if folder := getattr(self, "_folder", None):
            folder.cleanup()
