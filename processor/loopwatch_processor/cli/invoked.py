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
    program = sys.argv[0]
    if Path(program).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m loopwatch"
    found = shutil.which(Path(program).name)
    return Path(program).name if found and Path(found).samefile(program) else shlex.quote(program)
