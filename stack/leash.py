"""Becomes another program, which the kernel ends when the stack does: `python leash.py PARENT PROGRAM ARGUMENTS…`.

A program of its own, because what runs between fork and exec of a process with threads may hang.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, program: str, *arguments: str) -> None:
    """Become *program*, for as long as the process *parent* lives; elsewhere than on Linux, for longer."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit(1)  # it ended before the kernel was asked
    os.execvp(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
