"""Google's Agent Development Kit, 1.x and 2.x: official names, contents under `gcp.vertex.agent.*` in 1.x."""

from __future__ import annotations

from typing import Any

from loopwatch_processor.attributes import Value
from loopwatch_processor.dialects import messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.reading import parsed
from loopwatch_processor.dialects.wrappers import arguments_of, result_of
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, ToolCall
from loopwatch_processor.values import replace

SCOPE = "gcp.vertex.agent"
_MODEL_CALL = "call_llm"
"""1.x wraps it around `generate_content`, with the contents and without an operation."""
_MERGED_TOOLS = "(merged tools)"
"""1.x adds a span for the results of parallel calls that have spans of their own."""
_NOTHING = ("{}", "N/A", "<not specified>")


class GoogleAdk:
    """Spans of the scope `gcp.vertex.agent`, recorded with 1.39 and 2.13."""

    name = "google_adk"

    def claims(self, look: Look) -> bool:
        """By scope."""
        return look.scope == SCOPE

    def read(self, span: Span) -> Step:
        """The step of an ADK span."""
        return read_genai(span, self.name, _kind(span), model=_model, tool=_tool)


GOOGLE_ADK = GoogleAdk()


def _kind(span: Span) -> StepKind | None:
    if span.has("gen_ai.operation.name"):
        return StepKind.OTHER if span.get("gen_ai.tool.name") == _MERGED_TOOLS else None
    return StepKind.MODEL_CALL if span.name == _MODEL_CALL else StepKind.OTHER


def _model(span: Span, model: ModelCall) -> ModelCall:
    request = parsed(span.get("gcp.vertex.agent.llm_request"))
    response = parsed(span.get("gcp.vertex.agent.llm_response"))
    conversation = model.conversation or _conversation(request, response)
    provider, name = _provider_and_name(model.provider, model.request_model)
    version = response.get("model_version") if isinstance(response, dict) else None
    return replace(
        model,
        provider=provider,
        request_model=name,
        response_model=model.response_model or str(version or ""),
        conversation=conversation,
        finish_reason=_finish(model.finish_reason, conversation),
    )


def _provider_and_name(provider: str, model: str) -> tuple[str, str]:
    """A model that runs through LiteLLM is named "openai/gpt-4o", whatever ADK gives as the provider."""
    if model.startswith("projects/"):
        return provider, model.rsplit("/", 1)[-1]
    prefix, slash, name = model.partition("/")
    return (prefix, name) if slash else ("" if provider == SCOPE else provider, model)


def _finish(reason: str, conversation: Conversation | None) -> str:
    """ADK says "stop" for every turn: only the messages tell whether a tool was asked for."""
    if reason != "stop":
        return reason
    if conversation is None:
        return ""
    return "tool_call" if conversation.requested else "stop"


def _conversation(request: Any, response: Any) -> Conversation | None:
    contents = request.get("contents") if isinstance(request, dict) else None
    answer = response.get("content") if isinstance(response, dict) else None
    return messages.told(contents, messages.from_json([answer]), messages.from_json)


def _tool(span: Span, tool: ToolCall) -> ToolCall:
    arguments = span.get("gcp.vertex.agent.tool_call_args")
    result = span.get("gcp.vertex.agent.tool_response")
    if arguments in _NOTHING and result in _NOTHING:
        arguments = result = None  # "{}" for both is how 1.x writes that content is not captured
    return replace(
        tool,
        arguments=tool.arguments if tool.arguments is not None else arguments_of(_given(arguments)),
        result=tool.result if tool.result is not None else result_of(_given(result)),
    )


def _given(value: Value) -> Value:
    return None if value in _NOTHING[1:] else value
