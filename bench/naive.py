"""What one would write first: all attributes into dicts, token Jaccard over 16 calls, every span annotated."""

from __future__ import annotations

from collections import defaultdict, deque

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class NaiveScorer:
    """The reference beside which `bench.scoring` prints: it knows one dialect, one detector and no moving spans."""

    def __init__(self) -> None:
        self._windows: defaultdict[str, deque[frozenset[str]]] = defaultdict(lambda: deque(maxlen=16))

    def feed(self, body: bytes) -> bytes:
        """Score and annotate one encoded request."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {
                        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
                        for pair in span.attributes
                    }
                    score = self._score(attributes)
                    span.attributes.add(key="loopwatch.score.loop").value.double_value = score
        return request.SerializeToString()

    def _score(self, attributes: dict[str, object]) -> float:
        arguments = attributes.get("gen_ai.tool.call.arguments")
        if arguments is None:
            return 0.0
        tokens = frozenset(str(arguments).split())
        window = self._windows[str(attributes.get("gen_ai.conversation.id"))]
        score = max((len(tokens & other) / len(tokens | other) for other in window), default=0.0)
        window.append(tokens)
        return score
