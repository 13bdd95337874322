"""The figures of cost_measured.yaml as a picture: how the cost of a span and of a session grows, and with what."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml

from docs.figures.svg import STYLE, text

MEASURED = Path(__file__).parent / "cost_measured.yaml"
_WIDTH, _HEIGHT = 960, 560
_ACROSS, _DOWN = 380, 150
_LEFTS, _TOPS = (60, 540), (84, 354)
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One line of points."""

    title: str
    below: str
    points: Sequence[Point]
    is_log: bool = False
    """Whether the x axis is one of powers of ten."""


def measured() -> Mapping[str, Any]:
    """What bench/growth.py wrote."""
    content: Mapping[str, Any] = yaml.safe_load(MEASURED.read_text(encoding="utf-8"))
    return content


def panels(found: Mapping[str, Any]) -> Sequence[Panel]:
    """What is drawn: processor time by what grows, then memory."""

    def points(group: str, x: str, y: str, per: Callable[[float], float] = float) -> Sequence[Point]:
        return [(float(item[x]), per(item[y])) for item in found[group]]

    steps_kb = points("steps", "steps", "session_bytes", lambda size: size / 1e3)
    sizes = [(size / 1e3, cost) for size, cost in points("span_size", "span_bytes", "us_per_span")]
    return (
        Panel("µs a span", "open sessions", points("sessions", "sessions", "us_per_span"), is_log=True),
        Panel("µs a span", "steps that each session has had", points("steps", "steps", "us_per_span")),
        Panel("µs a span", "KB a span", sizes),
        Panel("KB a session", "steps that each session has had", steps_kb),
    )


def picture(found: Mapping[str, Any]) -> str:
    """*found* as SVG."""
    drawn = panels(found)
    places = [(left, top) for top in _TOPS for left in _LEFTS]
    lines = [line for panel, place in zip(drawn, places, strict=True) for line in _panel(panel, *place)]
    told = "; ".join(f"{panel.title} by {panel.below}: {_in_words(panel)}" for panel in drawn)
    head = text(20, 30, "How cost grows, in one process", "title")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="what how">\n<title id="what">How the cost of a span and of a session grows</title>\n'
        f'<desc id="how">{escape(told)}.</desc>\n<style>\n{STYLE}</style>\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" class="page"/>\n{head}\n' + "\n".join(lines) + "\n</svg>\n"
    )


def _in_words(panel: Panel) -> str:
    return ", ".join(f"{_number(y)} at {_number(x)}" for x, y in panel.points)


def _panel(panel: Panel, left: int, top: int) -> Iterator[str]:
    highest = _round_up(max(y for _, y in panel.points))
    scaled = [math.log10(x) if panel.is_log else x for x, _ in panel.points]
    first, last = (min(scaled), max(scaled)) if panel.is_log else (0.0, max(scaled))

    def at(x: float, y: float) -> Point:
        return left + _ACROSS * (x - first) / (last - first), top + _DOWN * (1 - y / highest)

    yield text(left - 40, top - 14, panel.title, "soft")
    for share in (0.0, 0.5, 1.0):
        y = top + _DOWN * (1 - share)
        yield f'<path class="line" d="M{left} {y:.1f}h{_ACROSS}"/>'
        yield text(left - 8, y + 4, _number(highest * share), "soft small", "end")
    spots = [at(x, y) for x, (_, y) in zip(scaled, panel.points, strict=True)]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    yield f'<path class="interval" style="fill: none" d="M{line}"/>'
    for (x, y), (value, cost) in zip(spots, panel.points, strict=True):
        yield f'<circle class="ours" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{_number(cost)}</title></circle>'
        yield text(x, y - 10, _number(cost), "small", "middle")
        yield text(x, top + _DOWN + 17, _number(value), "soft small", "middle")
    yield text(left + _ACROSS / 2, top + _DOWN + 38, panel.below, "soft", "middle")


def _round_up(value: float) -> float:
    """The next one that has a single digit, with room for the numbers above the points."""
    step = 10 ** math.floor(math.log10(value))
    return float(math.ceil(value * 1.15 / step) * step)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
