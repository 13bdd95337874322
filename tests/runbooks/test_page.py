"""The runbooks as loopwatch serves them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor import runbooks
from loopwatch_processor.runbooks import PATH, REPOSITORY_URL, RunbooksPage, nearest, page
from tests.runbooks.texts import NAMES, ROOT, text_of

BASE = "http://loopwatch:4318"


class Found(HTMLParser):
    """The anchors and links of a page, and everything it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids.add(found.get("id") or "")
        self.links.extend(href for href in (found.get("href"),) if href is not None)


def get(path: str, served: RunbooksPage | None = None, method: str = "GET") -> Response:
    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    return (served or RunbooksPage())(Request(scope))


def text(response: Response) -> str:
    return bytes(response.body).decode()


def test_a_runbook_is_a_page_of_its_own() -> None:
    """Readable on a phone, with nothing to load, no script, and a way to all the others."""
    response = get("/runbooks/AgentLoop")
    html = text(response)
    found = Found(html)

    assert (response.status_code, response.media_type) == (200, "text/html")
    assert "<h1" in html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme:dark" in html
    assert found.tags.isdisjoint({"script", "link", "img", "iframe", "form"})
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert {"./", "AgentLoop.md"} <= set(found.links)


def test_the_text_is_served_as_it_was_written() -> None:
    """At the name with .md, for terminals."""
    response = get("/runbooks/AgentLoop.md")

    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert text(response) == text_of("AgentLoop")


def test_the_path_itself_is_the_index() -> None:
    """With the slash; without it one is sent there, below whatever path a proxy gave us."""
    assert "<h1" in text(get(PATH))

    redirect = get("/runbooks")
    assert urljoin(f"{BASE}/loopwatch/runbooks", redirect.headers["location"]) == f"{BASE}/loopwatch{PATH}"


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    """To another page, to a heading on it, or to the repository's files."""
    served = RunbooksPage()
    here = PATH if name == "README" else f"{PATH}{name}"
    for href in Found(text(get(here, served))).links:
        target = urlsplit(urljoin(BASE + here, href))
        if target.geturl().startswith(REPOSITORY_URL):
            assert (ROOT / target.geturl().removeprefix(f"{REPOSITORY_URL}/").partition("#")[0]).is_file()
        elif f"{target.scheme}://{target.netloc}" == BASE:
            there = get(target.path, served)
            assert there.status_code == 200, href
            assert not target.fragment or target.fragment in Found(text(there)).ids, href


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """404, and the links work from where one is."""
    response = get("/runbooks/AgentLop")
    (link,) = [href for href in Found(text(response)).links if href.endswith("AgentLoop")]

    assert response.status_code == 404
    assert get(urlsplit(urljoin(f"{BASE}/runbooks/AgentLop", link)).path).status_code == 200


def test_an_unknown_stop_reason_is_answered_with_the_nearest() -> None:
    """Also one folder below."""
    names = ("AgentLoop", "stop-reasons/loop_detected", "stop-reasons/tool_failed")

    assert "stop-reasons/loop_detected" in nearest("stop-reasons/loop", names)
    assert nearest("TOOL_FALED", names) == ["stop-reasons/tool_failed"]
    assert nearest("zzz", names) == []


@pytest.mark.parametrize(
    "path", ["/runbooks/../../README.md", "/runbooks//etc/passwd", "/runbooks/..", "/runbooks/x" * 99]
)
def test_no_other_file_can_be_reached(path: str) -> None:
    """Names are looked up, never opened."""
    assert get(path).status_code == 404


def test_what_was_asked_for_is_shown_harmlessly() -> None:
    """A name is text, also where it looks like markup."""
    assert "<script" not in text(get("/runbooks/<script>alert(1)</script>"))


def test_runbooks_are_read_and_not_written() -> None:
    """GET and HEAD only."""
    assert get("/runbooks/AgentLoop", method="POST").status_code == 405
    assert get("/runbooks/AgentLoop", method="HEAD").status_code == 200


def test_an_installation_without_runbooks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """In words; what else the service does goes on."""

    def lacking(folder: str) -> Path:
        raise FileNotFoundError(f"lacks {folder}")

    monkeypatch.setattr(runbooks, "shipped", lacking)
    response = get("/runbooks/AgentLoop")

    assert response.status_code == 404
    assert "lacks alert_rules" in text(response)


def test_markup_in_a_runbook_stays_text() -> None:
    """What a fork adds cannot run anything."""
    html = page("x", "# A\n\n<script>alert(1)</script> [b](javascript:alert(1))\n")

    assert "<script" not in html
    assert 'href="javascript' not in html


def test_headings_have_the_anchors_of_github() -> None:
    """So that one link serves there and here."""
    html = page("x", "# One `two`, three!\n\n## Again\n\n## Again\n")

    assert re.findall(r'<h\d id="([^"]+)"', html) == ["one-two-three", "again", "again-1"]
