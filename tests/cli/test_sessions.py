"""`loopwatch sessions` as a person uses it: live, from the journal, and when there is neither."""

from __future__ import annotations

import io
import json
import re
import shlex
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli import sessions as command
from loopwatch_processor.cli.story_table import lines
from loopwatch_processor.config import Config
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.incident import Told
from loopwatch_processor.journal import sessions as kept
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.prices import Prices
from loopwatch_processor.session_pages import SessionPages
from loopwatch_processor.story import Stories
from loopwatch_processor.storyline import story
from tests.receive.harness import receivers
from tests.test_pipeline import HEALTHY, STEPS, STUCK, TURN, body, span, work
from tests.test_session_pages import snapshot

STORIES = Stories(Prices().window)
OPEN_STORIES = Stories(Prices().window, with_text=True)
SECRET = "hunter2hunter2"
NASTY = "x\x1b[31m\x9b2J[bold]y\u202e\nz%2Fe"
RUNBOOK = "https://github.com/loopwatch/loopwatch/blob/main/alert_rules/runbooks/"


def scorer_of(*named: tuple[str, str]) -> Pipeline:
    """One session a pair of (key, query), each two hours after the one before."""
    scorer = build_pipeline(Config())
    for trace, (key, query) in enumerate(named, 1):
        scorer.feed_traces(body(work(query, trace=trace, at_s=7200.0 * trace, conversation__id=key)), float(trace))
    return scorer


def keep(scorer: Pipeline, stories: Stories = STORIES) -> Journal:
    """Write every session into the journal that a service of this user has by default."""
    journal = Journal(JournalSettings())
    journal.open()
    with journal.writing() as connection:
        for session in scorer.sessions.open.values():
            kept.save(connection, *stories.rows(session), 100.0, max_steps=100)
    journal.close()
    return journal


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.app, arguments, env={"COLUMNS": "140"})


def refusal(*arguments: str) -> str:
    """What `loopwatch` says in one sentence before it ends with 2."""
    done = run(*arguments)
    assert isinstance(done.exception, LoopwatchError), done.output
    return str(done.exception)


@pytest.fixture
def nowhere() -> str:
    """A URL at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Serves the pages of a scorer on a real port: returns the URL."""
    running = []

    def serve(scorer: Pipeline, stories: Stories = STORIES) -> str:
        context = receivers(extra_routes=SessionPages(scorer.sessions, stories).pages)
        running.append(context)
        return context.__enter__().url

    yield serve
    for context in running:
        context.__exit__(None, None, None)


def test_a_line_a_session_of_a_running_service(served: Callable[..., str]) -> None:
    """The newest first, with what was found in them."""
    url = served(scorer_of(("calm", HEALTHY), ("stuck", STUCK)))
    titles, *told = run("--url", url).stdout.splitlines()

    assert titles.split() == ["session", "agent", "steps", "tools", "tokens", "cost", "age", "state", "found"]
    assert [line.split()[0] for line in told] == ["stuck", "calm"]
    assert re.search(r" 24 +12 +1,320 +\$0\.\d{4} +\d+d +open +critical: loop", told[0])
    assert "critical" not in told[1]


def test_json_is_one_object_a_session(served: Callable[..., str]) -> None:
    """With the same filters as the table."""
    url = served(scorer_of(("calm", HEALTHY), ("stuck", STUCK)))
    found = [json.loads(line) for line in run("--url", url, "-f", "json").stdout.splitlines()]
    (looping,) = run("--url", url, "-f", "json", "--finding", "loop", "--open", "--limit", "1").stdout.splitlines()

    assert [session["session"] for session in found] == ["stuck", "calm"]
    assert json.loads(looping) == found[0]
    assert run("--url", url, "--agent", "nobody").stdout == "No session is like that.\n"
    assert "There are more: --limit 2" in run("--url", url, "--limit", "1").stdout


