"""Writes a job's id on the outermost spans that are made inside it, by whatever instrumentation, and reads from them
which agent works on it."""

from typing import TYPE_CHECKING, Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from loopwatch._by_identity import ByIdentity
from loopwatch._safely import safely
from loopwatch._tracer import current_job
from loopwatch.attributes import LOOPWATCH_JOB_ID
from loopwatch.span_words import inherited_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import TracerProvider
    from opentelemetry.util.types import AttributeValue


class JobStamp(SpanProcessor):
    """Where no job is worked on it costs one look-up a span. Never raises into the program."""

    def on_start(self, span: Span, parent_context: otel_context.Context | None = None) -> None:
        """Stamp *span*, where it is an outermost one of the job of *parent_context*."""
        safely(_stamp, span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Tell the job of this place whose *span* it was, where it is one of those."""
        if span.attributes and LOOPWATCH_JOB_ID in span.attributes:
            safely(_tell, span.attributes)


def _stamp(span: Span, context: otel_context.Context | None) -> None:
    job = current_job(context)
    if job is None or (span.attributes and LOOPWATCH_JOB_ID in span.attributes):
        return
    if span.parent is None or span.parent.span_id == job.outer_span_id:
        span.set_attribute(LOOPWATCH_JOB_ID, job.id)


def _tell(attributes: "Mapping[str, AttributeValue]") -> None:
    job = current_job()
    if job is not None and job.id == attributes[LOOPWATCH_JOB_ID]:
        job.saw(inherited_words(attributes))


_stamped: "Final[ByIdentity[TracerProvider, bool]]" = ByIdentity()


def install() -> None:
    """Stamp the spans of the provider that is set now, from now on; a second call changes nothing."""
    provider = trace.get_tracer_provider()
    add = getattr(provider, "add_span_processor", None)
    if add is not None and not _stamped.get(provider):
        _stamped.put(provider, True)
        add(JobStamp())
