"""What holds for open spans whatever is lost, repeated or overtaken on the way."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.finding import hold_of
from tests.open_spans.cases import BEAT, ENDED, STARTED, Listening, event
from tests.test_pipeline import span

NUMBERS = (10, 11, 12)
Deed = tuple[Any, ...]
numbers = st.sampled_from(NUMBERS)
workers = st.sampled_from(("w1", "w2"))
deeds: st.SearchStrategy[list[Deed]] = st.lists(
    st.one_of(
        st.tuples(st.just(STARTED), numbers),
        st.tuples(st.just(BEAT), numbers, st.sampled_from((None, 0.5, 40.0, 350.0)), st.sampled_from((0, 7))),
        st.tuples(st.just(ENDED), numbers),
        st.tuples(st.just("span"), numbers, st.sampled_from((None, "talk", "other")), st.sampled_from((0, 1))),
        st.tuples(st.just("again"), st.integers(0, 20)),
        st.tuples(st.just("late"), numbers, st.sampled_from((30.0, 400.0, 4_000.0))),
        st.tuples(st.just("wait"), st.sampled_from((1.0, 12.0, 45.0, 400.0))),
        st.tuples(st.just("stopped"), st.sampled_from((30.0, 900.0))),
    ),
    max_size=40,
)


class Traffic:
    """A scorer to which all *deeds* happen; nothing may be raised for a span that has ended."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.seen = Listening()
        self.over: set[str] = set()
        self.sent: list[dict[str, Any]] = []
        for deed in deeds:
            before = len(self.seen.raised)
            over = set(self.over)
            self._do(*deed)
            told = {item.span_id for item in self.seen.raised[before:] if item.finding.lasts}
            assert not told & over, "told of as open after its end"

    def _do(self, name: str, *how: Any) -> None:
        seen = self.seen
        if name == "wait":
            seen.wait_until(seen.now_s + how[0], step_s=2.0)
        elif name == "stopped":
            seen.now_s += how[0]
            seen.wait_until(seen.now_s + 1.0)
        elif name == "span":
            number, talk, parent = how
            more = {} if talk is None else {"conversation__id": talk}
            seen.feed(span("chat", number, max(0.0, seen.now_s - 1.0), parent=parent, request__model="gpt-4o", **more))
            self._end(number)
        elif name == "again" and self.sent:
            seen.hear(self.sent[how[0] % len(self.sent)])
        elif name == "late":
            self._say(
                event(BEAT, how[0], seen.now_s - how[1], worker=f"w{how[0]}", loopwatch__stream__current_gap=50.0)
            )
        elif name == BEAT:
            number, gap_s, chunks = how
            gap = (
                {} if gap_s is None else {"loopwatch__stream__current_gap": gap_s, "loopwatch__stream__chunks": chunks}
            )
            self._say(event(BEAT, number, seen.now_s, worker=f"w{number % 2}", **gap))
        elif name in (STARTED, ENDED):
            self._say(event(name, how[0], seen.now_s, worker=f"w{how[0] % 2}"))
            if name == ENDED:
                self._end(how[0])

    def _say(self, record: dict[str, Any]) -> None:
        self.sent.append(record)
        self.seen.hear(record)

    def _end(self, number: int) -> None:
        self.over.add(f"{1_000 + number:016x}")

    def finish(self) -> None:
        """Every span ends, and time passes."""
        for number in NUMBERS:
            self._do("span", number, None, 1)
        self.seen.feed(span("invoke_agent", 1, self.seen.now_s))
        self.seen.wait_until(self.seen.now_s + 16_000.0, step_s=50.0)


@settings(max_examples=60, deadline=None)
@given(deeds)
def test_nothing_is_told_of_what_has_ended_and_all_that_was_told_ends(deeds: list[Deed]) -> None:
    """Records may be lost, doubled and late; loopwatch may be stopped in between."""
    traffic = Traffic(deeds)
    traffic.finish()

    seen = traffic.seen
    assert seen.open() == []
    assert not seen.scorer.open
    assert not seen.scorer.incidents._holders
    spans = seen.scorer.open.spans
    assert [spans.processes, spans._traces, spans._news] == [{}, {}, {}]
    assert set(seen.scorer.incidents.series().values()) <= {0}
    assert seen.scorer.telemetry.registry.get_sample_value(
        "loopwatch_scoring_failures_total", {"part": "pipeline", "name": "open_spans"}
    ) in (None, 0.0)


@settings(max_examples=60, deadline=None)
@given(deeds)
def test_nothing_keeps_an_incident_open_but_what_is_wrong_now(deeds: list[Deed]) -> None:
    """What an incident waits for is always known to be cleared some day."""
    scorer = Traffic(deeds).seen.scorer
    wrong = [raised.finding for span in scorer.open.spans.open.values() for _, raised in span.holding()]
    assert set(scorer.incidents._holders) <= {hold_of(finding) for finding in wrong if finding is not None}
