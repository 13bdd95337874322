"""The spans that have not ended, by what their processes say: state only, bounded, with the caller's clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from loopwatch_processor.bounds import Counts
from loopwatch_processor.open_span import SAID, Key, OpenSpan, Said, began_ns
from loopwatch_processor.road import Road
from loopwatch_processor.step import StepKind

MAX_SPANS = 20_000
GRACE_S = 60.0
"""After a start nothing is judged for so long, and nobody was silent before: all have to be heard of first."""
RESTORED_S = 300.0
"""After a longer absence nothing is taken up: what ended meanwhile came to nobody, and would look lost."""
_MAX_STEP_S = 5.0
"""Time that passed between two ticks counts for so much at most: who was stopped has not watched, and begins anew."""
_MAX_OVER_KEPT = 1_000
"""Spans that ended lately, of which no late beat is believed after a restart either."""
_MAX_NEWS = 4_096
"""Looked at between two ticks, so that scoring never waits for long."""
Worker = tuple[str, str, str]
"""Environment, service and process."""


@dataclass(slots=True, eq=False)
class Process:
    """A process with open spans."""

    worker: Worker
    heard_s: float
    """Seconds that had been watched when anything was heard of it last."""
    spans: dict[Key, OpenSpan] = field(default_factory=dict)
    lost_s: float | None = None
    """Seconds that had been watched when it was found lost."""
    patience_s: float = 0.0
    """Nothing is to be said of it before it is silent for so long."""


class OpenSpans:
    """What is open now, by trace and span id; those that were heard of longest ago first.

    Silence is measured in `watched_s`, the seconds for which this was looking: a process of ours that was stopped, or
    started anew, has not listened, so nobody was silent. What comes late shows that the road is behind, and silence
    begins anew from there.
    """

    def __init__(self, max_spans: int = MAX_SPANS, counts: Counts | None = None, grace_s: float = GRACE_S) -> None:
        self.counts = counts or Counts()
        """Where it is counted what was forgotten."""
        self.watched_s = 0.0
        self.open: OrderedDict[Key, OpenSpan] = OrderedDict()
        self.processes: dict[Worker, Process] = {}
        self.evicted: list[OpenSpan] = []
        """Forgotten beyond the bound: whoever looks takes them from here."""
        self._max_spans = max_spans
        self._traces: dict[str, dict[str, OpenSpan]] = {}
        self._over: OrderedDict[Key, None] = OrderedDict()
        """The spans whose end was said lately, so that no late beat opens them again."""
        self._news: dict[Key, OpenSpan] = {}
        self._road = Road()
        self._grace_s = self._late_s = grace_s
        self._ticked_s: float | None = None

    def __bool__(self) -> bool:
        return bool(self.open)

    def watch(self, now: float) -> None:
        """Time has passed to *now*."""
        step_s = max(0.0, now - self._ticked_s) if self._ticked_s is not None else 0.0
        self.watched_s += min(step_s, _MAX_STEP_S)
        if step_s > _MAX_STEP_S:
            self._late_s = self.watched_s + self._grace_s
        self._ticked_s = now

    @property
    def is_settled(self) -> bool:
        """Whether this has watched for long enough to judge anybody."""
        return self.watched_s >= self._grace_s

    def hear(self, said: Said, now: float) -> OpenSpan | None:
        """Take in what arrived at *now*; returns the span that is open, or has just ended by what was *said*."""
        in_time = not self.is_late("/".join(said.worker), said.at_ns, now)
        if said.is_over:
            self._lives(said)
            self._remember(said.key)
            return self.forget(said.key)
        if said.key in self._over:
            return None
        span = self.open.get(said.key)
        if span is None:
            span = self._opened(said)
            self._stir(said.trace_id)
        elif span.said.worker != said.worker:
            self._drop_from_process(span)
        span.hear(said, self.watched_s, in_time=in_time)
        self._attach(span, self.watched_s)
        self.open.move_to_end(said.key)
        self._news[said.key] = span
        if in_time:
            self._lives(said)
        if said.kind is not StepKind.AGENT_TURN:
            self._stir(said.trace_id)
        return span

    def is_late(self, sender: str, at_ns: int, now: float) -> bool:
        """Whether what was said at *at_ns* and arrived at *now* was held up; if so, no silence before now counts."""
        late = self._road.is_late(sender, now - at_ns / 1e9, now)
        if late:
            self._late_s = self.watched_s
        return late

    def _lives(self, said: Said) -> None:
        """Something came in time from the process of *said*."""
        process = self.processes.get(said.worker)
        if process is not None:
            process.heard_s = self.watched_s

    def ended(self, trace_id: str, span_id: str) -> OpenSpan | None:
        """A span arrived, so it is open no more; returns what was known of it. Any span shows that its trace works."""
        spans = self._traces.get(trace_id)
        if spans is None:
            return None
        self._stir(trace_id)
        span = spans.get(span_id)
        if span is None:
            return None
        self._lives(span.said)
        return self.forget(span.said.key)

    def forget(self, key: Key) -> OpenSpan | None:
        """Know nothing of the span *key* any more; returns what was known."""
        span = self.open.pop(key, None)
        if span is None:
            return None
        self._news.pop(key, None)
        self._drop_from_process(span)
        spans = self._traces[key[0]]
        del spans[key[1]]
        if not spans:
            del self._traces[key[0]]
        return span

    def news(self) -> list[OpenSpan]:
        """The spans of which something was heard since they were given out last; of very many some come later."""
        keys = list(islice(self._news, _MAX_NEWS))
        return [self._news.pop(key) for key in keys]

    def of_trace(self, trace_id: str) -> Iterator[OpenSpan]:
        """The open spans of one trace."""
        return iter(self._traces.get(trace_id, {}).values())

    def silence_s(self, heard_s: float) -> float:
        """How long nothing came from who was heard of at *heard_s*, as far as anybody listened."""
        return self.watched_s - max(heard_s, self._late_s)

    def idle_s(self, agent: OpenSpan) -> float:
        """How long nothing happened in the run of *agent*; 0 where a call or another agent in it is open."""
        others = (span for span in self.of_trace(agent.said.trace_id) if span is not agent)
        waits = any(span.said.kind is not StepKind.OTHER and span.began_ns >= agent.began_ns for span in others)
        return 0.0 if waits else self.silence_s(agent.active_s)

    def kinds(self) -> dict[str, float]:
        """How many are open, by kind."""
        found = {kind.value: 0.0 for kind in StepKind}
        for span in self.open.values():
            found[span.said.kind.value] += 1
        return found

    def as_dict(self, now: float) -> dict[str, Any]:
        """What is open, as plain data for the journal."""
        return {
            "saved_s": now,
            "said": SAID,
            "spans": [span.row() for span in self.open.values() if span.is_live],
            "over": list(islice(reversed(self._over), _MAX_OVER_KEPT)),
        }

    def restore(self, document: Mapping[str, Any], now: float) -> None:
        """Go on with what was open before a restart, after the same grace as at a start.

        Raises:
            ValueError: *document* is not what `as_dict` makes.
        """
        try:
            saved_s = float(document["saved_s"])
            spans = [OpenSpan.of_row(row, document["said"]) for row in document["spans"]]
            over = [(str(trace_id), str(span_id)) for trace_id, span_id in document["over"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not open spans: {type(error).__name__}: {error}") from error
        if now - saved_s > RESTORED_S:
            self.counts.forgotten["open_spans"] += len(spans)
            return
        for key in reversed(over):
            self._remember(key)
        for span in spans:
            if span.said.key not in self.open and span.said.key not in self._over:
                span.heard_s = span.active_s = self.watched_s + self._grace_s
                self._add(span)
                self._attach(span, span.heard_s)

    def _opened(self, said: Said) -> OpenSpan:
        span = OpenSpan(said, began_ns(said), active_s=self.watched_s)
        self._add(span)
        return span

    def _add(self, span: OpenSpan) -> None:
        key = span.said.key
        self.open[key] = span
        self._traces.setdefault(key[0], {})[key[1]] = span
        if len(self.open) > self._max_spans:
            oldest = self.forget(next(iter(self.open)))
            self.counts.forgotten["open_spans"] += 1
            self.evicted += [oldest] if oldest is not None else []

    def _attach(self, span: OpenSpan, heard_s: float) -> None:
        worker, key = span.said.worker, span.said.key
        process = self.processes.get(worker)
        if process is None:
            process = self.processes[worker] = Process(worker, heard_s)
        if key not in process.spans:
            process.spans[key] = span
            process.patience_s = 0.0

    def _drop_from_process(self, span: OpenSpan) -> None:
        process = self.processes.get(span.said.worker)
        if process is not None:
            process.spans.pop(span.said.key, None)
            if not process.spans:
                del self.processes[process.worker]

    def _stir(self, trace_id: str) -> None:
        """Something happens in a trace: its agents do not idle."""
        for span in self._traces.get(trace_id, {}).values():
            if span.said.kind is StepKind.AGENT_TURN:
                span.active_s = self.watched_s

    def _remember(self, key: Key) -> None:
        self._over[key] = None
        if len(self._over) > self._max_spans:
            self._over.popitem(last=False)
