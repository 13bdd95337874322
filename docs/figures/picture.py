"""The figures of loop_figures.yaml as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from docs.figures.rules import Rule
from docs.figures.svg import STYLE, text
from loopwatch_processor.evaluation import wilson

_WIDTH, _HEIGHT = 960, 500
_LEFT, _TOP, _ACROSS, _DOWN = 48, 96, 430, 330
"""Where precision over recall is drawn, in pixels."""
_ROWS_X, _BARS_X, _BAR_WIDTH, _ROW_HEIGHT = 568, 714, 150, 21.5
_LINE, _LABEL_STEP = 14, 34
_NAMES_A_LINE = 2
_MIDDLE = 0.5
"""Names hang to the right of points left of it, and to the left of the others."""


def picture(told: Sequence[Rule]) -> str:
    """*told* as SVG: precision and recall on the left, false alarms on long healthy runs on the right."""
    parts = (_frame(), _curves(), _intervals(told), _points(told), _bars(told), _notes(told))
    lines = "\n".join(line for part in parts for line in part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="what how">\n'
        '<title id="what">How loop rules do on labelled sessions of agents</title>\n'
        f'<desc id="how">{escape("; ".join(_in_words(rule) for rule in told))}.</desc>\n'
        f"<style>\n{STYLE}</style>\n"
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" class="page"/>\n{lines}\n</svg>\n'
    )


def _in_words(rule: Rule) -> str:
    return (
        f"{rule.name} finds {rule.found} of {rule.loops} loops, flags {rule.false} of {rule.healthy} healthy sessions "
        f"and {rule.long[0]} of {rule.long[1]} long healthy runs"
    )


def _frame() -> Iterator[str]:
    yield text(_LEFT, 30, "Finds what is a loop", "title")
    yield text(_LEFT, 49, "TRAIL GAIA, labels by blind reading", "soft")
    for tick in range(0, 11, 2):
        x, y = _at(tick / 10, tick / 10)
        yield f'<path class="line" d="M{x:.1f} {_TOP}V{_TOP + _DOWN}M{_LEFT} {y:.1f}H{_LEFT + _ACROSS}"/>'
        yield text(x, _TOP + _DOWN + 17, f"{tick / 10:g}", "soft small", "middle")
        yield text(_LEFT - 8, y + 4, f"{tick / 10:g}", "soft small", "end")
    yield text(_LEFT + _ACROSS / 2, _TOP + _DOWN + 36, "recall: loops found", "soft", "middle")
    yield text(_LEFT - 24, _TOP - 16, "precision: flagged that are loops", "soft")


def _curves() -> Iterator[str]:
    """Where precision and recall give the same F1."""
    for f1 in (0.4, 0.6, 0.8, 0.9):
        lowest = f1 / (2 - f1)
        recalls = [lowest + (1 - lowest) * n / 24 for n in range(25)]
        points = (_at(recall, f1 * recall / (2 * recall - f1)) for recall in recalls)
        yield f'<path class="line" stroke-dasharray="3 3" d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
        yield text(_LEFT + _ACROSS + 5, _at(1, lowest)[1] + 4, f"F1 {f1:g}", "soft small")


def _intervals(told: Iterable[Rule]) -> Iterator[str]:
    """Wilson's, of 95 %; of ours only, so that the picture stays readable."""
    for rule in told:
        among_loops, among_flagged = wilson(rule.found, rule.loops), wilson(rule.found, rule.found + rule.false)
        if rule.kind == "ours" and rule.precision is not None and among_loops and among_flagged:
            x, y = _at(rule.recall, rule.precision)
            (low, _), (high, _) = (_at(recall, 0) for recall in among_loops)
            (_, bottom), (_, top) = (_at(0, precision) for precision in among_flagged)
            yield f'<path class="interval" d="M{low:.1f} {y:.1f}H{high:.1f}M{x:.1f} {bottom:.1f}V{top:.1f}"/>'