def test_a_detector_that_does_not_exist_is_named(nowhere: str) -> None:
    """An empty list would be taken for health."""
    assert "no detector 'lop', did you mean loop?" in refusal("--url", nowhere, "--finding", "lop")


def test_no_sessions_is_no_fault(served: Callable[..., str]) -> None:
    """A service that has just been started has none."""
    assert run("--url", served(scorer_of())).stdout == "There are no sessions yet.\n"


def test_a_session_step_by_step(served: Callable[..., str]) -> None:
    """Facts, steps with their likeness, the finding right below its step, and where to go on."""
    scorer = scorer_of(("stuck", STUCK))
    scorer.feed_traces(body([span("invoke_agent", 1, 500.0, conversation__id="stuck")]), 9.0)
    done = run("show", "stu", "--url", served(scorer))
    told = done.stdout.splitlines()

    assert told[0] == "session stuck"
    assert "24 steps (12 tool calls) · 1,320 tokens" in told[2]
    assert told[2].endswith("completed")
    rows = {line.split()[0]: number for number, line in enumerate(told) if re.match(r" *\d+ ", line)}
    assert len(rows) == 2 * STEPS
    assert re.search(r"search.* 1\.00 #2 +same", told[rows["4"]])
    (finding,) = [number for number, line in enumerate(told) if "critical loop/exact" in line]
    step = max(number for number in rows.values() if number < finding)
    assert "search" in told[step]
    assert f"Runbook: {RUNBOOK}AgentLoop.md" in told
    assert "Mute:    loopwatch mute --agent researcher --detector loop --for 2h" in told


def test_the_command_to_mute_means_this_agent_alone(served: Callable[..., str]) -> None:
    """A name is no pattern, and no part of it is the shell's."""
    name = "it's [v2]*"
    scorer = build_pipeline(Config())
    scorer.feed_traces(body(work(STUCK, conversation__id="stuck", agent__name=name)), 1.0)
    told = run("show", "stuck", "--url", served(scorer)).stdout
    written = shlex.split(next(line for line in told.splitlines() if line.startswith("Mute:")))
    pattern = written[written.index("--agent") + 1]

    assert fnmatchcase(name, pattern)
    assert not fnmatchcase("it's v more", pattern)


def test_a_healthy_session_has_nothing_to_do_next(served: Callable[..., str]) -> None:
    """Neither a runbook nor a finding."""
    told = run("show", "calm", "--url", served(scorer_of(("calm", HEALTHY)))).stdout

    assert "→" not in told
    assert "Runbook" not in told
    assert len(re.findall(r"(?m)^ *\d+ ", told)) == 2 * STEPS


def test_a_run_that_ended_badly_leads_to_the_runbook_of_its_stop_reason(served: Callable[..., str]) -> None:
    """Also where no detector found anything."""
    scorer = build_pipeline(Config())
    failed = span("invoke_agent", 1, 500.0, conversation__id="failed")
    failed.attributes.add(key="loopwatch.stop_reason").value.string_value = "max_tokens"
    failed.attributes.add(key="error.type").value.string_value = "RuntimeError"
    scorer.feed_traces(body([*work(HEALTHY, conversation__id="failed"), failed]), 0.0)
    (session,) = scorer.sessions.open.values()
    told = run("show", "failed", "--url", served(scorer)).stdout

    assert session.stop_reason not in ("completed", None)
    assert f"Runbook: {RUNBOOK}stop-reasons/{session.stop_reason}.md" in told


def test_live_and_journal_tell_the_same(served: Callable[..., str]) -> None:
    """Line by line; only `--journal` needs no service."""
    scorer = scorer_of(("stuck", STUCK))
    url = served(scorer)
    keep(scorer)

    assert run("show", "stuck", "--url", url).stdout == run("show", "stuck", "--journal").stdout
    assert run("--url", url, "-f", "json").stdout == run("--journal", "-f", "json").stdout
    live, kept_story = (
        json.loads(run("show", "stuck", *where, "-f", "json").stdout) for where in (("--url", url), ("--journal",))
    )
    assert {key: value for key, value in live.items() if key != "journal"} == kept_story


