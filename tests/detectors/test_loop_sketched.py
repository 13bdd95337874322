"""The loop detector by sketches: what it finds without content, and what it then leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopwatch_processor.step import Step
from tests.builders import tool_step
from tests.detectors.loops.cases import FIRES, SILENT
from tests.detectors.loops.rows import answers, calls
from tests.detectors.loops.watching import patterns, sketched, watch, watched
from tests.sketching import sketched_step

UNSEEN = (
    "a wider and wider look",
    "a page that no click changes",
    "more and more context by an option",
    "an ever earlier start of a search that finds nothing",
    "an ever later end, by an option of a command",
    "a program that is not there, in four commands",
    "one letter that is refused, under a new receipt each time",
    "one payment that is denied, with a count of the tries",
    "keys that are guessed, one after the other",
    "five looks of which one shows the number of its picture",
)
"""Loops that sketches do not show: numbers are not sent, so a growing one looks like pages, and four pages are work;
one that moves with each change, like a list; one word that an error shares with commands may be the program's name."""


@pytest.mark.parametrize(("name", "pattern", "steps"), [(name, *case) for name, case in FIRES.items()], ids=FIRES)
def test_a_loop_is_found_by_its_sketches(name: str, pattern: str, steps: list[Step]) -> None:
    """With content capture off the same pattern shows at the same step."""
    seen = watch()
    found = seen.feed(*map(sketched_step, steps))
    if name in UNSEEN:
        assert seen.findings == []
        return
    assert patterns(seen)[-1] == pattern
    assert steps[-1].span_id in found[-1].span_ids


@pytest.mark.parametrize("steps", SILENT.values(), ids=SILENT)
def test_repetitive_work_is_left_alone_when_sketched(steps: list[Step]) -> None:
    """What is unknown by its sketch is never taken for a loop."""
    seen = watch()
    seen.feed(*map(sketched_step, steps))
    assert seen.findings == []


def test_hashes_stand_for_content() -> None:
    """With content capture off, equal hashes of arguments and results are an exact repeat; a new result is not."""
    hashed = [tool_step(at_s=2.0 * i, arguments_hash="ab", result_hash="cd") for i in range(4)]
    news = [tool_step(at_s=2.0 * i, arguments_hash="ab", result_hash=f"c{i}") for i in range(8)]
    assert [item.pattern for item in watch().feed(*hashed)] == ["exact"]
    assert watch().feed(*news) == []


def test_long_numbers_that_are_not_seen_are_a_loop_only_in_one_place() -> None:
    """Eight calls that differ in one number, with one answer, are one by their sketches; items of a list are not.

    Nor are calls that differ in two numbers, in an id, or in a number that may be one: something came back for it.
    """
    walk = calls(("shell", {"command": f"grep -B{n} todo main.c /etc | head"}, "none") for n in range(7, 90, 9))
    grid = calls(("click", {"x": n, "y": 3 * n}, "clicked") for n in range(12))
    rows = calls(("show", {"row": n}, "no notes") for n in range(12))

    assert patterns(sketched(walk)) == ["drifting"]
    rooms = calls(("is_clean", {"room": 200 + n * 37 % 100}, "yes") for n in range(12))
    assert patterns(sketched(grid)) == patterns(sketched(rows)) == patterns(sketched(rooms)) == []


def test_a_command_that_nobody_described_may_change_anything() -> None:
    """Without the word of what it does, code that another agent's version sketched is taken for a change."""
    steps = [sketched_step(step) for step in FIRES["one look among other reads"][1]]
    assert patterns(watched(steps)) == ["scattered"]

    unknown = [
        replace(step, tool=replace(step.tool, arguments_class="code", arguments_effect=""))
        if step.tool is not None and step.tool.name == "read"
        else step
        for step in steps
    ]
    assert patterns(watched(unknown)) == []


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("empty_replies", ("", "  ", "\n", "\t \n")),
        ("monologue", ("The migration is still running.",) * 3),
        ("chanting", ("I have done all that was asked for and will now mark the task as complete. " * 12,)),
    ],
)
def test_talk_is_judged_by_its_sketches(pattern: str, texts: tuple[str, ...]) -> None:
    """Blank answers, one answer again and again, and one that chants, without a word of them."""
    assert patterns(sketched(answers(*texts))) == [pattern]


def test_different_answers_stay_different_when_sketched() -> None:
    """Neither answers in other words nor a long one is a loop."""
    said = ("Nine of ten tables are copied.", "All tables are copied; I check the rows now.", "Every row is there.")
    assert patterns(sketched(answers(*said))) == []
    assert patterns(sketched(answers(" ".join(f"{n} rows of table {n} are copied by now." for n in range(40))))) == []
