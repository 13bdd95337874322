"""OpenInference (Arize Phoenix): `openinference.span.kind`, flattened `llm.*` messages, `input.value`, `output.value`.

In dual mode (`OPENINFERENCE_ENABLE_GENAI_SEMCONV`) the official names stand beside its own and fill the gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from loopwatch_processor.attributes import Value
from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects import chat_json, flattened, messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import genai_model, genai_usage
from loopwatch_processor.dialects.reading import error_of, finish_reason, number, parsed, step_of, text, usage_of
from loopwatch_processor.dialects.session_key import session_id_of
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, StreamTimings, ToolCall, Usage

_KINDS = {"LLM": StepKind.MODEL_CALL, "TOOL": StepKind.TOOL_CALL, "AGENT": StepKind.AGENT_TURN}
_REDACTED = "__REDACTED__"
_STREAM_BEGAN = "First Token Stream Event"
_THREAD_IDS = ("thread_id", "session_id", "conversation_id")


class OpenInference:
    """Spans with `openinference.span.kind`."""

    name = "openinference"

    def claims(self, look: Look) -> bool:
        """By attribute."""
        return "openinference.span.kind" in look.names

    def read(self, span: Span) -> Step:
        """The step of an OpenInference span."""
        metadata = parsed(span.get("metadata"))
        metadata = metadata if isinstance(metadata, dict) else {}
        kind = _kind(span, metadata)
        return step_of(
            span,
            self.name,
            kind,
            session_id_of(span) or (_first(metadata, *_THREAD_IDS) if metadata else ""),
            agent=_agent(span, kind, metadata),
            usage=_usage(span) if kind in (StepKind.MODEL_CALL, StepKind.AGENT_TURN) else None,
            cost_usd=number(span, "llm.cost.total") if kind is StepKind.MODEL_CALL else None,
            error=error_of(span) if kind is not StepKind.OTHER or not span.parent_id else None,
            tool=_tool(span) if kind is StepKind.TOOL_CALL else None,
            model=_model(span) if kind is StepKind.MODEL_CALL else None,
        )


OPENINFERENCE = OpenInference()


def _kind(span: Span, metadata: dict[str, Any]) -> StepKind:
    kind = _KINDS.get(text(span, "openinference.span.kind").upper(), StepKind.OTHER)
    name = span.name
    if kind is StepKind.AGENT_TURN and metadata.get("langgraph_node") == name != metadata.get("lc_agent_name"):
        # Any LangChain run with "agent" in its name is of kind AGENT: this one is the graph's node of that name.
        return StepKind.OTHER
    if kind is StepKind.MODEL_CALL and name.endswith("._prepare_chat_with_tools"):
        return StepKind.OTHER
    if kind is StepKind.TOOL_CALL and name.startswith("handoff to "):
        return StepKind.OTHER
    if kind is StepKind.OTHER and span.source.scope.endswith(".llama_index") and name.endswith("Agent.run"):
        return StepKind.AGENT_TURN
    return kind


def _agent(span: Span, kind: StepKind, metadata: dict[str, Any]) -> str:
    given = text(span, "agent.name", "gen_ai.agent.name") or _first(metadata, "lc_agent_name")
    if given or kind is not StepKind.AGENT_TURN:
        return given
    named = text(span, "graph.node.id")
    # A root of the agents SDK is named after its workflow, a run of LlamaIndex after a class: no agent's name.
    is_named = not span.source.scope.endswith((".openai_agents", ".llama_index"))
    return named or (span.name.removesuffix(".run") if is_named else "")


def _usage(span: Span) -> Usage | None:
    given = usage_of(
        span,
        input_keys=("llm.token_count.prompt",),
        output_keys=("llm.token_count.completion",),
        cache_read_keys=("llm.token_count.prompt_details.cache_read",),
        cache_write_keys=("llm.token_count.prompt_details.cache_write",),
        reasoning_keys=("llm.token_count.completion_details.reasoning",),
    )
    return given or genai_usage(span)


def _tool(span: Span) -> ToolCall:
    output = parsed(_given(span, "output.value"))
    return ToolCall(
        name=text(span, "tool.name", "gen_ai.tool.name") or span.name,
        call_id=text(span, "tool.id", "tool_call.id", "gen_ai.tool.call.id") or _call_id(output),
        arguments=arguments_of(_given(span, "input.value")),
        result=result_of(output),
    )


def _call_id(output: Any) -> str:
    """The id in LangChain's `ToolMessage`, of which the output is a dump."""
    for place in (output, output.get("data"), output.get("kwargs")) if isinstance(output, dict) else ():
        if isinstance(place, dict) and isinstance(call_id := place.get("tool_call_id"), str):
            return call_id
    return ""


