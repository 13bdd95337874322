"""docs/helpers.md is run as it stands."""

import re
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.usefixtures("no_logger_provider")
def test_every_example_of_the_helpers_runs(exporter: InMemorySpanExporter) -> None:
    """The blocks of the page run one after the other, and leave the spans that the page speaks of."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "helpers.md").read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/helpers.md", "exec"), names)

    assert len(blocks) == 5
    assert [span.name for span in exporter.get_finished_spans()] == [
        "chat gpt-4o-mini",
        "execute_tool search",
        "invoke_agent researcher",
        "execute_tool file",
        "invoke_agent clerk",
    ]
