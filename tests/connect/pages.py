"""What a page of docs/connect says: the packages to install, and the code to run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.connect.environments import REPOSITORY

FOLDER = REPOSITORY / "docs" / "connect"
_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def text(page: str) -> str:
    """The page's Markdown."""
    return Path(FOLDER / f"{page}.md").read_text()


def requirements(page: str, installer: str = "pip") -> tuple[str, ...]:
    """Everything that the page's ``pip install`` (or ``npm install``) lines name."""
    lines = [line for code in blocks(page, "sh") for line in code.replace("\\\n", " ").splitlines()]
    wanted = [word for line in lines if line.startswith(f"{installer} install ") for word in shlex.split(line)[2:]]
    return tuple(dict.fromkeys(wanted))


def code(page: str, variant: str, language: str = "python") -> str:
    """The one block of the page that is marked ``python connect``, with *variant* after it where there are several."""
    marked = f"{language} connect {variant}".strip()
    found = blocks(page, marked)
    assert len(found) == 1, f"{page}.md has {len(found)} blocks marked {marked!r}"
    return found[0]


def blocks(page: str, info: str) -> list[str]:
    """The fenced blocks of the page whose info string is *info*."""
    return [match["code"] for match in _FENCE.finditer(text(page)) if match["info"].strip() == info]
