"""Labelled sessions through the pipeline, and what is told of the verdicts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.main import app
from loopwatch_processor.config import Config
from loopwatch_processor.corpus import UnusableCorpus, read, requests
from loopwatch_processor.evaluation import Figures, at_level, controls, delays, evaluate, wilson
from loopwatch_processor.finding import Severity
from loopwatch_processor.misses import explain
from loopwatch_processor.otlp import Span, decode_traces

LOOP = {
    "id": "loop",
    "expected": "loop",
    "onset": 1,
    "steps": [{"kind": "tool", "name": "search", "arguments": {"q": "acme"}, "result": "none"} for _ in range(12)],
}
WORK = {
    "id": "work",
    "label": "healthy",
    "steps": [
        {"kind": "user", "result": "Sum up the regions."},
        *(
            {"kind": "tool", "name": "sales", "arguments": {"region": r}, "result": f"{r} 7"}
            for r in ("no", "pt", "jp")
        ),
        {"kind": "llm", "result": "Done.", "input_tokens": 900, "output_tokens": 12},
    ],
}
UNSAID = {"id": "unsaid", "label": None, "steps": WORK["steps"]}


def written(path: Path, *rows: dict[str, Any]) -> Path:
    """*rows* as JSON lines, gzipped where the name says so."""
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def outcomes(path: Path, *, sketches: bool = False) -> list[Any]:
    """Every session of *path* through the default pipeline."""
    return [evaluate(item, lambda: build_pipeline(Config()), sketches=sketches) for item in read(path)]


@pytest.mark.parametrize("sketches", [False, True])
def test_a_loop_is_found_and_work_is_left_alone(tmp_path: Path, sketches: bool) -> None:
    """With content, and with what the helpers send instead of it."""
    found = outcomes(written(tmp_path / "s.jsonl.gz", LOOP, WORK, UNSAID), sketches=sketches)
    assert at_level(found, Severity.WARNING) == Figures(loops=1, oks=1, tp=1, fp=0)
    first = found[0].first(Severity.WARNING)
    assert first is not None
    assert first[1].finding.pattern == "exact"
    assert first[0] == 3


def test_steps_that_are_seen_again_when_their_run_is_known_are_no_repetition(tmp_path: Path) -> None:
    """The root span comes last and every call is placed anew: six equal calls stay a warning."""
    (found,) = outcomes(written(tmp_path / "s.jsonl", {**LOOP, "steps": LOOP["steps"][:6]}))
    assert found.first(Severity.WARNING) is not None
    assert found.first(Severity.CRITICAL) is None


def test_a_person_who_steps_in_postpones_the_page(tmp_path: Path) -> None:
    """A few words are no new request, but the five further repetitions count from there."""
    calls = LOOP["steps"]
    remark = {"kind": "user", "result": "Hello?"}
    critical = [
        outcome.first(Severity.CRITICAL)
        for outcome in outcomes(
            written(tmp_path / "s.jsonl", LOOP, {**LOOP, "steps": [*calls[:8], remark, *calls[:4]]})
        )
    ]
    assert [item is not None for item in critical] == [True, False]


def test_the_delay_counts_tool_calls_from_the_onset(tmp_path: Path) -> None:
    """The onset is the second of the equal calls; the warning comes two calls later."""
    found = outcomes(written(tmp_path / "s.jsonl", LOOP))
    assert delays(found, Severity.WARNING) == [2]


def test_the_controls_are_measured_on_the_same_sessions(tmp_path: Path) -> None:
    """Both simple rules flag the loop, and neither the short work."""
    found = outcomes(written(tmp_path / "s.jsonl", LOOP, WORK))
    assert all(item == Figures(1, 1, 1, 0) for item in controls(found).values())


def test_content_leaves_no_trace_in_sketched_requests(tmp_path: Path) -> None:
    """Neither arguments nor results nor what was asked."""
    secret = {
        "id": "s",
        "steps": [
            {"kind": "user", "result": "planted-question"},
            {"kind": "tool", "name": "t", "arguments": {"q": "planted-argument"}, "result": "planted-result"},
            {"kind": "llm", "result": "planted-answer"},
        ],
    }
    (session,) = read(written(tmp_path / "s.jsonl", secret))
    assert b"planted" in b"".join(body for _, body, _ in requests(session))
    assert b"planted" not in b"".join(body for _, body, _ in requests(session, sketches=True))


def test_the_spans_form_one_trace_under_one_root(tmp_path: Path) -> None:
    """As an instrumented agent sends them: children first, the root last."""
    (session,) = read(written(tmp_path / "s.jsonl", WORK))
    spans = [span for _, body, _ in requests(session) for span in decode_traces(body)]
    assert all(isinstance(span, Span) for span in spans)
    told = [span for span in spans if isinstance(span, Span)]
    assert len({span.trace_id for span in told}) == 1
    assert [span.parent_id for span in told] == [told[-1].span_id] * (len(told) - 1) + [""]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "is not JSON, though each line should be one session"),
        ("[]", "a list `steps` is needed"),
        ('{"steps": [{"name": "t"}]}', "needs a `kind`"),
        ('{"steps": [], "label": "maybe"}', "'maybe' is no label"),
    ],
)
def test_a_file_that_is_no_corpus_is_refused_in_one_sentence(tmp_path: Path, line: str, says: str) -> None:
    """It says which file and line, and what is needed."""
    path = tmp_path / "s.jsonl"
    path.write_text(line)
    with pytest.raises(UnusableCorpus, match=says) as error:
        read(path)
    assert f"{path}:1" in str(error.value)
    result = CliRunner().invoke(app, ["evaluate", str(path)])
    assert isinstance(result.exception, UnusableCorpus)


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    """With the reason, and no number of the operating system."""
    path = tmp_path / "absent.jsonl"
    with pytest.raises(UnusableCorpus) as error:
        read(path)
    assert str(error.value) == f"{path}: cannot be read: No such file or directory"


def test_json_has_one_object_a_level(tmp_path: Path) -> None:
    """With every session's verdict in it."""
    path = written(tmp_path / "s.jsonl", LOOP, WORK, UNSAID)
    result = CliRunner().invoke(app, ["evaluate", str(path), "--format", "json"])
    warning, critical = (json.loads(line) for line in result.stdout.splitlines())
    assert (warning["severity"], critical["severity"]) == ("warning", "critical")
    assert {key: warning[key] for key in ("file", "n", "tp", "fp", "fn", "precision", "recall", "f1")} == {
        "file": "s.jsonl",
        "n": 2,
        "tp": 1,
        "fp": 0,
        "fn": 0,
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
    }
    assert warning["detail"][0] == {
        "id": "loop",
        "expected": "loop",
        "fired": True,
        "severity": "warning",
        "step": 3,
        "pattern": "loop/exact",
    }
    assert [item["expected"] for item in warning["detail"]] == ["loop", "ok", None]