def _points(told: Sequence[Rule]) -> Iterator[str]:
    """Each point, and its name on a line that hangs from it: the further from the middle, the lower, so none cross."""
    placed = sorted((rule for rule in told if rule.precision is not None), key=_place)
    spots = [list(group) for _, group in groupby(placed, key=_place)]
    theirs = [spot for spot in spots if spot[0].kind != "ours"]
    for rank, spot in enumerate(reversed([spot for spot in theirs if spot[0].recall < _MIDDLE])):
        yield from _named(spot, _TOP + 30 + _LABEL_STEP * rank, "start")
    for rank, spot in enumerate(spot for spot in theirs if spot[0].recall >= _MIDDLE):
        yield from _named(spot, _TOP + 98 + _LABEL_STEP * rank, "end")
    for spot in spots:
        if spot[0].kind == "ours":
            x, y = _at(*_place(spot[0]))
            yield _mark("ours", x, y)
            yield text(x, y - 14, spot[0].name, "ours", "middle")


def _place(rule: Rule) -> tuple[float, float]:
    return rule.recall, rule.precision or 0.0


def _named(spot: Sequence[Rule], y_text: float, anchor: str) -> Iterator[str]:
    x, y = _at(*_place(spot[0]))
    side = 1 if anchor == "start" else -1
    yield f'<path class="leader" d="M{x:.1f} {y:.1f}V{y_text - 4:.1f}h{5 * side}"/>'
    yield _mark(spot[0].kind, x, y)
    names = [rule.name for rule in spot]
    for line, first in enumerate(range(0, len(names), _NAMES_A_LINE)):
        told = ", ".join(names[first : first + _NAMES_A_LINE]) + ("," if names[first + _NAMES_A_LINE :] else "")
        yield text(x + 8 * side, y_text + line * _LINE, told, "small", anchor)


def _bars(told: Sequence[Rule]) -> Iterator[str]:
    yield text(_ROWS_X, 30, "Leaves long healthy work alone", "title")
    yield text(_ROWS_X, 49, "solved SWE-bench runs falsely flagged, median 34 calls", "soft")
    for row, rule in enumerate(sorted(told, key=lambda rule: (rule.kind != "ours", rule.long_share))):
        y = _TOP - 14 + row * _ROW_HEIGHT
        style = "ours" if rule.kind == "ours" else ""
        yield _mark(rule.kind, _ROWS_X + 5, y)
        yield text(_ROWS_X + 17, y + 4, rule.name, style)
        yield f'<path class="line" d="M{_BARS_X} {y:.1f}h{_BAR_WIDTH}"/>'
        width = _BAR_WIDTH * rule.long_share
        yield (
            f'<rect class="{rule.kind}" style="stroke: none" x="{_BARS_X}" y="{y - 5:.1f}" width="{width:.1f}" '
            'height="10"/>'
        )
        yield text(_BARS_X + _BAR_WIDTH + 10, y + 4, f"{rule.long[0]} of {rule.long[1]}", style or "soft")


def _notes(told: Sequence[Rule]) -> Iterator[str]:
    ours = next(rule for rule in told if rule.kind == "ours")
    theirs = next(rule for rule in told if rule.kind == "framework")
    _, most = wilson(*ours.long) or (0.0, 1.0)
    notes = [
        f"loopwatch: {ours.loops + ours.healthy} GAIA sessions; 95 % intervals ({ours.long[0]} of {ours.long[1]}: "
        f"at most {most:.1%}).",
        f"The others: {theirs.loops + theirs.healthy} sessions, each rule re-implemented from its source.",
        *(f"{rule.name} flags no GAIA session, so it is not on the left." for rule in told if rule.precision is None),
    ]
    for line, note in enumerate(notes):
        yield text(_ROWS_X, _TOP + _DOWN + 20 + 16 * line, note, "soft small")


def _mark(kind: str, x: float, y: float) -> str:
    """A shape of its own for each kind, so that colour is not needed to tell them apart."""
    if kind == "ours":
        return f'<circle class="ours" cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>'
    if kind == "framework":
        return f'<circle class="framework" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    if kind == "simple":
        return f'<rect class="simple" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
    return f'<path class="control" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>'


def _at(recall: float, precision: float) -> tuple[float, float]:
    return _LEFT + _ACROSS * recall, _TOP + _DOWN * (1 - precision)
