"""A session step by step: what is written of it, and how the rows make one story again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.detectors.loop.calls import Call
from loopwatch_processor.detectors.loop.rephrased import likeness
from loopwatch_processor.finding import Severity
from loopwatch_processor.pipeline import Pipeline
from loopwatch_processor.prices import Prices
from loopwatch_processor.session import WINDOW_STEPS, Session
from loopwatch_processor.step import ErrorInfo, Step
from loopwatch_processor.story import CHANGED, SAME, UNKNOWN, Stories
from loopwatch_processor.storyline import story, united
from tests.builders import model_step, tool_step
from tests.test_pipeline import HEALTHY, STEPS, STUCK, TURN, body, work

PROSE = ("the revenue of ACME Corp by quarter", "revenue of ACME Corp in each quarter", "weather in Oslo for tomorrow")
STORIES = Stories(Prices().window)


def session_of(*steps: Step, agent: str = "researcher", caller: str = "") -> Session:
    session = Session("session")
    for step in steps:
        session.add(step, "run", (agent, caller))
    return session


def search(query: str, at_s: float, **fields: Any) -> Step:
    return tool_step("search", arguments=json.dumps({"query": query}), at_s=at_s, **fields)


def told(session: Session, stories: Stories = STORIES) -> dict[str, Any]:
    return story(*stories.rows(session))


def column(session: Session, *names: str) -> list[Any]:
    lines = told(session)["story"]
    return [tuple(line[name] for name in names) if len(names) > 1 else line[names[0]] for line in lines]


def scored(query: str) -> Pipeline:
    scorer = build_pipeline(Config())
    scorer.feed_traces(body([*work(query, conversation__id="conversation"), TURN]), 0.0)
    return scorer


def only(scorer: Pipeline) -> Session:
    (session,) = scorer.sessions.open.values()
    return session


def test_a_loop_is_told_step_by_step() -> None:
    """Each search is the one before it, the money adds up, and the finding stands where it was raised."""
    session = only(scored(STUCK))
    tale = told(session)
    searches = [line for line in tale["story"] if line["kind"] == "tool_call"]

    assert [line["number"] for line in tale["story"]] == list(range(1, 2 * STEPS + 1))
    assert [(line["similarity"], line["similar_to"], line["result"]) for line in searches] == [
        (None, None, None),
        *((1.0, 2 * number, SAME) for number in range(1, STEPS)),
    ]
    assert tale["story"][-1]["cost_total_usd"] == pytest.approx(session.totals.cost_usd)
    (loop,) = [finding for finding in tale["findings"] if finding["detector"] == "loop"]
    assert (loop["number"], loop["severity"], loop["alert"]) == (loop["step"], "critical", "AgentLoop")
    assert (tale["severity"], tale["detectors"][0], tale["stop_reason"]) == ("critical", "loop", "completed")


def test_a_healthy_session_is_told_without_findings() -> None:
    """What it asked for is new each time, and nobody says otherwise."""
    tale = told(only(scored(HEALTHY)))

    assert (tale["findings"], tale["severity"], tale["detectors"]) == ([], None, [])
    assert {line["result"] for line in tale["story"]} <= {None, CHANGED}
    assert all((line["similarity"] or 0.0) < 1.0 for line in tale["story"])


def test_likeness_is_what_the_loop_detector_goes_by() -> None:
    """The most similar earlier call of the same tool, by the detector's own measure."""
    steps = [search(query, at_s) for at_s, query in enumerate(PROSE)]
    expected = likeness(Call(steps[1]), Call(steps[0]))

    assert 0.5 < expected < 1.0
    first, second, third = column(session_of(*steps), "similarity", "similar_to")
    assert (first, second) == ((None, None), (pytest.approx(expected, abs=1e-4), 1))
    assert third == (0.0, None)


