"""Every page of docs/connect: its code, run as it stands beside another backend, gives loopwatch whole sessions."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from loopwatch_processor.finding import Severity
from loopwatch_processor.session import Session
from loopwatch_processor.step import StreamTimings
from tests.connect import pages
from tests.connect.environments import REPOSITORY
from tests.connect.play import DELAYS, SESSION_IDS, Case, play, play_scenarios
from tests.fake_models.scenario import REPHRASED
from tests.fake_models.tools import QUESTION, TOOLS

PLAIN = Case("openai", "genai", own_session_id=False, ttft=True)
SKETCHING = Case("README", "sketching", "openai", own_session_id=False, ttft=True)
CASES = (
    PLAIN,
    Case("openai", "openllmetry", own_session_id=False, ttft=True, gaps=True),
    Case("openai", "openinference", own_session_id=False, ttft=True),
    Case("langchain", "openinference"),
    Case("langchain", "openllmetry"),
    Case("langchain", "genai", ttft=True),
    Case("anthropic", "native", "anthropic_toolrunner", own_session_id=False, ttft=True),
    Case("anthropic", "genai", own_session_id=False, ttft=True),
    Case("anthropic", "openllmetry", own_session_id=False, ttft=True),
    Case("anthropic", "openinference", own_session_id=False, ttft=True),
    Case("pydantic-ai", ttft=True),
    Case("openai-agents", "genai", ttft=True),
    Case("openai-agents", "openinference", own_session_id=False),
    Case("openai-agents", "openllmetry", own_session_id=False),
    Case("langfuse", ttft=True, own_backend=True),
    Case("litellm", own_session_id=False),
    Case("smolagents"),
    Case("openlit", own_session_id=False, ttft=True, slow=True),
    Case("langsmith"),
    Case("strands", ttft=True, slow=True),
    Case("microsoft-agent-framework", own_session_id=False),
    Case("vercel-ai-sdk", ttft=True, own_backend=True, node=True),
    Case("own-agents", ttft=True, gaps=True, own_backend=True),
    SKETCHING,
    Case("crewai", "native", own_backend=True, slow=True),
    Case("crewai", "openinference", ttft=True, slow=True),
    Case("google-adk", slow=True),
    Case("llama-index", slow=True),
)
each_case = pytest.mark.parametrize(
    "case", [pytest.param(case, id=str(case), marks=[pytest.mark.slow_install] * case.slow) for case in CASES]
)


def _session(case: Case, scenario: str) -> Session:
    played = play(case)
    assert len(played.sessions) == len(case.scenarios), [session.key for session in played.sessions]
    return played.sessions[case.scenarios.index(scenario)]


@each_case
@pytest.mark.parametrize("scenario", ["healthy", "softloop"])
def test_a_run_is_one_session_with_every_step_and_token(case: Case, scenario: str) -> None:
    """Model calls, tool calls and tokens are those that the model server told, each counted once."""
    totals, ledger = _session(case, scenario).totals, play(case).ledgers[scenario]
    assert (totals.model_calls, totals.tool_calls) == (len(ledger.replies), ledger.tool_calls)
    assert (totals.usage.input_tokens, totals.usage.output_tokens) == (ledger.input_tokens, ledger.output_tokens)
    assert play(case).raised[scenario] == ""


@each_case
def test_the_session_id_is_the_users(case: Case) -> None:
    """Where the framework has a place for a session id, that id is the session's key."""
    if not case.own_session_id:
        pytest.skip("this framework has no place for a session id: its page says what ties the calls together")
    assert [session.key for session in play(case).sessions] == [SESSION_IDS[name] for name in case.scenarios]


@each_case
def test_the_other_backend_keeps_its_spans(case: Case) -> None:
    """The backend that was there before still gets every span that loopwatch gets."""
    if case.own_backend:
        pytest.skip("the framework is its own backend")
    assert play(case).existing_spans == play(case).exported_spans > 0


