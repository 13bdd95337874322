"""Text from spans made harmless, and rows of it that fit a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.harmless import harmless

_LEAST_CELLS = 12
"""Of a column that gives way before another column is left out."""
_MOST_CELLS = 64
"""Of any column: senders choose names, and choose long ones."""
_PIPE_CELLS = 10_000
"""Width where nobody looks: lines stay whole for grep."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, with the cells of all rows."""

    title: str
    cells: Sequence[str]
    is_number: bool = False
    gives_way: bool = False
    """Whether its cells may be cut where the terminal is narrow."""
    keeps_end: bool = False
    """Whether the end of a cell tells it from others as well as the beginning, as with keys."""
    dispensable: int = 0
    """The column with the highest is left out first where cutting is not enough; 0: never."""

    @property
    def gap(self) -> int:
        """Cells before it; numbers stand at its right end, so one is enough for them."""
        return 1 if self.is_number else 2

    @property
    def width(self) -> int:
        """Cells that it would like to have."""
        return min(_MOST_CELLS, max(cell_len(harmless(cell)) for cell in (self.title, *self.cells)))

    @property
    def least(self) -> int:
        """Cells that it needs."""
        return min(self.width, _LEAST_CELLS) if self.gives_way else self.width


def width_of(console: Console) -> int:
    """Cells of a line: the terminal's, or what COLUMNS says; no bound in a pipe."""
    return console.width if console.is_terminal or "COLUMNS" in os.environ else _PIPE_CELLS


def rows(columns: Sequence[Column], width: int) -> Iterator[Text]:
    """The titles in bold, and each row as one line of at most *width* cells."""
    shown = _kept(columns, width)
    widths = _widths(shown, width)
    for index in range(-1, len(shown[0].cells)):
        cells = [column.title if index < 0 else column.cells[index] for column in shown]
        line = "".join(_fitted(*item) for item in zip(cells, widths, shown, strict=True))[shown[0].gap :].rstrip()
        line = set_cell_size(line, width) if cell_len(line) > width else line
        yield Text(line, "bold" if index < 0 else "", no_wrap=True, overflow="ignore")


def wrapped(console: Console, text: Text, indent: str = "") -> list[Text]:
    """*text* in lines of the console's width, each behind *indent*."""
    lines = text.wrap(console, max(1, width_of(console) - len(indent)))
    for line in lines:
        line.rstrip()
        line.no_wrap, line.overflow = True, "ignore"
    return [Text.assemble(indent, line, no_wrap=True, overflow="ignore") for line in lines]


def _kept(columns: Sequence[Column], width: int) -> list[Column]:
    kept = list(columns)
    while sum(column.least for column in kept) + _gaps(kept) > width:
        first = max(kept, key=lambda column: column.dispensable)
        if not first.dispensable:
            break
        kept.remove(first)
    return kept


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """What each column gets: those that give way share what the others leave, the wider ones giving more."""
    widths = [column.width for column in columns]
    over = sum(widths) + _gaps(columns) - width
    while over > 0:
        movable = [index for index, column in enumerate(columns) if widths[index] > column.least]
        if not movable:
            break
        widths[max(movable, key=widths.__getitem__)] -= 1
        over -= 1
    return widths


def _gaps(columns: Sequence[Column]) -> int:
    return sum(column.gap for column in columns[1:])


def _fitted(cell: str, width: int, column: Column) -> str:
    shown = _cut(harmless(cell), width, column.keeps_end)
    padding = " " * (width - cell_len(shown))
    return " " * column.gap + (padding + shown if column.is_number else shown + padding)


def _cut(text: str, width: int, keeps_end: bool) -> str:
    if cell_len(text) <= width:
        return text
    end = chop_cells(text[::-1], width // 3)[0][::-1] if keeps_end else ""
    return set_cell_size(text, width - 1 - cell_len(end)).rstrip() + "…" + end
