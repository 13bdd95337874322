"""How this program was called, for commands that it prints."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path


def invoked() -> str:
    """What stands before a sub-command, so that a printed line can be pasted into the shell that called this one.

    `loopwatch` where the shell finds this very program under that name, else its path: `make demo` runs it from a
    virtual environment that is not activated.
    """
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m loopwatch"
    if not program.exists():
        return program.name  # pip's launcher for Windows leaves out the .exe
    found = shutil.which(program.name)
    return program.name if found and program.samefile(found) else shlex.quote(sys.argv[0])