def _model(span: Span) -> ModelCall:
    response = chat_json.response(_given(span, "output.value"))
    model, streamed = _settings_of(span.get("llm.invocation_parameters"))
    official = genai_model(span, with_messages=False)
    asked = text(span, "llm.request.model_name") or model or official.request_model
    named = text(span, "llm.model_name")
    answered = named if span.status_code != 2 else ""
    return ModelCall(
        provider=text(span, "llm.provider", "llm.system") or official.provider,
        request_model=asked or named,
        response_model=text(span, "llm.response.model_name") or answered or official.response_model or response.model,
        response_id=official.response_id or response.id,
        finish_reason=finish_reason(span.get("llm.finish_reason")) or official.finish_reason or response.finish_reason,
        stream=_stream(span, streamed) or official.stream,
        conversation=_conversation(span, response),
        context_window_tokens=official.context_window_tokens,
        compacted=official.compacted,
    )


def _settings_of(value: Value) -> tuple[str, bool]:
    """The model, and whether it streams, by the parameters of a call; "" where they do not name it."""
    if isinstance(value, str) and len(value) <= _KNOWN_MAX_CHARS:
        return _known_settings(value)
    return _settings(value)


def _settings(value: Value) -> tuple[str, bool]:
    settings = parsed(value)
    if not isinstance(settings, dict):
        return "", False
    return _first(settings, "model", "model_name"), settings.get("stream") is True


_KNOWN_MAX_CHARS = 4_096
_known_settings = lru_cache(maxsize=256)(_settings)
"""An agent calls its models with the same parameters each time."""


def _stream(span: Span, streamed: bool) -> StreamTimings | None:
    first = next((event.time_ns for event in span.events() if event.name == _STREAM_BEGAN), None)
    if first is None:
        return StreamTimings() if streamed else None
    # LlamaIndex ends the span when the stream begins, so its event lies behind the end and says nothing.
    ttft_s = (first - span.start_ns) / 1e9 if span.start_ns <= first <= span.end_ns else None
    return StreamTimings(ttft_s=ttft_s)


def _conversation(span: Span, response: chat_json.Response) -> Conversation | None:
    answers = _messages(flattened.encoded_items_of(span, "llm.output_messages."))
    outputs = [answer for answer in answers if answer.text or answer.calls]
    # LlamaIndex writes the answer's `str` beside the messages: "assistant: None".
    if not outputs and text(span, "output.mime_type") == "application/json":
        outputs = response.messages()
    asked = flattened.encoded_items_of(span, "llm.input_messages.")
    if asked:
        return messages.listed(asked, outputs, _messages)
    return messages.listed(chat_json.asked(_given(span, "input.value")), outputs, chat_json.read_asked)


def _messages(items: Sequence[flattened.Encoded]) -> list[Message]:
    return messages.from_json([_message(flattened.decoded(item)) for item in items])


def _message(item: dict[str, Value]) -> dict[str, Any]:
    calls = flattened.items(item, "message.tool_calls.")
    contents = flattened.items(item, "message.contents.")
    texts = [
        part["message_content.text"] for part in contents if part.get("message_content.text", _REDACTED) != _REDACTED
    ]
    content = item.get("message.content")
    return {
        "role": item.get("message.role") or "",
        # Hidden texts are all alike: kept, they would tie strangers' histories together.
        "content": texts if content in (None, "", _REDACTED) else content,
        # Anthropic's blocks repeat the calls that are listed already.
        "tool_calls": [_called(part) for part in calls or contents if "tool_call.function.name" in part],
        "tool_call_id": item.get("message.tool_call_id"),
        "name": item.get("message.name"),
    }


def _called(part: dict[str, Value]) -> dict[str, Any]:
    return {
        "id": part.get("tool_call.id"),
        "name": part.get("tool_call.function.name"),
        "arguments": part.get("tool_call.function.arguments") or {},
    }


def _given(span: Span, key: str) -> Value:
    """The value of *key*; None where it was hidden."""
    value = span.get(key)
    return None if value == _REDACTED else value


def _first(values: dict[str, Any], *keys: str) -> str:
    return next((str(values[key]) for key in keys if isinstance(values.get(key), (str, int)) and values[key]), "")
