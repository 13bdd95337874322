"""Persons and what is said of many things: short remarks drive an agent, one sentence closes ever other alerts."""

from __future__ import annotations

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.step import Conversation, Step
from tests.builders import Watch, model_step, tool_step
from tests.detectors.loops.rows import Row, calls

_REASON = "checked with its owner and found harmless"


def _watch() -> Watch:
    return Watch(LoopDetector(LoopSettings()))


def _patterns(seen: Watch) -> list[str]:
    return [item.pattern for item in seen.findings]


def _told(remarks: list[str], states: list[str]) -> list[Step]:
    """One switch, set to one of *states* after each of *remarks*, and confirmed in words."""
    steps = []
    for at, (remark, state) in enumerate(zip(remarks, states, strict=True)):
        arguments = f'{{"state":"{state}"}}'
        steps += [
            model_step(at_s=9.0 * at, conversation=Conversation(user_text=remark, requested=("set_lamp",))),
            tool_step("lamp", at_s=9.0 * at + 3, arguments=arguments, result='{"ok":true}'),
            model_step(at_s=9.0 * at + 6, conversation=Conversation(user_text=remark, output_text="Done.")),
        ]
    return steps


def test_what_a_person_asks_for_in_short_remarks_is_no_loop() -> None:
    """Each remark is heard after an answer, and each is another one."""
    seen = _watch()
    remarks = ["lamp on", "lamp off", "on again", "dark now", "bright", "night", "light up", "sleep"]
    seen.feed(*_told(remarks, ["on", "off"] * 4))
    assert _patterns(seen) == []


def test_one_remark_over_and_over_is_a_harness() -> None:
    """It drives the agent round, and nobody says anything new."""
    seen = _watch()
    seen.feed(*_told(["go on"] * 6, ["on"] * 6))
    assert set(_patterns(seen)) == {"exact"}


def test_one_sentence_about_ever_other_things_is_no_loop() -> None:
    """Each alert is looked at, and closed in the same words."""
    rows: list[Row] = []
    for at in range(9):
        rows += [("alerts", {"since": at}, f"host {at * 37}"), ("dismiss", {"why": _REASON}, "1 alert dismissed")]
    assert _watch().feed(*calls(rows)) == []


def test_one_sentence_about_one_thing_is_a_loop() -> None:
    """Nothing new is looked at in between."""
    rows: list[Row] = []
    for _ in range(4):
        rows += [("alerts", {"since": 1}, "host 37"), ("dismiss", {"why": _REASON}, "1 alert dismissed")]
    seen = _watch()
    seen.feed(*calls(rows))
    assert _patterns(seen)


def test_one_question_between_other_looks_is_a_loop_if_it_is_answered_at_length() -> None:
    """Who asks for the plan after each look has forgotten it; "done" would be a deed confirmed."""
    rows: list[Row] = []
    for at in range(5):
        rows += [
            ("read", {"page": at}, f"page about {'abcdef'[at]}"),
            ("ask", {"of": "what is the plan for today"}, _PLAN),
        ]
    seen = _watch()
    seen.feed(*calls(rows))
    assert _patterns(seen)


_PLAN = "read the reports, draw the map, and send it to the office before noon"