def test_a_miss_says_what_there_was_to_see(tmp_path: Path) -> None:
    """A person can tell at once whether the label or the detector is wrong."""
    path = written(tmp_path / "s.jsonl", {**WORK, "label": "loop"}, {**LOOP, "expected": "ok"})
    missed, false = outcomes(path)
    assert explain(missed, Severity.WARNING).startswith("missed: 3 tool calls; no two calls are equal")
    assert "falsely flagged at step 3 by loop/exact" in explain(false, Severity.WARNING)
    result = CliRunner().invoke(app, ["evaluate", str(path), "--misses"])
    assert "work: missed" in result.stdout
    assert "loop: falsely flagged" in result.stdout


def test_a_right_verdict_needs_no_explanation(tmp_path: Path) -> None:
    """Nor does one that nobody labelled."""
    found = outcomes(written(tmp_path / "s.jsonl", LOOP, WORK, UNSAID))
    assert [explain(item, Severity.WARNING) for item in found] == ["", "", ""]


def test_another_field_may_hold_the_label_and_choose_the_sessions(tmp_path: Path) -> None:
    """`--label` and `--only`."""
    path = written(tmp_path / "s.jsonl", {**LOOP, "second": "ok", "tier": "a"}, {**WORK, "second": "ok", "tier": "b"})
    args = ["evaluate", str(path), "--label", "second", "--only", "tier=a", "--format", "json"]
    result = CliRunner().invoke(app, args)
    assert json.loads(result.stdout.splitlines()[0])["fp"] == 1


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_share(hits: int, n: int) -> None:
    """And stays within [0, 1]."""
    hits = min(hits, n)
    interval = wilson(hits, n)
    assert interval is not None
    assert 0 <= interval[0] <= hits / n + 1e-9
    assert hits / n - 1e-9 <= interval[1] <= 1


def test_an_interval_is_that_of_the_literature() -> None:
    """Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662; of nothing there is none."""
    interval = wilson(81, 263)
    assert interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 0) is None
