"""Every example on "How loopwatch judges a loop" is found as the pattern that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import Labelled
from loopwatch_processor.detectors.loop.detector import CALL_PATTERNS, TEXT_PATTERNS
from loopwatch_processor.evaluation import evaluate
from loopwatch_processor.finding import Severity

PAGE = Path(__file__).parents[2] / "docs" / "detectors" / "loop.md"
Steps = Sequence[dict[str, Any]]


def call(tool: str, result: str, **arguments: object) -> dict[str, Any]:
    return {"kind": "tool", "name": tool, "arguments": arguments, "result": result}


def failed(tool: str, error: str, **arguments: object) -> dict[str, Any]:
    return {"kind": "tool", "name": tool, "arguments": arguments, "error": error}


def said(text: str, agent: str = "agent") -> dict[str, Any]:
    return {"kind": "llm", "result": text, "agent": agent}


QUESTIONS = ("ACME revenue in 2025", "revenue figures of ACME for 2025", "ACME 2025 annual revenue figures")
MALFORMED: tuple[dict[str, object], ...] = ({"": ""}, {"": {}}, {"x": 1})
COMMANDS = (
    "fleet report fuel",
    "fleet fuel --report",
    "fleet help report",
    "fleet list fuel",
    "fleet fuel list --help",
)
USAGE = "Usage: fleet [OPTIONS] COMMAND. Commands: vehicle, driver, depot. No profile is set."
ASKED = (
    "blue light photosynthesis eelgrass Adriatic",
    "effect of blue irradiance on eelgrass photosynthetic rate",
    "photosynthetic response of seagrass, blue wavelength, Adriatic lagoon",
    "does seagrass grow in blue irradiance? Adriatic photosynthesis",
    "wavelength effect: photosynthetic rate, lagoon eelgrass",
)
FOUND = (
    "Growth of lettuce in vertical farms under lamps of several colours, field notes",
    "Nutrient load and meadows of the Wadden coast, a survey of forty stations",
    "Meadows of the northern sea: maps from aerial pictures of nine summers",
    "Cryptochrome signalling in thale cress, a review for beginners",
)
PAPERS = tuple("; ".join((*FOUND[n % 4 :], *FOUND[: n % 4])) for n in range(5))
PATHS = ("a.txt", "/a.txt", "./a.txt")
REPORTS = (
    "I will now write the report for the board.",
    "I will write the report for the board now.",
    "Now I will write the report for the board.",
)
EXAMPLES: dict[str, Steps] = {
    "exact": [call("get_order", "not found", id=17)] * 4,
    "scattered": [
        step for n in range(5) for step in (call("list_files", "a.txt b.txt"), call("read", f"text {n}", path=f"p{n}q"))
    ],
    "unchanged": [
        step
        for n in range(3, 9)
        for step in (call("set_replicas", f"set to {n}", count=n), call("get_health", "unhealthy"))
    ],
    "cycle": [call("open", "empty", page="cart"), call("open", "closed", page="shop")] * 3,
    "rounds": [
        call("open_chart", "all beds taken", ward=ward) for ward in (5, 2, 3, 1, 4, 3, 5, 1, 4, 2, 1, 2, 3, 4, 5)
    ],
    "rephrased": [call("search", f"result {n}", query=text) for n, text in enumerate(QUESTIONS)],
    "reworded": [
        call("find", f"result {n}", q=text)
        for n, text in enumerate(("acme revenue", "Revenue: ACME", "revenue, acme", "ACME revenue!"))
    ],
    "same_answer": [call("shell", USAGE, command=command) for command in COMMANDS],
    "nothing_new": [call("search", paper, query=text) for paper, text in zip(PAPERS, ASKED, strict=True)],
    "same_error": [failed("read", f"no such file: {path}", path=path) for path in PATHS],
    "carried_error": [
        {**failed("load", "no such key: tides.csv", path="tides.csv"), "agent": f"helper {n}"} for n in range(3)
    ],
    "redone": [
        step
        for n in range(14)
        for step in (
            {**said(f"Part {n}."), "input_tokens": 9_000 + 20_000 * (n % 8), "output_tokens": 9},
            call("read", f"text {n % 8}", path=f"p{n % 8}"),
        )
    ],
    "malformed": [
        {"kind": "tool", "name": "answer", "arguments": arguments, "error": "invalid arguments: field required"}
        for arguments in MALFORMED
    ],
    "drifting": [call("bash", "nothing", command=f"grep -B{n} main app.log") for n in (10, 50, 250, 1750)],
    "monologue": [said(text) for text in REPORTS],
    "empty_replies": [said(" ")] * 4,
    "chanting": [said("I should look at the file once more, to be quite sure of it. " * 12)],
    "ping_pong": [
        said("Please verify this analysis of the market once more.", "Analyzer"),
        said("The analysis needs more detail, please analyse it again.", "Verifier"),
    ]
    * 4,
    "handoff_cycle": [
        said("Please verify this analysis of the market once more.", "Analyzer"),
        said("The analysis needs more detail, please analyse it again.", "Verifier"),
        said("Both of you, go on until the market report is right.", "Editor"),
    ]
    * 4,
}


@pytest.mark.parametrize("pattern", EXAMPLES)
def test_an_example_is_found_as_its_pattern_and_not_before_it_is_whole(pattern: str) -> None:
    """At the number of repetitions that the table names, as a warning."""
    outcome = evaluate(Labelled(pattern, "loop", EXAMPLES[pattern]), lambda: build_pipeline(Config()))
    first = outcome.first(Severity.WARNING)
    assert first is not None
    assert (first[1].finding.pattern, first[1].finding.severity) == (pattern, Severity.WARNING)
    assert first[0] >= len(EXAMPLES[pattern]) - 2


def test_the_table_names_every_pattern() -> None:
    """Those of calls and of texts by their rules; exchanges between agents have two names."""
    page = PAGE.read_text(encoding="utf-8")
    assert set(EXAMPLES) == {rule.__name__ for rule in (*CALL_PATTERNS, *TEXT_PATTERNS)} | {
        "ping_pong",
        "handoff_cycle",
        "carried_error",
        "redone",
    }
    assert all(f"`{pattern}`" in page for pattern in EXAMPLES)
