"""Agents that send without pause and send again what was not answered OK, and what they know of it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from loopwatch_processor.receive.intake import Signal
from tests.paging.spans import SERVICE
from tests.receive.harness import Receivers
from tests.stack.processes import PATIENCE_S

SPANS = 20
"""Of one request: a session of one agent that makes as many model calls."""
INPUT_TOKENS, OUTPUT_TOKENS = 100, 10
MODEL = "gpt-4o-mini"
_AGAIN_S = 0.05
_OTLP = {"content-type": "application/x-protobuf"}


def calls(session: str, spans: int = SPANS, agent: str = "worker", model: str = MODEL, at_s: float = 0) -> list[Span]:
    """One trace of *spans* model calls, each other than the one before; they end by *at_s* (Unix time; 0: now)."""
    trace_id = hashlib.sha256(session.encode()).digest()[:16]
    now_ns = round(at_s * 1e9) or time.time_ns()
    made = []
    for number in range(spans):
        span = Span(trace_id=trace_id, span_id=hashlib.sha256(trace_id + bytes([number])).digest()[:8], name="chat")
        span.parent_span_id = hashlib.sha256(trace_id + b"root").digest()[:8]
        span.end_time_unix_nano = now_ns - (spans - number) * 1_000_000
        span.start_time_unix_nano = span.end_time_unix_nano - 1_000_000
        texts = {"operation.name": "chat", "request.model": model, "agent.name": agent, "conversation.id": session}
        for key, text in texts.items():
            span.attributes.add(key=f"gen_ai.{key}").value.string_value = text
        for key, tokens in (("input_tokens", INPUT_TOKENS), ("output_tokens", OUTPUT_TOKENS)):
            span.attributes.add(key=f"gen_ai.usage.{key}").value.int_value = tokens
        made.append(span)
    return made


def request_of(spans: Iterable[Span], environment: str = "load") -> bytes:
    """An export request of *spans* of one service."""
    request = ExportTraceServiceRequest()
    item = request.resource_spans.add()
    for key, value in (("service.name", SERVICE), ("deployment.environment.name", environment)):
        item.resource.attributes.add(key=key).value.string_value = value
    item.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def ids_of(bodies: Iterable[bytes]) -> Counter[bytes]:
    """How often each span is in *bodies*, by trace and span id."""
    requests = map(ExportTraceServiceRequest.FromString, bodies)
    scopes = (scope for request in requests for item in request.resource_spans for scope in item.scope_spans)
    return Counter(span.trace_id + span.span_id for scope in scopes for span in scope.spans)


def arrived_at(backend: Receivers) -> set[bytes]:
    """The spans that the backend has."""
    return set(ids_of(body for kind, body in list(backend.intake.bodies) if kind is Signal.traces))


class Load:
    """*senders* threads that post one session after another to *url*, each until it is answered OK."""

    def __init__(self, url: str, senders: int = 4, pause_s: float = 0.0) -> None:
        self.answers: Counter[str] = Counter()
        """Requests by the status of their answer; "broken" where there was none."""
        self.tried: list[bytes] = []
        """Each request once, in the order of the first tries."""
        self.taken: list[bytes] = []
        """Those that were answered OK."""
        self.waits_s: set[str] = set()
        """What the answers that were not OK said in Retry-After."""
        self.senders = senders
        self._url = f"{url}/v1/traces"
        self._pause_s = pause_s
        self._stopping = threading.Event()

    @property
    def sent(self) -> int:
        """Spans of requests that were tried at least once."""
        return SPANS * len(self.tried)

    @property
    def taken_spans(self) -> int:
        """Spans of requests that were answered OK."""
        return SPANS * len(self.taken)

    @property
    def again(self) -> int:
        """Tries beyond the first of each request."""
        return self.answers.total() - len(self.tried)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send for the length of the block; what is on its way at its end is tried until it is answered OK."""
        threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(self.senders)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(PATIENCE_S)
            assert not any(thread.is_alive() for thread in threads), "a sender was never answered OK"

    def _send(self, sender: int) -> None:
        number = 0
        with httpx.Client(headers=_OTLP, timeout=30, trust_env=False) as client:
            while not self._stopping.wait(self._pause_s):
                body = request_of(calls(f"session-{sender}-{number}"))
                self.tried.append(body)
                while not self._is_taken(client, body):
                    time.sleep(_AGAIN_S)
                self.taken.append(body)
                number += 1

    def _is_taken(self, client: httpx.Client, body: bytes) -> bool:
        try:
            answer = client.post(self._url, content=body)
        except httpx.TransportError:
            self.answers["broken"] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        if not answer.is_success:
            self.waits_s.add(answer.headers.get("retry-after", "none"))
        return answer.is_success


def grown(count: Callable[[], float], by: float) -> Callable[[], bool]:
    """Whether *count* has grown by *by* since this was made."""
    first = count()
    return lambda: count() >= first + by