@each_case
def test_what_the_page_says_of_streams_is_what_comes(case: Case) -> None:
    """The time to the first chunk and the largest gap are seen exactly where the page says so."""
    if not case.streams:
        pytest.skip("the framework was not driven with a stream")
    session = _session(case, "stall")
    (call,) = [step for agent in session.agents.values() for step in agent.model_calls]
    stream = (call.model and call.model.stream) or StreamTimings()
    assert (stream.ttft_s is not None, stream.max_gap_s is not None) == (case.ttft, case.gaps)
    assert stream.ttft_s is None or DELAYS.first_s <= stream.ttft_s < DELAYS.first_s + DELAYS.gap_s
    assert stream.max_gap_s is None or stream.max_gap_s >= DELAYS.gap_s - 0.05


@each_case
def test_a_soft_loop_is_found(case: Case) -> None:
    """Eight searches for one thing are a loop, by the defaults."""
    pytest.importorskip("loopwatch_processor.detectors.loop", reason="there is no loop detector yet")
    findings = [raised.finding for raised in _session(case, "softloop").findings.values()]
    assert any(finding.detector == "loop" and finding.severity >= Severity.WARNING for finding in findings)


@each_case
def test_a_healthy_run_raises_nothing_above_info(case: Case) -> None:
    """A run that gets somewhere is left in peace."""
    worst = _session(case, "healthy").worst
    assert worst is None or worst <= Severity.INFO


def test_a_call_to_an_mcp_server_is_counted_once() -> None:
    """Client and server each make spans of one call: it is one tool call of the agent around it."""
    (session,) = play_scenarios(Case("mcp"), ("healthy",)).sessions
    assert (session.key, session.totals.tool_calls) == (SESSION_IDS["healthy"], len(TOOLS))


def test_no_content_leaves_through_the_sketching_exporter() -> None:
    """Neither the question, nor an argument, nor a result is in what was exported."""
    texts = [text.encode() for text in (QUESTION, REPHRASED[0], "No results found")]
    sketched, plain = (b"".join(body for _, body in play(case).bodies) for case in (SKETCHING, PLAIN))
    assert [text in plain for text in texts] == [True] * 3
    assert [text in sketched for text in texts] == [False] * 3


def test_the_collectors_lines_are_those_of_the_shipped_configuration() -> None:
    """Who pastes the index's lines gets what otel-collector.yaml was tested with."""
    (block,) = pages.blocks("README", "yaml")
    shipped = yaml.safe_load((REPOSITORY / "otel-collector.yaml").read_text())["exporters"]["otlp/loopwatch"]
    assert yaml.safe_load(block) == {"otlp/loopwatch": shipped | {"endpoint": "127.0.0.1:4317"}}


def test_a_page_works_where_nothing_was_set_up() -> None:
    """With the lines of the index before it; all pages lead there but that of Langfuse, which makes a provider."""
    (block,) = pages.blocks("README", "python")
    adds = "trace.get_tracer_provider().add_span_processor"
    subprocess.run([sys.executable, "-c", f"{block}\n{adds}"], check=True, timeout=60)

    adding = [path.stem for path in pages.FOLDER.glob("*.md") if adds in path.read_text() and path.stem != "README"]
    assert [page for page in adding if "README.md#no-set-up-yet" not in pages.text(page)] == ["langfuse"]


def test_the_index_lists_every_page_and_says_which_are_run() -> None:
    """A page without a test says so in the index, and no page is missing there."""
    listed = re.findall(r"^\|.*\]\((?P<page>[\w-]+)\.md\).*\| (?P<run>yes|no)\b", pages.text("README"), re.MULTILINE)
    written = {path.stem for path in pages.FOLDER.glob("*.md")} - {"README"}
    assert {page for page, _ in listed} == written
    assert {page for page, run in listed if run == "yes"} == {case.page for case in CASES} - {"README"} | {"mcp"}