def test_calls_of_other_tools_and_other_agents_are_no_earlier_calls() -> None:
    """Parallel sub-agents ask the same without looping."""
    session = session_of(search(PROSE[0], 0), tool_step("fetch", arguments='{"query": "x"}', at_s=1))
    session.add(search(PROSE[0], 2), "run", ("researcher", "another-caller"))

    assert column(session, "similarity") == [None, None, None]


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ({"result": "[1]"}, {"result": "[1]"}, SAME),
        ({"result": "[1]"}, {"result": "[2]"}, CHANGED),
        ({"result": "[1]"}, {}, UNKNOWN),
        ({}, {}, UNKNOWN),
        ({"result_hash": "a1"}, {"result_hash": "a1"}, SAME),
        ({"result_hash": "a1"}, {"result_hash": "b2"}, CHANGED),
        ({"error": ErrorInfo("x", "timeout", "slow")}, {"error": ErrorInfo("x", "timeout", "slow")}, SAME),
        ({"error": ErrorInfo("x", "timeout")}, {"error": ErrorInfo("x", "timeout")}, UNKNOWN),
        ({"result": "[1]"}, {"error": ErrorInfo("x", "timeout", "slow")}, CHANGED),
    ],
)
def test_a_result_is_the_same_changed_or_unknown(earlier: Any, later: Any, expected: str) -> None:
    """What was not captured is unknown, never equal."""
    session = session_of(search("x", 0, **earlier), search("x", 1, **later))

    assert column(session, "result")[1] == expected


def test_arguments_that_nobody_captured_are_like_nothing() -> None:
    """Neither the same nor different: unknown."""
    session = session_of(tool_step("search", at_s=0), tool_step("search", at_s=1))

    assert column(session, "similarity", "result") == [(None, None), (None, UNKNOWN)]


def test_the_context_grows_by_model_and_agent() -> None:
    """Input tokens beside those of the call before, and the share of the window where it is known."""
    fields: dict[str, Any] = {"request_model": "gpt-4o-mini", "provider": "openai", "output_tokens": 5}
    other = model_step(at_s=1, input_tokens=10, request_model="of-our-own")
    calls = [model_step(at_s=at_s, input_tokens=tokens, **fields) for at_s, tokens in ((0, 1_280), (2, 64_000))]

    assert column(session_of(*calls, other), "input_tokens", "context_growth_tokens", "context_ratio") == [
        (1_280, None, 0.01),
        (10, None, None),
        (64_000, 62_720, 0.5),
    ]


def test_steps_beyond_the_window_are_counted_as_forgotten() -> None:
    """Numbers and running totals go on from what nobody remembers any more."""
    calls = [model_step(at_s=at_s, input_tokens=1, cost_usd=0.5) for at_s in range(WINDOW_STEPS + 8)]
    tale = told(session_of(*calls))

    assert (tale["steps_forgotten"], len(tale["story"])) == (8, WINDOW_STEPS)
    assert [tale["story"][place]["number"] for place in (0, -1)] == [9, WINDOW_STEPS + 8]
    assert [tale["story"][place]["cost_total_usd"] for place in (0, -1)] == [4.5, 20.0]


def test_the_journal_and_memory_tell_the_same_story() -> None:
    """What was written while it went on, beside what is in memory now: no step twice, none lost."""
    scorer, spans = build_pipeline(Config()), list(work(STUCK, conversation__id="conversation"))
    scorer.feed_traces(body(spans[:15]), 0.0)
    kept = STORIES.rows(only(scorer))
    scorer.feed_traces(body([*spans[15:], TURN]), 1.0)
    live = STORIES.rows(only(scorer))

    assert story(*united(live, kept)) == story(*live)
    restarted = (replace(live[0], steps=9), live[1][15:])
    assert [line["span_id"] for line in story(*united(restarted, kept))["story"]] == [
        line["span_id"] for line in story(*live)["story"]
    ]


def test_what_was_found_before_a_restart_stays_found() -> None:
    """Memory has forgotten it, the journal has not."""
    kept = STORIES.rows(only(scored(STUCK)))
    row = replace(kept[0], severity=None, detectors=(), document={**kept[0].document, "findings": []})
    tale = story(*united((row, kept[1]), kept))

    assert (tale["severity"], tale["detectors"]) == ("critical", list(kept[0].detectors))
    assert tale["findings"] == story(*kept)["findings"]


