"""The result file is read as it was written, and the table's medians and ratios are taken round by round."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.results import BadResults, Measured, load, percentiles, rows, save, table


def measured(what: str, number: int, cpu_s: float, **more: object) -> Measured:
    return Measured(what, "grpc 512", number, 1_000_000, cpu_s, **more)  # type: ignore[arg-type]


SLOW_ROUND = [
    *(measured("ours", number, cpu_s) for number, cpu_s in enumerate([20.0, 60.0, 30.0])),
    *(measured("theirs", number, cpu_s) for number, cpu_s in enumerate([10.0, 30.0, 15.0])),
]


def test_results_survive_the_file(tmp_path: Path) -> None:
    """Every figure of every round."""
    path, items = tmp_path / "result.json", [measured("ours", 0, 1.5, ready_s=0.5, delays_ms={"p50": 1.0})]
    save(path, {"cores": 2}, items)

    assert load(path) == ({"cores": 2}, items)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"about": {}, "measured": [{"what": "x"}]}'])
def test_what_is_no_result_file_is_said_so(tmp_path: Path, content: str) -> None:
    """One sentence that names the file."""
    path = tmp_path / "result.json"
    path.write_text(content)

    with pytest.raises(BadResults, match=r"result\.json is no result file"):
        load(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """No traceback of the system's."""
    with pytest.raises(BadResults, match="No such file"):
        load(tmp_path / "absent.json")


def test_costs_are_medians() -> None:
    """Of all rounds, and how far these lie apart."""
    ours = rows(SLOW_ROUND, "theirs")[0]

    assert ours.us_per_span == 30.0
    assert ours.spans_per_s == pytest.approx(33_333, abs=1)
    assert ours.spread == pytest.approx(40 / 30)


def test_a_slow_round_does_not_change_the_ratio() -> None:
    """It slows both, and each round has a ratio of its own."""
    assert [row.ratio for row in rows(SLOW_ROUND, "theirs")] == [0.5, 1.0]


def test_without_the_base_there_is_no_ratio() -> None:
    """Where no Collector is installed."""
    assert [row.ratio for row in rows(SLOW_ROUND[:3], "theirs")] == [None]


def test_memory_is_the_largest_of_the_rounds() -> None:
    """A median would hide the peak."""
    items = [measured("ours", number, 1.0, peak_bytes=size) for number, size in enumerate([10, 30, 20])]

    assert rows(items, "theirs")[0].peak_bytes == 30


def test_the_table_has_a_line_for_each_case() -> None:
    """Below its two lines of head, with as many cells."""
    lines = list(table(rows(SLOW_ROUND, "theirs"), "theirs"))

    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {10}
    assert "0.5 ×" in lines[2]


def test_percentiles_are_of_the_nearest_rank() -> None:
    """Of one value all are that."""
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0, "p99": 7.0, "max": 7.0}
    assert percentiles([float(n) for n in range(100)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 99.0}


def test_the_file_is_json(tmp_path: Path) -> None:
    """For whoever reads it with other tools."""
    save(tmp_path / "result.json", {}, SLOW_ROUND)

    assert len(json.loads((tmp_path / "result.json").read_text())["measured"]) == 6
