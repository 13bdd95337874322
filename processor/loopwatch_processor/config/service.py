"""Settings of the service itself: what it listens on, forwards to, remembers and writes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from loopwatch_processor.bounds import SessionLimits
from loopwatch_processor.config.access import GrpcTls, HttpTls
from loopwatch_processor.config.client_tls import ClientTls
from loopwatch_processor.config.section import Section
from loopwatch_processor.errors import BadEndpoint
from loopwatch_processor.finding import Severity
from loopwatch_processor.receive.admission import AdmissionLimits
from loopwatch_processor.receive.connections import ConnectionLimits
from loopwatch_processor.receive.grpc_server import GrpcSettings
from loopwatch_processor.receive.http_body import HttpLimits
from loopwatch_processor.receive.http_server import HttpSettings
from loopwatch_processor.sinks.otlp import ForwardLimits
from loopwatch_processor.sinks.otlp_endpoint import parse_endpoint
from loopwatch_processor.telemetry.labels import LabelLimits

_ADMISSION = AdmissionLimits()
_CONNECTIONS = ConnectionLimits()
_HTTP = HttpLimits()
_FORWARD = ForwardLimits()
_SESSIONS = SessionLimits()
_LABELS = LabelLimits()


class Receive(Section):
    """Where telemetry arrives, and how much of it may wait."""

    host: str = "127.0.0.1"
    """Address to listen on; loopback by default, 0.0.0.0 in a container."""
    grpc_port: int = Field(default=4317, ge=0, le=65535)
    """OTLP/gRPC; 0 is any free port."""
    http_port: int = Field(default=4318, ge=0, le=65535)
    """OTLP/HTTP, the health pages and /metrics; 0 is any free port."""
    grpc_tls: GrpcTls | None = None
    """TLS on grpc_port: cert_file, key_file, client_ca_file; null: none. See docs/security.md."""
    http_tls: HttpTls | None = None
    """TLS on http_port: the same and min_version; null: none."""
    max_body_bytes: int = Field(default=_HTTP.body_max_bytes, ge=1024, le=2**31 - 1)
    """Of one request, before and after decompression."""
    max_items: int = Field(default=_ADMISSION.items_max, ge=1)
    """Resources, scopes, and spans, records or metrics of one request; in JSON, twenty objects and arrays for each."""
    max_connections: int = Field(default=_CONNECTIONS.connections_max, ge=1)
    """Connections open at the same time, of each protocol; fewer where the system allows fewer open files."""
    header_timeout_s: float = Field(default=_CONNECTIONS.header_timeout_s, gt=0)
    """How long a new connection, or the headers of a request, may take to say what is wanted."""
    idle_timeout_s: int = Field(default=_CONNECTIONS.idle_timeout_s, ge=1, le=86_400)
    """How long a connection may stay open without a request; longer than clients keep theirs, mostly 90 s."""
    body_timeout_s: float = Field(default=_ADMISSION.arrival_timeout_s, gt=0)
    """How long the body of one request may take to arrive."""
    body_spared_s: float = Field(default=_ADMISSION.arrival_spared_s, ge=0)
    """A body that takes longer is given up where others want its place, and its sender is told to retry."""
    max_waiting_requests: int = Field(default=_ADMISSION.requests_max, ge=1)
    """Requests being read, or waiting for their turn or the downstream; above it senders are told to retry."""
    max_waiting_bytes: int = Field(default=_ADMISSION.held_max_bytes, ge=1)
    """Bytes that those requests may hold together."""
    retry_after_s: float = Field(default=_ADMISSION.retry_after_s, gt=0)
    """When a refused sender should come back."""

    @model_validator(mode="after")
    def _two_ports(self) -> Receive:
        if self.grpc_port == self.http_port != 0:
            raise ValueError(f"grpc_port and http_port are both {self.grpc_port}: give each its own port")
        return self

    def admission(self) -> AdmissionLimits:
        """The bounds of what may wait."""
        return AdmissionLimits(
            requests_max=self.max_waiting_requests,
            held_max_bytes=self.max_waiting_bytes,
            retry_after_s=self.retry_after_s,
            items_max=self.max_items,
            arrival_timeout_s=self.body_timeout_s,
            arrival_spared_s=self.body_spared_s,
        )

    def grpc_listener(self, connections: ConnectionLimits | None = None) -> GrpcSettings:
        """Where OTLP/gRPC listens, and how; *connections* where they are fewer than was set."""
        tls = self.grpc_tls.files() if self.grpc_tls is not None else None
        open_ones = connections or self.connections()
        return GrpcSettings(self.host, self.grpc_port, self.max_body_bytes, tls=tls, connections=open_ones)

    def http_listener(self, connections: ConnectionLimits | None = None) -> HttpSettings:
        """Where OTLP/HTTP and the pages listen, and how; see `grpc_listener`."""
        tls = self.http_tls.files() if self.http_tls is not None else None
        return HttpSettings(self.host, self.http_port, tls, connections or self.connections())

    def http(self) -> HttpLimits:
        """The bounds of one OTLP/HTTP request."""
        return HttpLimits(self.max_body_bytes, self.max_body_bytes, self.body_timeout_s, self.max_items)

    def connections(self) -> ConnectionLimits:
        """The bounds of what is open."""
        return ConnectionLimits(self.max_connections, self.header_timeout_s, self.idle_timeout_s)


class Forward(Section):
    """The downstream of in-line use: it gets what arrives, with verdicts, and senders are answered once it did."""

    endpoint: str
    """http://host:4317 or https://host:4317; with protocol http the paths /v1/traces and so on are added."""
    protocol: Literal["grpc", "http"] = "grpc"
    """OTLP/gRPC or OTLP/HTTP with protobuf."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every request; never shown."""
    tls: ClientTls = ClientTls()
    """For an https endpoint."""
    timeout_s: float = Field(default=4.0, gt=0)
    """Of one attempt. Below the five seconds after which a Collector gives up waiting for us, and sends again."""
    compress: bool = True
    """Whether to send gzip."""
    max_in_flight: int = Field(default=_FORWARD.requests_max, ge=1)
    """Requests on their way at the same time; above it senders are told to retry."""
    max_in_flight_bytes: int = Field(default=_FORWARD.bytes_max, ge=1)
    """Bytes of those requests."""

    @field_validator("endpoint")
    @classmethod
    def _usable(cls, endpoint: str) -> str:
        try:
            parse_endpoint(endpoint)
        except BadEndpoint as error:
            raise ValueError(str(error)) from error
        return endpoint

    @model_validator(mode="after")
    def _grpc_can_do_it(self) -> Forward:
        path = parse_endpoint(self.endpoint).path
        if self.protocol == "grpc" and path:
            raise ValueError(f"gRPC has no paths: leave out {path!r} of the endpoint, or set protocol to http")
        if self.protocol == "grpc" and self.tls.insecure_skip_verify:
            raise ValueError("tls.insecure_skip_verify: gRPC always asks who it talks to: set tls.ca_file instead")
        return self

    def plain_headers(self) -> dict[str, str]:
        """The headers, to be sent and not to be shown."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}

    def limits(self) -> ForwardLimits:
        """The bounds of what is on its way."""
        return ForwardLimits(self.max_in_flight, self.max_in_flight_bytes)


class SessionBounds(Section):
    """How much is remembered. Each bound that bites drops what was active least recently, and is counted."""

    max_sessions: int = Field(default=_SESSIONS.sessions, ge=1)
    """Sessions open at the same time."""
    max_traces: int = Field(default=_SESSIONS.traces, ge=1)
    """Traces whose spans are remembered, to find out where later ones belong."""
    max_spans_per_trace: int = Field(default=_SESSIONS.spans_per_trace, ge=1)
    """Spans of one trace that are remembered, and tools and sessions that they tell of."""
    max_spans: int = Field(default=_SESSIONS.spans, ge=1)
    """Spans of all traces that are remembered."""
    max_parts_per_span: int = Field(default=_SESSIONS.parts_per_span, ge=1)
    """Attributes, events and links of one span; one that has more is forwarded and counted, and not scored."""
    max_span_ids: int = Field(default=_SESSIONS.span_ids, ge=1)
    """Span ids remembered, to score a span once that is delivered twice."""
    max_chains: int = Field(default=_SESSIONS.chains, ge=1)
    """Message histories remembered, to tie model calls without a trace of their own into one session."""
    max_runs_per_session: int = Field(default=_SESSIONS.runs_per_session, ge=1)
    """Turns of one conversation that are remembered; its totals keep the others."""
    max_agents_per_session: int = Field(default=_SESSIONS.agents_per_session, ge=1)
    """Agents of one session whose newest steps are remembered."""
    max_requests_per_session: int = Field(default=_SESSIONS.requests_per_session, ge=1)
    """Tool calls that a model asked for in its messages and nobody answered yet."""
    max_findings_per_session: int = Field(default=_SESSIONS.findings_per_session, ge=1)
    """Findings of one session: each pattern of each agent is one."""
    max_open_spans: int = Field(default=_SESSIONS.open_spans, ge=1)
    """Spans that have not ended, of which their processes tell."""
    open_grace_s: float = Field(default=_SESSIONS.open_grace_s, ge=0)
    """After a start nothing is said of open spans for so long: all have to be heard of first."""
    idle_s: float = Field(default=_SESSIONS.idle_s, gt=0)
    """A session that hears nothing for so long ends."""
    cool_s: float = Field(default=_SESSIONS.cool_s, gt=0)
    """A session that hears nothing for so long is packed, in memory, until it does: it takes some 100 bytes then."""

    def limits(self) -> SessionLimits:
        """The same for the session store."""
        return SessionLimits(
            sessions=self.max_sessions,
            traces=self.max_traces,
            spans=self.max_spans,
            spans_per_trace=self.max_spans_per_trace,
            parts_per_span=self.max_parts_per_span,
            span_ids=self.max_span_ids,
            chains=self.max_chains,
            runs_per_session=self.max_runs_per_session,
            agents_per_session=self.max_agents_per_session,
            requests_per_session=self.max_requests_per_session,
            findings_per_session=self.max_findings_per_session,
            open_spans=self.max_open_spans,
            open_grace_s=self.open_grace_s,
            idle_s=self.idle_s,
            cool_s=self.cool_s,
        )


class JsonLines(Section):
    """Findings as JSON lines."""

    path: str | None = None
    """The file to append to; - is standard output, null is off."""


class Log(Section):
    """Findings as log lines on standard error."""

    enabled: bool = True
    """Whether to log findings."""
    min_severity: Literal["info", "warning", "critical"] = "info"
    """Less severe findings are not logged."""
    repeat_after_s: float = Field(default=60.0, ge=0)
    """The same finding of the same agent is logged again after so long; until then it is only counted."""

    def severity(self) -> Severity:
        """`min_severity` as the pipeline knows it."""
        return Severity[self.min_severity.upper()]


class Prometheus(Section):
    """Bounds of what /metrics serves; a value beyond them becomes other, and is counted."""

    max_label_values: int = Field(default=_LABELS.values, ge=1)
    """Distinct values of each label."""
    max_label_values_by_label: dict[str, int] = Field(default_factory=dict)
    """For single labels instead, such as {tool: 500}."""
    max_series: int = Field(default=_LABELS.series, ge=1)
    """Label combinations of each metric."""

    def limits(self) -> LabelLimits:
        """The same for the telemetry."""
        return LabelLimits(self.max_label_values, self.max_label_values_by_label, self.max_series)


class Sinks(Section):
    """Where findings and figures go."""

    json_lines: JsonLines = JsonLines()
    log: Log = Log()
    prometheus: Prometheus = Prometheus()


class Telemetry(Section):
    """What loopwatch says about itself."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Of the service's own log on standard error."""
