"""The garbage collector may end an abandoned stream in a thread that is in the middle of something of ours."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast
from weakref import ref

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import Span, TracerProvider

import loopwatch
from loopwatch import _counts, _safely, content_clock
from loopwatch.budget import Amounts, Budget, Limits
from loopwatch.job_events import _Providers
from loopwatch.open_spans import OpenSpans

CALL = Amounts(usd=1.0, tokens=10, steps=1)


def ends(work: Callable[[], object]) -> bool:
    """Whether *work* comes to an end in a thread of its own."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


def finish_stream() -> None:
    """Read a stream to its end, in a call of its own."""
    with loopwatch.model_call("m"):
        list(loopwatch.stream(iter("ab")))


LOCKED: list[tuple[Callable[[], Any], Callable[[], object]]] = [
    (lambda: _counts._lock, lambda: _counts.count("fault")),
    (lambda: _safely._said_lock, lambda: _safely.warn_once("t", "m")),
    (lambda: content_clock._clocks._lock, finish_stream),
]


@pytest.mark.parametrize(("lock", "work"), LOCKED)
def test_a_finaliser_does_not_wait_for_its_own_thread(
    provider: TracerProvider, lock: Callable[[], Any], work: Callable[[], object]
) -> None:
    """What holds the lock is the thread that the finaliser runs in: it would wait for ever."""

    def collected() -> None:
        with lock():
            work()

    assert ends(collected)


def test_jobs_are_told_of_while_the_way_for_them_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for the lock under which an exporter is imported."""
    monkeypatch.setattr("loopwatch.job_events._global_provider", lambda: None)
    monkeypatch.setattr("loopwatch.job_events._made", lambda: None)
    providers = _Providers()

    def collected() -> None:
        with providers._lock:
            providers.current()

    assert ends(collected)


def test_a_span_that_begins_in_the_middle_of_sorting_is_followed(provider: TracerProvider) -> None:
    """The finaliser sorts what is left to sort, and who was sorting goes on with nothing."""
    spans, tracer = OpenSpans(0, 0, 10, 10, {}), trace.get_tracer("t")
    kept = [cast("Span", tracer.start_span(name)) for name in ("first", "second")]

    def collector_runs() -> None:
        spans._sort()

    spans.fresh.extend([cast("ref[Span]", collector_runs), *map(ref, kept)])
    assert ends(spans._sort)
    assert list(spans._open) == [span.get_span_context().span_id for span in kept]


class CollectedWhileBooked(Budget):
    """A call that nobody waits for any more is settled in the middle of the booking of another."""

    def _book_one(self, reserved: Amounts, actual: Amounts | None) -> None:
        if abandoned := self.abandoned[:1]:
            self.abandoned.clear()
            self.settle(abandoned[0], CALL)
        super()._book_one(reserved, actual)

    abandoned: list[Amounts]


def test_a_call_settled_in_the_middle_of_another_is_booked_as_well() -> None:
    """Neither is lost, and nothing stays set aside."""
    budget = CollectedWhileBooked(Limits(max_usd=10.0))
    budget.abandoned = []
    budget.reserve(CALL)
    budget.abandoned = [CALL]

    assert ends(lambda: budget.reserve(CALL))
    assert (budget.spent, budget.reserved) == (CALL, CALL)
    budget.settle(CALL, CALL)
    assert (budget.spent.usd, budget.reserved) == (2.0, Amounts())


def test_an_abandoned_stream_ends_its_call(provider: TracerProvider) -> None:
    """A generator that nobody reads any more closes its call, whoever lets it go."""

    def answer() -> Iterator[str]:
        with loopwatch.model_call("m"):
            yield from loopwatch.stream(iter("abc"))

    with loopwatch.session("a", max_steps=2) as session:
        reader = answer()
        next(reader)
        del reader
        assert (session.budget.spent.steps, session.budget.reserved.steps) == (1, 0)
