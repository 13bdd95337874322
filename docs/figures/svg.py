"""What the pictures have in common: colours for light and dark pages, and text."""

from __future__ import annotations

from xml.sax.saxutils import escape

_SHAPES = """\
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif;
  stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.title { font-size: 14px; font-weight: 600; }
.small { font-size: 11px; }
.line, .leader { fill: none; }
.leader { stroke-width: 0.75; }
.control { stroke-width: 2; }
.interval { stroke-width: 2; stroke-opacity: 0.45; }
text.ours { font-weight: 600; }
"""
_COLOURS = """\
.page {{ fill: {page}; }}
text {{ fill: {ink}; stroke: {page}; }}
text.soft {{ fill: {soft}; }}
.line {{ stroke: {line}; }}
.leader {{ stroke: {soft}; }}
.framework {{ fill: {soft}; stroke: {soft}; }}
.simple, .control {{ fill: {simple}; stroke: {simple}; }}
.ours {{ fill: {ours}; stroke: {ours}; }}
text.ours {{ fill: {ours}; stroke: {page}; }}
.interval {{ stroke: {ours}; }}
"""
_LIGHT = {
    "page": "#ffffff",
    "ink": "#1f2328",
    "soft": "#59636e",
    "line": "#d1d9e0",
    "ours": "#0969da",
    "simple": "#9a6700",
}
_DARK = {
    "page": "#0d1117",
    "ink": "#f0f6fc",
    "soft": "#9198a1",
    "line": "#3d444d",
    "ours": "#4493f8",
    "simple": "#d29922",
}
STYLE = (
    _SHAPES + _COLOURS.format(**_LIGHT) + "@media (prefers-color-scheme: dark) {\n" + _COLOURS.format(**_DARK) + "}\n"
)
"""Plain colours, because not every viewer of SVG knows variables."""


def text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    """One line of text; *anchor* is start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'
