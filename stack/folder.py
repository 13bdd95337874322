"""The folder of logs and state: ours alone, and emptied at every start."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

from stack.process import Failed

MARK = "stack.mark"
"""Lies in a folder that is ours to empty, and is locked while a stack runs there."""


def taken(folder: Path) -> Path:
    """*folder*, new, and ours until this process ends; of what lay there only an earlier stack's is removed.

    Raises:
        Failed: another stack runs there, there is something else in it, or it cannot be made.
    """
    folder = folder.resolve()
    try:
        if (folder / MARK).is_file():
            os.close(_locked(folder))
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Failed(f"{folder} holds other files: name an empty folder with --folder")
        (folder / MARK).touch()
        _locked(folder)
    except BlockingIOError:
        raise Failed(f"another stack runs in {folder}: name another folder with --folder") from None
    except OSError as error:
        raise Failed(f"{folder} cannot be used: {error.strerror}") from None
    return folder


def _locked(folder: Path) -> int:
    """The lock's descriptor; whoever does not close it keeps the lock."""
    mark = os.open(folder / MARK, os.O_RDWR)
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return mark
