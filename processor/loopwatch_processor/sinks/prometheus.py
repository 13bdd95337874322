"""`/metrics`: what is counted, in the format that the scraper asks for."""

from __future__ import annotations

import gzip

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.telemetry import Telemetry

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
