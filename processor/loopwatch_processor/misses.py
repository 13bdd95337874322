"""One line on why a labelled session was missed, or was flagged although nothing was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import orjson

from loopwatch.words import jaccard, words
from loopwatch_processor.evaluation import Outcome
from loopwatch_processor.finding import Severity

_MOST_CALLS = 200
"""Calls compared with each other; sessions may be of any length."""

Call = tuple[int, Mapping[str, Any]]


def explain(outcome: Outcome, severity: Severity) -> str:
    """Why *outcome* is wrong at *severity*; "" where it is right or nobody said what is right."""
    first = outcome.first(severity)
    expected = outcome.session.expected
    if expected == "ok" and first is not None:
        finding = first[1].finding
        return f"falsely flagged at step {first[0]} by {finding.detector}/{finding.pattern}: {finding.summary}"
    if expected == "loop" and first is None:
        said = outcome.first(Severity.INFO)
        stopped = f"; only {said[1].finding.severity.label} {said[1].finding.pattern}" if said is not None else ""
        return f"missed{stopped}: {_seen(outcome.session.steps)}"
    return ""


def _seen(steps: Sequence[Mapping[str, Any]]) -> str:
    """What there was to see: the nearest that the session came to a repetition."""
    calls = [(index, step) for index, step in enumerate(steps) if step["kind"] == "tool"]
    if not calls:
        return f"no tool calls, {sum(1 for step in steps if step['kind'] == 'llm')} model calls"
    told = [call for call in calls[:_MOST_CALLS] if call[1].get("arguments") is not None]
    if not told:
        return f"{len(calls)} tool calls, none with arguments"
    return f"{len(calls)} tool calls; {_most_equal(told)}; {_most_alike(told)}"


def _most_equal(calls: Sequence[Call]) -> str:
    counts = Counter((call["name"], _plain(call["arguments"])) for _, call in calls)
    (name, _), count = counts.most_common(1)[0]
    return f"the most frequent equal call is {name} ×{count}" if count > 1 else "no two calls are equal"


def _most_alike(calls: Sequence[Call]) -> str:
    said = [(index, call["name"], words(call["arguments"]), _plain(call["arguments"])) for index, call in calls]
    pairs = [
        (jaccard(left[2], right[2]), left, right)
        for left, right in combinations(said, 2)
        if left[1] == right[1] and left[3] != right[3]
    ]
    if not pairs:
        return "no tool was called with different arguments"
    similarity, left, right = max(pairs, key=lambda pair: pair[0])
    return f"the most alike others are {left[1]} at steps {left[0]} and {right[0]} (similarity {similarity:.2f})"


def _plain(arguments: Any) -> bytes:
    return orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)
