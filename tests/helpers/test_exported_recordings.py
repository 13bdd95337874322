"""SketchingExporter on what real instrumentations emit: content is gone, all else is there."""

import json
from typing import Any

from loopwatch.content_attributes import is_tool_span
from loopwatch.exporter import sketched
from tests.helpers.recorded import recorded_spans
from tests.helpers.swapping import ARGUMENTS_HASH
from tests.shared import SPANS, needs_recordings

CONTENT_IN_RECORDINGS = ("ACME", "annual report", "research agent", "no exact match", "(12.1", "search backend")


@needs_recordings
def test_no_content_of_any_recorded_instrumentation_leaves() -> None:
    """Every text of the recorded scenarios is gone from attributes, events and statuses."""
    for path in _recordings():
        for span in recorded_spans(path):
            swapped = sketched(span)
            left = json.dumps(
                [
                    dict(swapped.attributes or {}),
                    [dict(event.attributes or {}) for event in swapped.events],
                    swapped.status.description,
                ],
                default=str,
            )
            assert not [text for text in CONTENT_IN_RECORDINGS if text in left], (path.name, span.name)


@needs_recordings
def test_every_recorded_tool_span_with_arguments_has_a_sketch() -> None:
    """Calls in wrappers of every kind have a sketch, different ones stay different, results are hashed too."""
    checked = 0
    for path in _recordings():
        tools = [span for span in recorded_spans(path) if is_tool_span(span.attributes or {})]
        swapped = [dict(sketched(span).attributes or {}) for span in tools]
        with_arguments = [found for found in swapped if ARGUMENTS_HASH in found]
        assert all("loopwatch.tool.result.hash" in found for found in with_arguments)
        if len(with_arguments) >= 8:
            hashes = {found[ARGUMENTS_HASH] for found in with_arguments}
            assert len(hashes) >= 11, path.name
            checked += 1
    assert checked >= 10


@needs_recordings
def test_numbers_names_and_ids_of_recorded_spans_survive() -> None:
    """Tokens, timings, finish reasons, models and ids are as they were: nothing but content is touched."""
    for path in _recordings():
        for span in recorded_spans(path):
            before, after = span.attributes or {}, sketched(span).attributes or {}
            for name, value in before.items():
                if isinstance(value, (bool, int, float)) or name.endswith((".model", ".id", "finish_reasons")):
                    assert after[name] == value, (path.name, name)


def _recordings() -> list[Any]:
    return [path for path in sorted(SPANS.glob("*.jsonl")) if not path.stem.endswith((".logs", ".metrics"))]
