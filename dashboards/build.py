"""Writes the dashboards' JSON: `python -m dashboards.build`; with --check it only says which files are out of date."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from dashboards.boards import context, fleet, itself, jobs, loops, money, streams
from dashboards.frame import render

FOLDER = Path(__file__).parent
BOARDS = tuple(board.BOARD for board in (fleet, loops, context, streams, money, jobs, itself))


def rendered() -> Mapping[Path, str]:
    """What every file must hold."""
    return {FOLDER / f"{board.uid}.json": render(board) for board in BOARDS}


def main(arguments: list[str]) -> int:
    """Write the files, or with --check compare them; 1 where one is out of date."""
    files = rendered()
    if arguments == ["--check"]:
        stale = [path.name for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
        sys.stdout.writelines(f"{name} is out of date: run python -m dashboards.build\n" for name in stale)
        return 1 if stale else 0
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
