"""Labelled sessions of our own: what the public ones lack, each read and reasoned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.main import app
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled, read
from loopwatch_processor.evaluation import at_level, evaluate
from loopwatch_processor.finding import Severity
from tests.cases.generate import (
    ALL_SEEN_HEALTHY,
    ALL_SEEN_LOOPS,
    BLIND2_HEALTHY,
    BLIND2_LOOPS,
    BLIND3_HEALTHY,
    BLIND3_LOOPS,
    BLIND_HEALTHY,
    BLIND_LOOPS,
    REASONS,
    files,
    main,
)

FOLDER = Path(__file__).parent / "cases"
FILES = sorted(FOLDER.glob("*/*.jsonl"))
LEAST_EACH_WAY = 60
LEAST_RIGHT = 0.97
CASES = [session for path in FILES for session in read(path)]


def test_the_files_are_what_the_grammars_make() -> None:
    """After a change of a grammar: python tests/cases/generate.py."""
    assert main(check=True) == 0
    assert set(FILES) == set(files())


def test_there_are_enough_of_both_kinds() -> None:
    """As many as it takes to tell 97 % from 90 %."""
    for expected in ("loop", "ok"):
        assert sum(1 for case in CASES if case.expected == expected) >= LEAST_EACH_WAY


def test_each_half_has_every_family() -> None:
    """What is looked at and what is only measured are of one kind, but for what was written to show a fault."""
    seen, held = ({path.name.split(".")[0] for path in FILES if f".{half}." in path.name} for half in ("seen", "held"))
    assert seen == held | {grammar.__name__ for grammar in (*ALL_SEEN_HEALTHY, *ALL_SEEN_LOOPS)}


def test_each_blind_part_has_families_of_its_own() -> None:
    """Nobody may tune on any of it, so no half of its families is for looking at."""
    parts: dict[str, set[str]] = {}
    for path in FILES:
        family, part, _ = path.name.split(".")
        parts.setdefault(part, set()).add(family)
    assert parts["blind"] == {grammar.__name__ for grammar in (*BLIND_HEALTHY, *BLIND_LOOPS)}
    assert parts["blind2"] == {grammar.__name__ for grammar in (*BLIND2_HEALTHY, *BLIND2_LOOPS)}
    assert parts["blind3"] == {grammar.__name__ for grammar in (*BLIND3_HEALTHY, *BLIND3_LOOPS)}
    blind = [*parts["blind"], *parts["blind2"], *parts["blind3"]]
    assert len(set(blind)) == len(blind)
    assert not set(blind) & (parts["seen"] | parts["held"])


def test_no_case_is_there_twice() -> None:
    """Neither by name nor by what happens in it."""
    assert len({case.id for case in CASES}) == len(CASES)
    assert len({json.dumps(case.steps) for case in CASES}) == len(CASES)


def test_every_case_was_read_and_every_reading_has_a_case() -> None:
    """A sentence each, and no sentence twice."""
    why = {case.id: str(case.fields["why"]) for case in CASES}
    assert REASONS.items() <= why.items()
    assert len(set(why.values())) == len(why)
    assert all(said.endswith(".") for said in why.values())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_is_well_formed(case: Labelled) -> None:
    """Every step has what its kind needs, and a loop says where it begins."""
    assert 4 <= len(case.steps) <= 60
    for step in case.steps:
        assert step["kind"] in ("tool", "llm", "user")
        if step["kind"] == "tool":
            assert step["name"]
            assert "arguments" in step
            assert ("result" in step) != ("error" in step)
        else:
            assert isinstance(step["result"], str)
    if case.expected == "loop":
        assert case.onset is not None
        assert 0 < case.onset < len(case.steps)
    else:
        assert "onset" not in case.fields


def test_they_can_be_evaluated() -> None:
    """By anyone, with the one command that the documentation names."""
    half = [path for path in FILES if ".held." in path.name]
    result = CliRunner().invoke(app, ["evaluate", *map(str, half), "--format", "json"])
    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["file"] for row in told} == {path.name for path in half}
    assert all(item["fired"] in (True, False) for row in told for item in row["detail"])


def test_the_seen_half_is_judged_right() -> None:
    """At least 97 % both ways at level warning, and nothing healthy pages. The others only measure."""
    half = [case for path in FILES if ".seen." in path.name for case in read(path)]
    outcomes = [evaluate(case, lambda: build_pipeline(Config())) for case in half]
    warning, critical = (at_level(outcomes, level) for level in (Severity.WARNING, Severity.CRITICAL))
    assert warning.tp >= LEAST_RIGHT * warning.loops
    assert warning.oks - warning.fp >= LEAST_RIGHT * warning.oks
    assert critical.fp == 0
