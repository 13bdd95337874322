"""LiteLLM's "otel" callback: `litellm_request`, and inside it the vendor's own request as Python literals.

With an active span around the call there is no `litellm_request`: LiteLLM writes the call onto that span, every call
over the last one, and only the `raw_gen_ai_request` spans below it are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopwatch.attributes import StopReason, ToolErrorClass
from loopwatch_processor.conversation import Message
from loopwatch_processor.dialects import messages
from loopwatch_processor.dialects.base import Look
from loopwatch_processor.dialects.flattened import items_of
from loopwatch_processor.dialects.genai import read_genai
from loopwatch_processor.dialects.literals import literal
from loopwatch_processor.dialects.reading import as_count, finish_reason, text
from loopwatch_processor.dialects.stand_ins import tool_call
from loopwatch_processor.otlp import Span
from loopwatch_processor.step import Conversation, ModelCall, Step, StepKind, StreamTimings, Usage
from loopwatch_processor.values import replace

SCOPE = "litellm"
_RAW = "raw_gen_ai_request"
_MARKS = frozenset({"litellm.call_id", "litellm.provider.model"})
_PROXY = "Received Proxy Server Request"
_FAILED = 2
_ASKED = frozenset({"choices", "content", "id", "messages", "model", "stop_reason", "usage"})
"""What is read of a body, a half of which are the definitions of the tools."""


class LiteLlm:
    """Spans of the scope `litellm`, and any span that LiteLLM wrote a call onto (1.106)."""

    name = "litellm"

    def claims(self, look: Look) -> bool:
        """By scope or attribute."""
        return look.scope == SCOPE or not _MARKS.isdisjoint(look.names)

    def read(self, span: Span) -> Step:
        """The step of a LiteLLM span."""
        if span.source.scope != SCOPE or span.name == _PROXY:
            return _around(span, self.name)
        if span.name == _RAW:
            return _raw(span, self.name)
        kind = StepKind.MODEL_CALL if text(span, "llm.request.type").endswith("completion") else None
        step = read_genai(span, self.name, kind, model=_model)
        # The official names leave the cached tokens out.
        usage = _usage(literal(text(span, "metadata.usage_object"))) if step.model is not None else None
        return replace(step, usage=usage) if usage is not None else step


LITELLM = LiteLlm()


def _around(span: Span, dialect: str) -> Step:
    """A span around calls: what stands on it is the last call only, and counts where no call has a span."""
    step = read_genai(span, dialect, StepKind.AGENT_TURN)
    call_id = text(span, "litellm.call_id")
    if not call_id or text(span, "gen_ai.response.id") != call_id:
        # The error of an earlier call stays on the span when a later one succeeds.
        return replace(step, error=step.error if span.status_code == _FAILED else None)
    # A call that failed has no response and no span of its own: this is all that tells of it.
    is_refused = step.error is not None and step.error.tool_class == ToolErrorClass.RATE_LIMIT
    reason = StopReason.MODEL_RATE_LIMITED if is_refused else StopReason.MODEL_ERROR
    return replace(step, stop_reason=step.stop_reason or reason.value)


def _model(span: Span, model: ModelCall) -> ModelCall:
    streamed = text(span, "llm.is_streaming").lower() == "true"
    return replace(
        model,
        stream=model.stream or (StreamTimings() if streamed else None),
        conversation=_conversation(span, model.conversation),
    )


def _conversation(span: Span, conversation: Conversation | None) -> Conversation | None:
    """The call that the answer asks for stands beside the messages, whose parts do not hold it."""
    if conversation is None or conversation.requested:
        return conversation
    calls = tuple(
        tool_call(str(item["function_call.name"]), "", item.get("function_call.arguments"))
        for item in items_of(span, "gen_ai.completion.")
        if item.get("function_call.name")
    )
    if not calls:
        return conversation
    answer = Message("assistant", conversation.output_text, calls)
    return messages.told(span.get("gen_ai.input.messages"), [answer], messages.from_json)


def _raw(span: Span, dialect: str) -> Step:
    """The vendor's own request and response: `llm.<provider>.messages`, `.choices`, `.usage` …"""
    step = read_genai(span, dialect, StepKind.MODEL_CALL)
    provider, body = _body(span)
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    model = ModelCall(
        provider=provider,
        response_model=str(body.get("model") or ""),
        response_id=str(body.get("id") or ""),
        finish_reason=finish_reason(first.get("finish_reason") or body.get("stop_reason")),
        conversation=messages.told(
            body.get("messages"),
            messages.from_json([first.get("message") or {"role": "assistant", "content": body.get("content")}]),
            messages.from_json,
        ),
    )
    return replace(step, usage=_usage(body.get("usage")), model=model)


def _body(span: Span) -> tuple[str, dict[str, Any]]:
    first, body = "", {}
    for key in sorted(span.names):  # which have no order; of two providers the first one counts
        prefix, _, rest = key.partition(".")
        provider, _, name = rest.partition(".")
        if prefix == "llm" and name in _ASKED and name not in body:
            value = span.get(key)
            body[name] = literal(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
            first = first or provider
    return first, body


def _usage(said: Any) -> Usage | None:
    if not isinstance(said, Mapping):
        return None
    details = said.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    if "prompt_tokens" in said:
        cached, written = _tokens(details, "cached_tokens"), _tokens(details, "cache_write_tokens")
        reasoning = said.get("completion_tokens_details")
        return Usage(
            _tokens(said, "prompt_tokens"),
            _tokens(said, "completion_tokens"),
            cached,
            written,
            _tokens(reasoning, "reasoning_tokens") if isinstance(reasoning, Mapping) else 0,
        )
    if "input_tokens" not in said:
        return None
    # Anthropic's own body counts cached tokens apart from the input.
    cached, written = _tokens(said, "cache_read_input_tokens"), _tokens(said, "cache_creation_input_tokens")
    return Usage(_tokens(said, "input_tokens") + cached + written, _tokens(said, "output_tokens"), cached, written)


def _tokens(said: Mapping[str, Any], key: str) -> int:
    return as_count(said.get(key)) or 0