def test_without_a_service_the_journal_answers_and_it_says_so(nowhere: str) -> None:
    """On standard error, so that what is piped on stays clean."""
    keep(scorer_of(("stuck", STUCK)))
    done = run("--url", nowhere)

    assert done.stdout.splitlines()[1].startswith("stuck")
    assert done.stderr.startswith(f"loopwatch: no loopwatch listens at {nowhere}: this is what the journal sqlite:///")
    assert "step" in run("show", "s", "--url", nowhere).stdout
    assert run("--journal").stderr == ""


def test_with_neither_there_is_one_sentence(nowhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, where, and what to do; and no journal is made by looking for one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    said = refusal("--url", nowhere)

    assert said == (
        f"no loopwatch listens at {nowhere}, and there is no journal at {tmp_path}/loopwatch/journal.db: "
        "start it with `loopwatch serve`, or name it with --url"
    )
    assert refusal("--journal").startswith("there is no journal at ")
    assert "the journal is off" in refusal("show", "x", "--journal", "--set", "journal.enabled=false")
    assert list(tmp_path.iterdir()) == []


def test_something_else_at_the_address_is_named(served: Callable[..., str]) -> None:
    """It is not taken for a loopwatch without sessions, and the journal does not stand in for it."""
    keep(scorer_of(("stuck", STUCK)))
    with receivers() as others:
        said = refusal("--url", others.url)

    assert "has no sessions to show (HTTP status 404)" in said
    assert "does not answer" in refusal("--url", "http://localhost:none")


@pytest.mark.parametrize("where", ["live", "journal"])
def test_names_that_fit_none_or_several(where: str, served: Callable[..., str]) -> None:
    """One sentence with the candidates; a whole name is never ambiguous."""
    scorer = scorer_of(("talk", HEALTHY), ("talk-2", STUCK))
    keep(scorer)
    asked = ("--url", served(scorer)) if where == "live" else ("--journal",)

    assert refusal("show", "ta", *asked) == "several sessions begin with 'ta': talk, talk-2"
    assert refusal("show", "tolk-2", *asked) == (
        "no session is named 'tolk-2', or begins so: did you mean talk-2, talk?"
    )
    assert refusal("show", "xyz", *asked) == (
        "no session is named 'xyz', or begins so: `loopwatch sessions` lists them"
    )
    assert run("show", "talk", *asked).stdout.startswith("session talk\n")
    assert run("show", "talk-", *asked).stdout.startswith("session talk-2\n")


@pytest.mark.parametrize("where", ["live", "journal"])
def test_text_shows_where_it_is_captured_and_without_secrets(where: str, served: Callable[..., str]) -> None:
    """What was asked and what came back, below the step."""

    def shown(stories: Stories) -> str:
        scorer = scorer_of(("stuck", f"margins with password={SECRET}"))
        keep(scorer, stories)
        asked = ("--url", served(scorer, stories)) if where == "live" else ("--journal",)
        return "".join(run("show", "stuck", *asked, "-f", form).stdout for form in ("table", "json"))

    told = shown(OPEN_STORIES)
    assert 'arguments: {"query":"margins with password=[redacted]' in told
    assert SECRET not in told


@pytest.mark.parametrize("where", ["live", "journal"])
def test_there_is_no_text_by_default(where: str, served: Callable[..., str]) -> None:
    """What was never written cannot leak."""
    scorer = scorer_of(("stuck", "margins"))
    keep(scorer)
    asked = ("--url", served(scorer)) if where == "live" else ("--journal",)

    assert all("margins" not in run("show", "stuck", *asked, "-f", form).stdout for form in ("table", "json"))


def test_no_name_or_text_of_an_agent_moves_the_terminal(served: Callable[..., str]) -> None:
    """Names of sessions, agents and tools, arguments and results: shown on one line, markup as it is written."""
    nasty: dict[str, Any] = {"conversation__id": NASTY, "agent__name": NASTY}
    scorer = build_pipeline(Config())
    asked = json.dumps({"q": NASTY})
    use: dict[str, Any] = {"tool__name": NASTY, "tool__call__arguments": asked, "tool__call__result": NASTY}
    spans = [span("execute_tool", 10 + number, float(number), parent=1, **use, **nasty) for number in range(8)]
    scorer.feed_traces(body([*spans, span("invoke_agent", 1, 90.0, **nasty)]), 0.0)
    url = served(scorer, OPEN_STORIES)
    every = [("show", NASTY), ("show", "x", "-f", "json"), (), ("-f", "json")]
    texts = [run(*asked, "--url", url).stdout for asked in every]
    texts.append(str(run("show", f"{NASTY}no", "--url", url).exception))

    for text in texts[:-1]:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text)
    assert "[bold]y" in texts[0]
    assert " loop/exact: " in texts[0]
    assert json.loads(texts[1])["session"] == NASTY
    assert texts[-1].startswith("no session is named ")


