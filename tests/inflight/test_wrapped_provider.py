"""A provider that wraps the SDK's, has no hash, and gives out spans that wrap the SDK's: Logfire's is one."""

from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch import inflight
from loopwatch._counts import counts
from loopwatch.content_clock import ContentClock, clock_of, drop_clock, set_clock


@dataclass
class Wrapping(trace.TracerProvider):
    """Equal by value, and so without a hash."""

    inner: TracerProvider

    @property
    def resource(self) -> Resource:
        """Of the provider inside."""
        return self.inner.resource

    def get_tracer(self, *args: Any, **options: Any) -> trace.Tracer:
        """Of the provider inside."""
        return self.inner.get_tracer(*args, **options)

    def add_span_processor(self, processor: Any) -> None:
        """To the provider inside."""
        self.inner.add_span_processor(processor)


class WrappedSpan(trace.NonRecordingSpan):
    """Another object than the span that processors see."""

    def is_recording(self) -> bool:
        """As the span inside."""
        return True


@pytest.fixture
def wrapping(provider: TracerProvider, monkeypatch: pytest.MonkeyPatch) -> Wrapping:
    """The provider of the program, wrapped."""
    found = Wrapping(provider)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", found)
    return found


def test_it_is_joined_once(wrapping: Wrapping) -> None:
    """The reporter is installed, and a second line finds it."""
    reporter = inflight.install(http=False)
    assert reporter is not None
    assert inflight.install(http=False) is reporter
    assert counts() == {}


def test_its_spans_have_the_id_of_their_job(wrapping: Wrapping, spans: InMemorySpanExporter) -> None:
    """One stamp a span, however many jobs there were."""
    for own in ("1", "2"):
        with loopwatch.job("report", id=own), trace.get_tracer("t").start_as_current_span("work"):
            pass
    assert [(span.attributes or {}).get("loopwatch.job.id") for span in spans.get_finished_spans()] == ["1", "2"]
    assert counts() == {}


def test_the_clock_of_a_wrapper_is_that_of_its_span(provider: TracerProvider) -> None:
    """The one is what is current when the stream begins, the other what the reporter looks at."""
    span = trace.get_tracer("t").start_span("chat")
    wrapper, clock = WrappedSpan(span.get_span_context()), ContentClock()
    assert set_clock(wrapper, clock) is None
    assert clock_of(span) is clock
    drop_clock(span, clock)
    assert clock_of(wrapper) is None


def test_a_span_that_is_let_go_takes_its_clock_along(provider: TracerProvider) -> None:
    """Clocks of abandoned spans do not pile up."""
    span = trace.get_tracer("t").start_span("chat")
    same = WrappedSpan(span.get_span_context())
    set_clock(span, ContentClock())
    del span
    assert clock_of(same) is None
