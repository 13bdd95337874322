"""Bodies that broken senders produce, kept as files: each is read as far as it goes and costs nobody else's span.

A body that a fuzzer or a user finds becomes a file in tests/corpus and a line here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwatch.attributes import Health
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.errors import Undecodable
from loopwatch_processor.otlp import Broken, Span, decode_traces
from loopwatch_processor.verdict import Verdict, write

CORPUS = Path(__file__).parent / "corpus"
SICK = Verdict(Health.WARNING, (("loop", 0.9),), ("warning loop/exact",))
EXPECTED: dict[str, tuple[int, int] | None] = {
    "deep-nesting": (2, 0),
    "duplicate-keys": (1, 0),
    "empty-span": (2, 0),
    "group-tags": (0, 0),
    "huge-length": None,
    "ids-of-wrong-length": (1, 0),
    "invalid-utf8-key": (1, 1),
    "invalid-utf8-name": (2, 0),
    "invalid-utf8-value": (1, 0),
    "json-not-protobuf": None,
    "overlong-varint": (1, 1),
    "split-resource": (1, 0),
    "text": None,
    "truncated-envelope": None,
    "truncated-span": (1, 1),
    "unknown-fields": (1, 0),
    "wrong-wire-type": (2, 0),
    "zeros": None,
}
"""By file: spans read and spans broken, or None where the body as a whole is refused."""
READABLE = sorted(name for name, counts in EXPECTED.items() if counts is not None)


def body(name: str) -> bytes:
    return (CORPUS / f"{name}.pb").read_bytes()


def test_every_file_is_expected_and_every_expectation_has_a_file() -> None:
    """None is forgotten on either side."""
    assert {path.stem for path in CORPUS.glob("*.pb")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_body_is_read_as_far_as_it_goes(name: str) -> None:
    """A broken span spoils only itself; what is no request is refused as a whole."""
    expected = EXPECTED[name]
    if expected is None:
        with pytest.raises(Undecodable):
            list(decode_traces(body(name)))
        return
    items = list(decode_traces(body(name)))

    assert (sum(isinstance(item, Span) for item in items), sum(isinstance(item, Broken) for item in items)) == expected


@pytest.mark.parametrize("name", READABLE)
def test_a_body_is_scored_without_a_fault_of_ours(name: str) -> None:
    """Whatever its spans hold."""
    pipeline = build_pipeline(Config())
    pipeline.feed_traces(body(name), 0.0)

    faults = [sample for family in pipeline.telemetry.registry.collect() for sample in family.samples]
    assert sum(item.value for item in faults if item.name == "loopwatch_scoring_failures_total") == 0


@pytest.mark.parametrize("name", READABLE)
def test_a_body_passes_unchanged_and_spans_without_a_verdict_keep_their_bytes(name: str) -> None:
    """In-line nothing is mended, lost or reordered, also beside a span that is stamped."""
    assert write(body(name), {}) == body(name)

    before = [item.raw for item in decode_traces(body(name))]
    stamped = write(body(name), {("00" * 16, "00" * 8): SICK})
    assert [item.raw for item in decode_traces(stamped)] == before
