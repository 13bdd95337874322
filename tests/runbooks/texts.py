"""The runbooks as tests see them: their names, headings and fenced blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "alert_rules" / "runbooks"
FILES = sorted(FOLDER.rglob("*.md"))
NAMES = [file.relative_to(FOLDER).with_suffix("").as_posix() for file in FILES]


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    runbook: str
    line: int
    """Of its fence, from 1."""
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.runbook}:{self.line}"


def text_of(name: str) -> str:
    """The runbook *name* as it is written."""
    return (FOLDER / f"{name}.md").read_text("utf-8")


def blocks(language: str) -> Iterator[Block]:
    """The fenced blocks of all runbooks in *language*."""
    return (block for name in NAMES for block in _blocks(name) if block.language == language)


def languages() -> set[str]:
    """Every language that some fenced block names."""
    return {block.language for name in NAMES for block in _blocks(name)}


def headings(name: str, level: str = "h2") -> list[str]:
    """The headings of the runbook *name*, in order."""
    tokens = MarkdownIt().parse(text_of(name))
    return [
        following.content
        for token, following in pairwise(tokens)
        if token.type == "heading_open" and token.tag == level
    ]


def _blocks(name: str) -> Iterator[Block]:
    for token in MarkdownIt().parse(text_of(name)):
        if token.type == "fence":
            assert token.map is not None
            yield Block(name, token.map[0] + 1, token.info.strip(), token.content)
