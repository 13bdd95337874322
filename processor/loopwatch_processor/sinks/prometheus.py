"""`/metrics`: what is counted, in the format that the scraper asks for."""

from __future__ import annotations

import gzip

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.sinks.otlp import OtlpForwarder
from loopwatch_processor.telemetry import Telemetry, table

PATH = "/metrics"


class MetricsPage:
    """The page for `PATH`: OpenMetrics with exemplars where the scraper accepts it, else the text format."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def __call__(self, request: Request) -> Response:
        """The metrics as they are now."""
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"allow": "GET, HEAD"})
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        headers = {"content-type": content_type, "vary": "Accept, Accept-Encoding"}
        body = encode(self._telemetry.registry)
        if "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["content-encoding"] = gzip.compress(body, compresslevel=1), "gzip"
        return Response(body, headers=headers)


def watch_forwarder(telemetry: Telemetry, forwarder: OtlpForwarder) -> None:
    """Serve what is on its way through *forwarder*, and its counts."""
    stats = forwarder.stats
    telemetry.watch(table.FORWARD_IN_FLIGHT, lambda: forwarder.in_flight)
    telemetry.watch(table.FORWARD_IN_FLIGHT_BYTES, lambda: forwarder.in_flight_bytes)
    telemetry.watch(table.FORWARD_DELIVERED, lambda: stats.delivered)
    telemetry.watch(table.FORWARD_UNAVAILABLE, lambda: stats.unavailable)
    telemetry.watch(table.FORWARD_FULL, lambda: stats.full)
    telemetry.watch(table.FORWARD_REFUSED, lambda: stats.refused)
    telemetry.watch(table.FORWARD_REJECTED, lambda: stats.rejected_items)
