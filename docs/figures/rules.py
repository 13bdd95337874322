"""The rules of loop_figures.yaml and what each reaches, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FIGURES = Path(__file__).parent / "loop_figures.yaml"
MEASURED = Path(__file__).parent / "loop_measured.yaml"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one rule reaches, and on how many sessions."""

    name: str
    kind: str
    """ours, framework, simple or control."""
    found: int
    """Of GAIA's loops, as are the next three."""
    loops: int
    false: int
    healthy: int
    tau: tuple[int, int]
    """Falsely flagged, of so many; so is `long`."""
    long: tuple[int, int]
    consensus: tuple[int, int, int, int] | None
    """Loops found, of so many; healthy falsely flagged, of so many."""

    @property
    def recall(self) -> float:
        return self.found / self.loops

    @property
    def precision(self) -> float | None:
        """None where nothing is flagged."""
        return self.found / (self.found + self.false) if self.found + self.false else None

    @property
    def f1(self) -> float:
        return 2 * self.found / (self.found + self.false + self.loops)

    @property
    def long_share(self) -> float:
        return self.long[0] / self.long[1]


def measured() -> Sequence[Mapping[str, Any]]:
    """What loopwatch reaches, a row for each kind of sessions, as docs/figures/measure.py writes them."""
    rows: Sequence[Mapping[str, Any]] = yaml.safe_load(MEASURED.read_text(encoding="utf-8"))
    return rows


def rules() -> Sequence[Rule]:
    """loopwatch, and the rules of loop_figures.yaml in its order."""
    told = yaml.safe_load(FIGURES.read_text(encoding="utf-8"))
    return [_ours({row["key"]: row for row in measured()}), *(_rule(row, told["measured_on"]) for row in told["rules"])]


def _ours(rows: Mapping[str, Mapping[str, Any]]) -> Rule:
    gaia, tau, long, agreed = (rows[key] for key in ("gaia", "tau", "long", "consensus"))
    return Rule(
        "loopwatch",
        "ours",
        gaia["warning"][0],
        gaia["loops"],
        gaia["warning"][1],
        gaia["healthy"],
        (tau["warning"][1], tau["healthy"]),
        (long["warning"][1], long["healthy"]),
        (agreed["warning"][0], agreed["loops"], agreed["warning"][1], agreed["healthy"]),
    )


def _rule(row: Mapping[str, Any], sizes: Mapping[str, Any]) -> Rule:
    both, agreed = row.get("consensus"), sizes["consensus"]
    return Rule(
        row["name"],
        row["kind"],
        row["gaia"][0],
        sizes["gaia"]["loops"],
        row["gaia"][1],
        sizes["gaia"]["healthy"],
        (row["tau"], sizes["tau"]["healthy"]),
        (row["long"], sizes["long"]["healthy"]),
        (both[0], agreed["loops"], both[1], agreed["healthy"]) if both else None,
    )


def own_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """*rows* of what loopwatch reaches as Markdown."""
    head = (
        "| sessions | loops found | falsely flagged | falsely critical | calls to the warning | without content: found "
        "| falsely flagged |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(_own_row(row) for row in rows)


def _own_row(row: Mapping[str, Any]) -> str:
    cells = (
        row["sessions"],
        _of(row["warning"][0], row["loops"]),
        _of(row["warning"][1], row["healthy"]),
        _of(row["critical"][1], row["healthy"]),
        "–" if row["calls_to_warning"] is None else f"{row['calls_to_warning']:g}",
        _of(row["sketches"][0], row["loops"]),
        _of(row["sketches"][1], row["healthy"]),
    )
    return "| " + " | ".join(cells) + " |\n"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" if whole else "–"


def table(told: Sequence[Rule]) -> str:
    """*told* as Markdown."""
    head = (
        "| rule | GAIA loops found | GAIA false | F1 | tau-bench false | mini-swe-agent false | agreed loops found "
        "| agreed false |\n|---|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(_row(rule) for rule in told)


def _row(rule: Rule) -> str:
    agreed = ("–", "–")
    if rule.consensus is not None:
        agreed = (f"{rule.consensus[0]} of {rule.consensus[1]}", f"{rule.consensus[2]} of {rule.consensus[3]}")
    cells = (
        f"**{rule.name}**" if rule.kind == "ours" else rule.name,
        f"{rule.found} of {rule.loops}",
        f"{rule.false} of {rule.healthy}",
        f"{rule.f1:.2f}",
        f"{rule.tau[0]} of {rule.tau[1]}",
        f"{rule.long[0]} of {rule.long[1]}",
        *agreed,
    )
    return "| " + " | ".join(cells) + " |\n"
