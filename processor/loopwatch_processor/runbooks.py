"""`/runbooks/`: what to do about each alert and stop reason, readable on a phone; `/runbooks/NAME.md` is the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache, cached_property
from html import escape
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, normpath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from loopwatch_processor.shipped import shipped

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PATH = "/runbooks/"
FOLDER = "alert_rules/runbooks"
"""In the repository, and what links that leave it are relative to."""
INDEX = "README"
REPOSITORY_URL = "https://github.com/loopwatch/loopwatch/blob/main"
_MAX_NEAREST = 5
_SUFFIX = ".md"
# Nothing but our own text and style: no script, no picture, no form.
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--quiet:#57606a;--line:#d0d7de;--code:#f4f6f8;--link:#0b5cad}
@media (prefers-color-scheme:dark){
:root{--ink:#dde3ea;--paper:#11151a;--quiet:#97a1ac;--line:#333c46;--code:#1b2129;--link:#7cb7ff}}
*{box-sizing:border-box}html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0 auto;max-width:46rem;padding:.5rem 1rem 4rem;color:var(--ink);background:var(--paper);
font:17px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:break-word}
nav{display:flex;gap:1.25rem;padding:.5rem 0;border-bottom:1px solid var(--line)}
nav a{padding:.35rem 0}a{color:var(--link)}
h1{font-size:1.55rem;line-height:1.25;margin:1rem 0 .5rem}
h2{font-size:1.15rem;margin:1.6rem 0 .4rem;padding-top:.6rem;border-top:1px solid var(--line)}
p,ul,ol{margin:.5rem 0}ul,ol{padding-left:1.3rem}li{margin:.3rem 0}
code,pre{font:.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--code);border-radius:4px;padding:.1em .3em}
pre{background:var(--code);border:1px solid var(--line);border-radius:6px;padding:.7rem .8rem;overflow-x:auto}
pre code{background:none;padding:0}
table{display:block;overflow-x:auto;border-collapse:collapse;margin:.6rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border:1px solid var(--line)}
th{color:var(--quiet);font-weight:600}
"""


class RunbooksPage:
    """The page for `PATH` and all below it; `PATH` itself is the index.

    The texts are read when the first one is asked for: an installation without them still scores and pages.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def __call__(self, request: Request) -> Response:
        """The runbook that the path names, as HTML, or as it was written where the name ends in .md."""
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"allow": "GET, HEAD"})
        path: str = request.scope["path"]
        if not path.startswith(PATH):
            return RedirectResponse(PATH.strip("/") + "/")  # relative: a proxy may serve us under a path of its own
        name = path.removeprefix(PATH) or INDEX
        try:
            text = self._texts.get(name.removesuffix(_SUFFIX))
            names = tuple(self._texts)
        except OSError as missing:
            return PlainTextResponse(f"there are no runbooks here: {missing}\n", 404, _HEADERS)
        if text is None:
            return _unknown(name.removesuffix(_SUFFIX), names)
        if name.endswith(_SUFFIX):
            return PlainTextResponse(text, headers=_HEADERS, media_type="text/markdown")
        return HTMLResponse(page(name, text), headers=_HEADERS)

    @cached_property
    def _texts(self) -> dict[str, str]:
        folder = self._folder or shipped("alert_rules") / "runbooks"
        files = sorted(folder.rglob(f"*{_SUFFIX}"))
        return {file.relative_to(folder).with_suffix("").as_posix(): file.read_text("utf-8") for file in files}


def page(name: str, text: str) -> str:
    """The runbook *name* as one HTML page that needs nothing else; links in it lead to other pages like it."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    headings = list(_headings(tokens))
    for token, _, anchor in headings:
        token.attrSet("id", anchor)
    for token in _links(tokens):
        token.attrSet("href", _href(name, str(token.attrGet("href"))))
    title = headings[0][1] if headings else name
    body = markdown.renderer.render(tokens, markdown.options, {})
    return _framed(title, body, _up(name), f"{name.rpartition('/')[2]}{_SUFFIX}")


def anchors(text: str) -> list[str]:
    """The anchors of the headings in *text*, as GitHub names them."""
    return [anchor for _, _, anchor in _headings(_markdown().parse(text))]


def links(text: str) -> list[str]:
    """Where the links in *text* lead, as they are written."""
    return [str(token.attrGet("href")) for token in _links(_markdown().parse(text))]


@cache
def _markdown() -> MarkdownIt:
    # Late: its 62 modules are 20 ms of every start, and few processes are asked for a runbook.
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _headings(tokens: list[Token]) -> Iterator[tuple[Token, str, str]]:
    """Each heading's opening token, its words, and its anchor."""
    seen: Counter[str] = Counter()
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in inline.children or ())
            anchor = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            yield token, words, f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
            seen[anchor] += 1


def _links(tokens: list[Token]) -> Iterator[Token]:
    return (child for token in tokens for child in token.children or () if child.type == "link_open")


def _href(name: str, href: str) -> str:
    """*href*, written for files beside the runbook *name*, as it leads from that runbook's page."""
    parts = urlsplit(href)
    if parts.scheme or not parts.path:
        return href
    target = normpath(f"{dirname(name)}/{parts.path}".lstrip("/"))
    if target.startswith("../"):
        return parts._replace(path=f"{REPOSITORY_URL}/{normpath(f'{FOLDER}/{target}')}").geturl()
    short = parts.path.removesuffix(_SUFFIX)
    return parts._replace(path=f"{short.removesuffix(INDEX)}./" if short.endswith(INDEX) else short).geturl()


def _framed(title: str, body: str, up: str, own: str = "") -> str:
    """One whole page; *up* leads from it to `PATH`, *own* to its text."""
    text = f'<a href="{escape(own)}">As text</a>' if own else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} · loopwatch</title><style>{_STYLE}</style></head>\n"
        f'<body><nav><a href="{up}">All runbooks</a>{text}</nav>\n<main>\n{body}</main></body></html>\n'
    )


def _up(name: str) -> str:
    return "../" * name.count("/") or "./"


def _unknown(name: str, names: Iterable[str]) -> Response:
    """404, with what was probably meant."""
    items = "".join(
        f'<li><a href="{_up(name)}{escape(near)}">{escape(near)}</a></li>\n' for near in nearest(name, names)
    )
    meant = f"<p>Did you mean:</p>\n<ul>\n{items}</ul>\n" if items else ""
    body = f"<h1>No such runbook</h1>\n<p>There is none named <code>{escape(name[:100])}</code>.</p>\n{meant}"
    return HTMLResponse(_framed("No such runbook", body, _up(name)), 404, _HEADERS)


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """The runbooks among *names* that look most like *name*, by the last part of their path; the best comes first."""
    by_last = {known.rpartition("/")[2].lower(): known for known in names}
    word = name[:100].rpartition("/")[2].lower()
    close = get_close_matches(word, by_last, _MAX_NEAREST)
    holding = [last for last in by_last if word and word in last and last not in close]
    return [by_last[last] for last in (*close, *holding)][:_MAX_NEAREST]
