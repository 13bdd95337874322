"""What an expression asks for: the metrics, and the labels that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME = re.compile(r"(?<![\w:])(?:loopwatch_\w+|[a-z_]+:[a-z][\w:]*|up)\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """Names of metrics; for each the labels that its selectors name; the labels that the expression groups by."""

    metrics: set[str] = field(default_factory=set)
    matched: dict[str, set[str]] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)


def asked(expression: str) -> Asked:
    """Read *expression*; not a parser, but enough for expressions without names in unusual places."""
    plain = _TEXT.sub('""', expression)
    found = Asked()
    for metric, matchers in _SELECTOR.findall(plain):
        found.matched.setdefault(metric, set()).update(_MATCHER.findall(matchers))
    for labels in _GROUPING.findall(plain):
        found.grouped.update(label.strip() for label in labels.split(",") if label.strip())
    found.metrics.update(_NAME.findall(plain))
    return found
