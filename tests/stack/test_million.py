"""The exporters' load, small: no span is lost over either protocol."""

from __future__ import annotations

from bench import million


def test_every_exported_span_is_received() -> None:
    """Twenty thousand over both protocols, in the batches that an SDK sends."""
    results = list(million.measure(10_000))
    assert [(item.protocol, item.sent, item.failed, item.received) for item in results] == [
        ("grpc", 10_000, 0, 10_000),
        ("http", 10_000, 0, 10_000),
    ]
