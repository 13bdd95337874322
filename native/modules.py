"""Which modules are compiled: what a span passes through on its way to a finding.

Not on the list, because compiling gains nothing there or does harm: models of pydantic, the command line, receivers,
the journal and what notifies, which wait for others; and modules whose ways mypyc does not know: classes that inherit
from `float` or are asked for attributes of the class (`loopwatch.skeleton`, `open_watch`), and decorators of classes
(`values`). Nor values that orjson writes as they are (`finding`): it takes a field for an object that lives on, and a
native class makes its numbers when asked.
"""

from __future__ import annotations

AGENT_SIDE = (
    "canonical",
    "chanting",
    "content",
    "effect",
    "error_text",
    "fingerprint",
    "results",
    "sentences",
    "sketch",
    "sketch_layout",
    "stand_in",
    "unwrap",
    "volatile",
    "words",
)
"""Of `loopwatch`: what the service reads tool calls with, too."""

SERVICE = (
    "arrivals",
    "attributes",
    "baselines",
    "bounds",
    "by_hand",
    "chains",
    "conversation",
    "copies",
    "detectors/*",
    "detectors/loop/*",
    "diagnosis",
    "dialects/*",
    "folding",
    "jobs/reading",
    "jobs/span_reading",
    "jobs/transition",
    "kinds",
    "left_out",
    "model_catalog",
    "names",
    "node",
    "node_lists",
    "open_span",
    "open_spans",
    "otlp",
    "pipeline",
    "policies",
    "policy",
    "prices",
    "quantiles",
    "recovery",
    "redact",
    "requests",
    "road",
    "run",
    "schedule",
    "session",
    "sessions",
    "snapshot/*",
    "span",
    "step",
    "stop",
    "store",
    "telemetry/counting",
    "telemetry/labels",
    "telemetry/tally",
    "tools",
    "trace",
    "transcripts",
    "twins",
    "unread",
    "views",
    "wire",
)
"""Of `loopwatch_processor`, without the modules that define models of pydantic."""
