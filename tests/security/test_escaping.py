"""Names that agents choose, in every place where they are shown: nothing in them acts, hides or breaks a line."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from loopwatch_processor.config.incidents import Links
from loopwatch_processor.notify.chat import ChatWriter
from loopwatch_processor.notify.events import EventWriter
from loopwatch_processor.notify.page import headline
from loopwatch_processor.notify.standing_alerts import StandingAlerts
from loopwatch_processor.runbooks import PATH, RunbooksPage
from loopwatch_processor.session_pages import to_json
from loopwatch_processor.sinks.jsonlines import JsonLinesSink
from loopwatch_processor.sinks.log import LogSink
from loopwatch_processor.sinks.prometheus import MetricsPage
from loopwatch_processor.telemetry import Telemetry, table
from tests.notify.incidents import snapshot
from tests.sinks.findings import raised

_PIECES = (
    *("<script>alert(1)</script>", "<!channel>", "@here", "[x](https://evil.example)", "`", "*", "&", '"', "'", "\\"),
    *(
        "\n",
        "\r",
        "\t",
        "\x00",
        "\x1b[2J",
        "\x1b]0;x\x07",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u2028",
        "\u200b",
        "{}",
        "%s",
    ),
)
names = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
_ACTING = "\x00\x07\x1b\x9b\r\u202e\u2066\u2028\u2029"
"""What moves a cursor, turns the direction of text, or ends a line."""


def is_harmless(text: str, *, lines: bool = False) -> bool:
    """Whether nothing in *text* acts on a terminal or a reader; *lines*: it may have several."""
    return not any(char in text for char in _ACTING) and (lines or "\n" not in text)


def texts(value: Any) -> list[str]:
    """Every text in *value*, keys too."""
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in texts(item))]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def fields(name: str) -> dict[str, str]:
    """*name* wherever an agent has a say."""
    return {"agent": name, "service": name, "environment": name, "session_key": name, "summary": f"Called {name}."}


@settings(deadline=None)
@given(names)
def test_a_log_line_stays_one_line_of_ascii(name: str) -> None:
    """JSON says everything else by escapes; so do the lines of findings."""
    log = StringIO()
    LogSink(file=log).emit(raised(**fields(name)))
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["agent"] == name
    assert is_harmless(line)
    assert line.isascii()


def test_a_line_of_findings_is_ascii(tmp_path: Path) -> None:
    """Whatever the names hold."""
    name = "".join(_PIECES)
    JsonLinesSink(str(tmp_path / "findings")).emit(raised(**fields(name)))
    (line,) = (tmp_path / "findings").read_text("ascii").splitlines()
    assert json.loads(line)["session"] == name
    assert is_harmless(line)


@settings(deadline=None)
@given(names)
def test_a_session_page_is_ascii_that_no_browser_reads_as_html(name: str) -> None:
    """Written as JSON, and served as JSON with nosniff."""
    written = to_json({"session": name, name: [name]})
    assert json.loads(written)["session"] == name
    assert is_harmless(written)
    assert written.isascii()


@settings(deadline=None)
@given(names)
def test_a_page_has_no_text_that_acts(name: str) -> None:
    """PagerDuty shows text as text; control characters and changes of direction are spelt out."""
    event = EventWriter(Links()).trigger(snapshot(**fields(name)))
    shown = [text for text in texts(event["payload"]) if text != event["dedup_key"]]
    assert all(is_harmless(text) for text in shown), shown


@settings(deadline=None)
@given(names)
def test_a_chat_calls_nobody_and_hides_no_link(name: str) -> None:
    """What Slack and Markdown act on looks alike and does nothing; links are our own, and escaped."""
    message = ChatWriter(Links()).trigger(snapshot(**fields(name)))
    for line in (message["title"], *message["body"].split("\n")):
        ours = line.startswith(("Runbook: ", "Cancel the run"))
        assert is_harmless(line)
        assert ours or not any(char in line for char in "<>@[]`"), line


@settings(deadline=None)
@given(names)
def test_an_alert_has_labels_and_annotations_that_do_not_act(name: str) -> None:
    """Alertmanager hands them on to whoever it tells."""
    ((alert,), _) = StandingAlerts(lambda: [snapshot(**fields(name))], Links(), 60).read(0)
    assert all(is_harmless(value) for _, value in (*alert.labels, *alert.annotations))


@settings(deadline=None)
@given(names)
def test_a_label_can_be_read_back(name: str) -> None:
    """No name breaks a line of /metrics, or out of its quotation marks."""
    telemetry = Telemetry()
    telemetry.failed("detector", name)
    page = asyncio.run(_page(MetricsPage(telemetry)))
    families = {family.name: family for family in text_string_to_metric_families(page)}
    found = [sample.labels["name"] for sample in families[table.SCORING_FAILURES.name].samples]
    assert any(is_harmless(each) for each in found)
    assert is_harmless(page, lines=True)


async def _page(page: Any) -> str:
    response = page(Request({"type": "http", "method": "GET", "path": "/metrics", "headers": [], "query_string": b""}))
    return bytes((await response if asyncio.iscoroutine(response) else response).body).decode()


@settings(deadline=None)
@given(names)
def test_a_runbook_that_does_not_exist_is_named_without_its_markup(name: str) -> None:
    """The only HTML in which a caller's text stands."""
    answer = RunbooksPage()(Request({"type": "http", "method": "GET", "path": PATH + name, "headers": []}))
    body = bytes(answer.body).decode()
    assert "<script" not in body
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@settings(deadline=None)
@given(names)
def test_a_headline_is_one_line(name: str) -> None:
    """The title of every page."""
    assert is_harmless(headline(snapshot(**fields(name))))