def test_the_worst_is_seen_at_a_glance() -> None:
    """In colour, both where it happened and in the list."""
    scorer = scorer_of(("stuck", STUCK))
    (session,) = scorer.sessions.open.values()
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=120, markup=False)
    for line in lines(console, story(*STORIES.rows(session)), Links()):
        console.print(line)
    shown = console.file.getvalue()  # type: ignore[attr-defined]

    assert re.search(r"\x1b\[1;31mcritical loop/exact", shown)
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 120 for line in shown.splitlines() if "http" not in line)


def test_runs_of_one_session_are_listed(served: Callable[..., str]) -> None:
    """Each with what it took and why it ended."""
    scorer = scorer_of(("talk", HEALTHY))
    more = [*work("{n} once more", trace=2, at_s=7200.0, conversation__id="talk")]
    scorer.feed_traces(body([*more, span("invoke_agent", 1, 8000.0, trace=2, conversation__id="talk")]), 3.0)
    told = run("show", "talk", "--url", served(scorer)).stdout

    assert len(re.findall(r"(?m)^  run \w+ of researcher: .* 24 steps, 1,320 tokens", told)) == 2
    assert "completed" in told


def test_incidents_of_a_session_are_named_above_its_steps() -> None:
    """Open or over, muted or not, and how many sessions it is about."""
    scorer = scorer_of(("stuck", STUCK))
    (session,) = scorer.sessions.open.values()
    open_one = snapshot("one", Told.of(next(iter(session.findings.values()))), ("stuck",))
    over = replace(open_one, resolved_s=60.0, sessions_total=1_234, muted=True)
    console = Console(file=io.StringIO(), width=200)
    told = [line.plain for line in lines(console, story(*STORIES.rows(session), (open_one, over)), Links())]

    assert any("incident AgentLoop, critical, open since 1970-01-01 00:00:01 UTC, 1 session: " in line for line in told)
    assert any("critical, resolved 1970-01-01 00:01:00 UTC, muted, 1,234 sessions: " in line for line in told)


def test_the_trace_is_linked_where_the_user_says_how() -> None:
    """Its id is the finding's, and nothing an agent chose breaks out of the URL."""
    scorer = scorer_of(("stuck", STUCK))
    (session,) = scorer.sessions.open.values()
    links = Links(trace_url="https://traces/{trace_id}#{span_id}", runbook_url=None)
    told = [line.plain for line in lines(Console(file=io.StringIO()), story(*STORIES.rows(session)), links)]

    assert any(re.fullmatch(r"Trace:   https://traces/0{31}1#\w{16}", line) for line in told)
    assert not any(line.startswith("Runbook:") for line in told)


def test_an_open_span_is_no_reason_to_be_silent(served: Callable[..., str]) -> None:
    """A session without any remembered step says so."""
    scorer = build_pipeline(Config())
    scorer.feed_traces(body([TURN]), 0.0)

    assert "No step of it is remembered" in run("show", "conversation", "--url", served(scorer)).stdout
