"""Messages that come as log records, kept until the span of their model call has come too."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from loopwatch_processor.bounds import Counts
from loopwatch_processor.conversation import Heard, Transcript
from loopwatch_processor.node import Node


class Transcripts:
    """What was heard of calls whose span has not come, or which is not answered yet."""

    def __init__(self, limit: int, counts: Counts) -> None:
        self._limit = limit
        self._counts = counts
        self.heard: OrderedDict[tuple[str, str], Transcript] = OrderedDict()
        """By trace id and span id."""

    def hear(self, trace_id: str, span_id: str, heard: Heard) -> None:
        """Take messages of the model call of a span."""
        key = (trace_id, span_id)
        self.heard.setdefault(key, Transcript()).hear(heard)
        self.heard.move_to_end(key)
        if len(self.heard) > self._limit:
            self.heard.popitem(last=False)
            self._counts.forgotten["messages"] += 1

    def tell(self, trace_id: str, node: Node) -> bool:
        """Give the call *node* what log records told of it; messages on a span itself go before them."""
        key, step = (trace_id, node.span_id), node.step
        transcript = self.heard.get(key)
        if transcript is None or step is None or step.model is None:
            return False
        has_own = step.model.conversation is not None
        if not has_own and not transcript.is_answered and step.error is None:
            return False
        del self.heard[key]
        if not has_own:
            reason = step.model.finish_reason or transcript.finish_reason
            told = replace(step.model, conversation=transcript.conversation(), finish_reason=reason)
            node.step = replace(step, model=told)
        return not has_own
