"""docs/inflight.md is run as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch._counts
from loopwatch import inflight

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "inflight.md").read_text()


def test_every_example_runs(provider: TracerProvider, spans: InMemorySpanExporter) -> None:
    """The reporter is installed, and the limited stream delivers what comes in time."""
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    for block in blocks:
        exec(compile(block, "docs/inflight.md", "exec"), names)

    def create(*, stream: bool) -> Iterator[str]:
        assert stream
        yield from "abc"

    assert len(blocks) == 2
    assert list(names["answer"](SimpleNamespace(create=create))) == list("abc")
    assert inflight._installed.get(provider) is inflight.install()
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["loopwatch.stream.chunks"] == 3


def test_every_reason_that_is_counted_is_explained() -> None:
    """The table holds the reasons that the code counts, and no other, and those are what the service serves."""
    sources = "".join(path.read_text() for path in Path(loopwatch._counts.__file__).parent.glob("*.py"))
    counted = set(re.findall(r"\bcount\(\"(\w+)\"", sources))
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE))
    assert counted == listed == set(loopwatch._counts.REASONS)


def test_the_figures_are_those_of_the_code() -> None:
    """Grace, interval and bounds stand in the page as they are by default."""
    for figure in (
        f"`grace_s` ({inflight.GRACE_S:g} s)",
        f"`interval_s` ({inflight.INTERVAL_S:g} s)",
        f"more than {inflight.MAX_OPEN_SPANS:,} spans",
        f"more than {inflight.MAX_ANNOUNCED:,} announced",
    ):
        assert figure in PAGE
