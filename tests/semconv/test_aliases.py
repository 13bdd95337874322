"""The foreign names that the docs promise to read as ours are read as ours."""

from pathlib import Path

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from loopwatch_processor.dialects.genai import GENAI
from loopwatch_processor.otlp import Span, decode_traces
from loopwatch_processor.step import Step

OFFICIAL = yaml.safe_load((Path(__file__).parents[2] / "semconv" / "official.yaml").read_text())
VALUES = {"loopwatch.stop.reason": AnyValue(string_value="completed")}
NUMBER = AnyValue(int_value=7)


def step(operation: str, **attributes: AnyValue) -> Step | None:
    """The step of a span of this operation with these attributes; always the same ids and times."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=bytes(16), span_id=bytes(8))
    attributes["gen_ai.operation.name"] = AnyValue(string_value=operation)
    span.attributes.extend(KeyValue(key=key, value=value) for key, value in attributes.items())
    (decoded,) = decode_traces(request.SerializeToString())
    assert isinstance(decoded, Span)
    return GENAI.read(decoded)


@pytest.mark.parametrize("alias", OFFICIAL["aliases"], ids=lambda alias: alias["name"])
def test_alias_is_read_as_our_name(alias: dict[str, str]) -> None:
    """A span with the alias gives the step that our own name gives, and not the one without either."""
    value = VALUES.get(alias["read_as"], NUMBER)
    operation = "chat" if alias["read_as"].startswith("loopwatch.context.") else "invoke_agent"
    foreign, own = step(operation, **{alias["name"]: value}), step(operation, **{alias["read_as"]: value})
    assert foreign == own
    assert foreign != step(operation)


@pytest.mark.parametrize("alias", OFFICIAL["aliases"], ids=lambda alias: alias["name"])
def test_our_name_wins_over_the_alias(alias: dict[str, str]) -> None:
    """Where both are on a span, the alias changes nothing."""
    operation = "chat" if alias["read_as"].startswith("loopwatch.context.") else "invoke_agent"
    own = {alias["read_as"]: VALUES.get(alias["read_as"], NUMBER)}
    other = AnyValue(string_value="unknown") if alias["read_as"] in VALUES else AnyValue(int_value=8)
    assert step(operation, **own, **{alias["name"]: other}) == step(operation, **own)
