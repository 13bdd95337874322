"""A glance at the window leaves out no rule that would have shown something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch.canonical import canonical
from loopwatch_processor.corpus import read
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.loop.detector import CALL_PATTERNS
from loopwatch_processor.detectors.loop.glance import Window
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.memory import AgentMemory, memory_of
from loopwatch_processor.finding import Finding
from loopwatch_processor.session import Place, Session
from loopwatch_processor.step import Conversation, ErrorInfo, Step
from tests.builders import model_step, tool_step
from tests.cases.generate import HERE
from tests.detectors.loops.cases import FIRES, SILENT
from tests.detectors.loops.rows import REPHRASED
from tests.sketching import sketched_step

CASES = sorted(HERE.glob("*/*.jsonl"))


class Unhurried(LoopDetector):
    """Reads the whole window at each step, and asks every rule."""

    def _calls(self, step: Step, place: Place) -> Finding | None:
        memory_of(place)._window.clear()
        return super()._calls(step, place)

    def _match(self, window: Window, memory: AgentMemory) -> Match | None:
        known = {episode.pattern for episode in memory.episodes.values()}
        rules = sorted(CALL_PATTERNS, key=lambda rule: rule.__name__ not in known)
        matches = (found for rule in rules if (found := rule(window.calls, self._settings)))
        return next((found for found in matches if not found.is_watch(self._settings.waiting_calls)), None)


@dataclass(frozen=True)
class Event:
    """A step, where it comes from, and whether it is taken away again once it has come, to come anew at the end."""

    step: Step
    agent: str = "worker"
    run: str = "trace"
    moves: bool = False


def told(detector: LoopDetector, events: Sequence[Event]) -> list[list[Finding]]:
    """What *detector* says at each step."""
    session = Session("session")
    heard, later = [], []
    for event in events:
        heard.append(_told(detector, session, event))
        if event.moves:
            session.remove(event.step, event.run, (event.agent, ""))
            later.append(event)
    return [*heard, *(_told(detector, session, event) for event in later)]


def _told(detector: LoopDetector, session: Session, event: Event) -> list[Finding]:
    return list(detector.update(event.step, session.add(event.step, event.run, (event.agent, ""))))


def assert_the_same(events: Sequence[Event], thresholds: LoopSettings) -> None:
    """Both ways of looking tell the same at every step."""
    assert told(LoopDetector(thresholds), events) == told(Unhurried(thresholds), events)


ARGUMENTS: list[Any] = [
    *({"query": text} for text in REPHRASED),
    *({"q": f"who moved the bridge motion of May {year} in Larkfield"} for year in (2019, 2020)),
    *({"command": text} for text in ("ls", "sed -n '1,50p' a.py", "sed -n '51,99p' a.py", 'grep "todo" -r .', "rm x")),
    {"code": 'print(ask("Please find the minutes of the Larkfield council on the bridge motion"))'},
    {"code": 'print(ask("Find the Larkfield council\'s minutes about the bridge motion, please"))', "timeout": 5},
    *({"path": "a.c", "offset": number} for number in (10, 20, 25, 40, 70, 100_000)),
    *({"id": number, "x": number / 4} for number in (1, 2, 5)),
    *({"words": text} for text in ("red green blue", "Blue, green, red", "blue red greens", "red green blue 7")),
    *({"note": text} for text in ("٣ of the boxes", "٤ of the boxes", "naïve café 3", "naïve café 4", "a\x01b 1 c")),
    *({"filter": f'{{"state": "{state}", "page": 1.0}}'} for state in ("open", "closed")),
    '{"broken": "json and more words',
    "just some words to say",
    {},
    None,
]
RESULTS = [
    None,
    "",
    "[]",
    "int x;",
    "3 rows",
    "Error: no such table: users",
    "error: no such file",
    "validation error: missing required argument 'path'",
    '{"error": "denied"}',
    '{"isError": true}',
    "exit code: 1",
    "404 Not Found",
    "took 12ms, id 7f3a9c0d11e2",
    "took 15ms, id 7f3a9c0d11e3",
]
ERRORS = [None] * 8 + [
    ErrorInfo("ToolError", "schema", "unexpected keyword argument 'x'"),
    ErrorInfo("ToolError", "rate_limit", "slow down"),
    ErrorInfo("ToolError", "other", "no such table: users"),
    ErrorInfo("ToolError", "other", ""),
]


@st.composite
def some_events(draw: st.DrawFn) -> list[Event]:
    """Steps of one or two agents: few different calls, so that they repeat; some late, moved, sketched or polls."""
    pool = draw(st.lists(st.sampled_from(ARGUMENTS), min_size=1, max_size=5))
    answers = draw(st.lists(st.sampled_from(RESULTS), min_size=1, max_size=3))
    tools = draw(st.sampled_from([("search",), ("search", "bash"), ("create_note", "search", "sleep 5")]))
    mostly_in_order = st.sampled_from([0.0] * 12 + [-7.0, 3.0, -90.0])
    rarely = st.sampled_from([False] * 12 + [True])
    is_sketched = draw(st.booleans())
    events, run = [], "trace"
    for index in range(draw(st.integers(3, 45))):
        at_s = 100.0 + 2 * index + draw(mostly_in_order)
        run = f"run-{index}" if draw(rarely) else run
        step = _tool(draw, pool, answers, tools, at_s) if not draw(rarely) else _model(draw, at_s)
        step = sketched_step(step) if is_sketched and not draw(rarely) else step
        step = replace(step, trace_id=f"trace of {run}" if run != "trace" else "trace")
        agent = "other" if draw(rarely) else "worker"
        events.append(Event(step, agent, run, draw(rarely)))
    return events


def _tool(draw: st.DrawFn, pool: list[Any], answers: list[str | None], tools: Sequence[str], at_s: float) -> Step:
    arguments = draw(st.sampled_from(pool))
    return tool_step(
        draw(st.sampled_from(tools)),
        at_s=at_s,
        duration_s=draw(st.sampled_from([1.0, 1.0, 1.0, 5.0])),
        arguments=None if arguments is None else canonical(arguments),
        result=draw(st.sampled_from(answers)),
        error=draw(st.sampled_from(ERRORS)),
        polling=draw(st.sampled_from([False] * 12 + [True])),
        identity=draw(st.sampled_from([()] * 8 + [("path",), ("query",)])),
    )


def _model(draw: st.DrawFn, at_s: float) -> Step:
    asked = draw(st.sampled_from(["Find the minutes of May.", "Now book a table for four.", "go on", ""]))
    duration_s = draw(st.sampled_from([1.0, 1.0, 9.0, 40.0]))
    said = Conversation(output_text="I am on it.", user_text=asked)
    return model_step(at_s=at_s, duration_s=duration_s, conversation=said)


THRESHOLDS = st.builds(
    LoopSettings,
    exact_calls=st.sampled_from([2, 4]),
    cycle_rounds=st.sampled_from([2, 3]),
    scattered_calls=st.sampled_from([2, 5]),
    unchanged_calls=st.sampled_from([2, 6]),
    rounds=st.sampled_from([2, 3]),
    rephrased_calls=st.sampled_from([2, 3]),
    rewritten_calls=st.sampled_from([2, 5]),
    reworded_calls=st.sampled_from([2, 4]),
    same_error_calls=st.sampled_from([2, 3]),
    same_error_unlike_calls=st.sampled_from([2, 4]),
    malformed_calls=st.sampled_from([2, 3]),
    drifting_calls=st.sampled_from([3, 4]),
    paging_calls=st.sampled_from([3, 8]),
)


@settings(max_examples=200, deadline=None)
@given(events=some_events(), thresholds=THRESHOLDS)
def test_a_glance_changes_no_verdict(events: list[Event], thresholds: LoopSettings) -> None:
    """Whatever comes in whatever order, asking every rule about the whole window tells nothing else."""
    assert_the_same(events, thresholds)


@pytest.mark.parametrize("steps", [*(steps for _, steps in FIRES.values()), *SILENT.values()])
@pytest.mark.parametrize("is_sketched", [False, True])
def test_a_glance_changes_no_verdict_on_the_examples(steps: list[Step], is_sketched: bool) -> None:
    """Nor on the examples of every pattern, with content and without it."""
    assert_the_same([Event(sketched_step(step) if is_sketched else step) for step in steps], LoopSettings())


def test_a_request_that_began_before_the_last_one_takes_the_fresh_start_back() -> None:
    """Its model call took longer, so that calls between the two count again, and four of them are told of."""
    asked = "where is my parcel from Lima today"
    steps = [
        _asks(asked, 0, 1),
        *_looks(10, 14),
        _asks(asked, 22, 1),
        _asks("write a poem on seven green turtles", 30, 2),
        _asks("translate chapter nine into plain Danish", 8, 25),
        *_looks(34, 36),
    ]
    events = [Event(step) for step in steps]
    assert [len(found) for found in told(LoopDetector(LoopSettings()), events)] == [0] * 7 + [1]
    assert_the_same(events, LoopSettings())


def _asks(text: str, at_s: float, duration_s: float) -> Step:
    said = Conversation(output_text="Here is what I found so far.", user_text=text)
    return model_step(at_s=at_s, duration_s=duration_s, conversation=said)


def _looks(*at_s: float) -> list[Step]:
    return [
        tool_step("get_order", at_s=at, duration_s=1.0, arguments='{"id":"A"}', result="nothing found there")
        for at in at_s
    ]


def test_a_glance_sees_only_what_identifies_a_call() -> None:
    """Where a tool declares that, what else stands in the arguments tells no two calls apart."""
    texts = ("red blue", "Blue, red", "blue reds", "RED blue")
    for said in (("one",) * 6, texts):
        steps = [
            tool_step(
                "quote", at_s=2.0 * at, arguments=canonical({"nonce": nonce, "of": of}), result="12", identity=("of",)
            )
            for at, (nonce, of) in enumerate(zip(("kilo", "1 jazz", "quiz", "x", "9", "g"), said, strict=False))
        ]
        assert any(told(LoopDetector(LoopSettings()), [Event(step) for step in steps]))
        assert_the_same([Event(step) for step in steps], LoopSettings())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_glance_changes_no_verdict_on_the_cases(path: Any) -> None:
    """Nor on the labelled sessions of this project."""
    for session in read(path):
        assert_the_same(_events(session.steps), LoopSettings())


def _events(rows: Sequence[Any]) -> list[Event]:
    return [
        Event(_row(row, 2.0 * index), row.get("agent") or "worker")
        for index, row in enumerate(rows)
        if row["kind"] == "tool"
    ]


def _row(row: Any, at_s: float) -> Step:
    arguments, result, error = row.get("arguments"), row.get("result"), row.get("error")
    return tool_step(
        row["name"],
        at_s=at_s,
        arguments=None if arguments is None else canonical(arguments),
        result=result if result is None or isinstance(result, str) else canonical(result),
        error=ErrorInfo("_OTHER", "other", str(error)[:300]) if error else None,
    )
