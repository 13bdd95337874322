"""Whether the spans of one request were held up on their way."""

from __future__ import annotations

from loopwatch_processor.open_spans import OpenSpans
from loopwatch_processor.otlp import Source, Span


class Arrivals:
    """Looks at each source of a request once. A source is as late as its newest span: some send a trace at its end."""

    def __init__(self, spans: OpenSpans, now: float) -> None:
        self._spans = spans
        self._now = now
        self._source: Source | None = None
        self._newest_ns = 0

    def add(self, span: Span) -> None:
        """One more span arrived."""
        if span.source is not self._source:
            self.close()
            self._source, self._newest_ns = span.source, 0
        self._newest_ns = max(self._newest_ns, span.end_ns)

    def close(self) -> None:
        """All have arrived."""
        source = self._source
        if source is not None:
            self._spans.is_late(f"{source.environment}/{source.service}", self._newest_ns, self._now)
        self._source = None