def test_a_call_known_from_messages_gives_way_to_its_own_span() -> None:
    """The journal may hold both: the message was read first."""
    recovered = search("x", 0, duration_s=9, recovered=True, span_id="model/0")
    row, steps = STORIES.rows(session_of(search("x", 1, span_id="own")))
    _, more = STORIES.rows(session_of(recovered))

    assert [line["span_id"] for line in story(row, [*more, *steps])["story"]] == ["own"]
    assert [line["span_id"] for line in story(row, more)["story"]] == ["model/0"]


def test_a_step_is_written_once_and_again_when_more_is_known_of_it() -> None:
    """Every few seconds the same session is written: what has not changed costs nothing."""
    step = search("x", 0)
    session = session_of(step)
    ((first,), (again,)) = (STORIES.rows(session)[1], STORIES.rows(session)[1])
    session.agents["researcher", ""].remove(step)
    session.agents["researcher", ""].add(replace(step, error=ErrorInfo("x", "timeout")))

    assert again is first
    assert STORIES.rows(session)[1][0].document["error_class"] == "timeout"


def test_text_is_left_out_unless_it_is_asked_for() -> None:
    """Names, counts and likeness always; arguments, results and messages of errors only with capture."""
    step = search("margins", 0, result="the answer", error=ErrorInfo("x", "timeout", "no answer"))
    hidden = json.dumps(told(session_of(step)))
    (shown,) = told(session_of(step), Stories(Prices().window, with_text=True))["story"]

    assert not any(text in hidden for text in ("margins", "answer"))
    assert (shown["arguments"], shown["output"], shown["error"]) == ('{"query": "margins"}', "the answer", "no answer")


def test_text_that_is_shown_has_no_secrets() -> None:
    """In arguments, in results, and in what an error says."""
    secret = "hunter2hunter2"
    step = tool_step(
        "login",
        arguments=json.dumps({"user": "bob", "password": secret}),
        result=f"token={secret}",
        error=ErrorInfo("x", "auth", f"bad secret: {secret}"),
    )
    shown = json.dumps(told(session_of(step), Stories(Prices().window, with_text=True)))

    assert secret not in shown
    assert "bob" in shown


def test_a_summary_has_no_steps_and_says_whether_the_session_goes_on() -> None:
    """Of a healthy session no more than that is kept when it ends."""
    scorer = scored(HEALTHY)
    row = STORIES.summary(only(scorer))
    (ended,) = scorer.sessions.end_all()

    assert (row.open, STORIES.summary(ended).open) == (True, False)
    assert (row.steps, row.tool_calls, row.severity) == (2 * STEPS, STEPS, None)
    assert [run["stop_reason"] for run in row.document["runs"]] == ["completed"]
    assert "story" not in row.document


def test_several_findings_stand_in_order_of_their_steps() -> None:
    """The worst names the session."""
    session = only(scored(STUCK))
    tale = told(session)

    assert [finding["at_ns"] for finding in tale["findings"]] == sorted(item["at_ns"] for item in tale["findings"])
    assert Severity[tale["severity"].upper()] is session.worst


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.sampled_from(PROSE)), max_size=80), st.data())
def test_any_rows_make_a_story_of_every_step_once(made: list[tuple[bool, int, str]], data: st.DataObject) -> None:
    """In whatever order they come, and whatever of them the journal holds as well."""
    steps = [
        search(query, at_s) if is_tool else model_step(at_s=at_s, input_tokens=at_s) for is_tool, at_s, query in made
    ]
    row, rows = STORIES.rows(session_of(*steps))
    kept = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda item: item.span_id)) if rows else []
    tale = story(*united((row, data.draw(st.permutations(rows))), (row, kept)))

    assert sorted(line["span_id"] for line in tale["story"]) == sorted(item.span_id for item in rows)
    assert [line["number"] for line in tale["story"]] == list(range(row.steps - len(rows) + 1, row.steps + 1))
    ends = {item.span_id: item.end_ns for item in rows}
    assert [ends[line["span_id"]] for line in tale["story"]] == sorted(ends.values())
