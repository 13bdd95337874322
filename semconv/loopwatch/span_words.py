"""What an open span of any GenAI instrumentation says of itself, in official names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from loopwatch.attributes import (
    GEN_AI_AGENT_NAME,
    GEN_AI_CONVERSATION_ID,
    GEN_AI_OPERATION_NAME,
    GEN_AI_PROVIDER_NAME,
    GEN_AI_REQUEST_MODEL,
    GEN_AI_TOOL_NAME,
    LOOPWATCH_AGENT_TYPE,
    LOOPWATCH_JOB_ID,
    GenAiOperationName,
)

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

Attributes = Mapping[str, "AttributeValue"]

_CHAT: Final = GenAiOperationName.CHAT.value
_AGENT: Final = GenAiOperationName.INVOKE_AGENT.value
_TOOL: Final = GenAiOperationName.EXECUTE_TOOL.value
_WORKFLOW: Final = GenAiOperationName.INVOKE_WORKFLOW.value
_RETRIEVAL: Final = GenAiOperationName.RETRIEVAL.value
_EMBEDDINGS: Final = GenAiOperationName.EMBEDDINGS.value

_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "llm.request.type": {"chat": _CHAT, "completion": "text_completion", "embedding": _EMBEDDINGS},
    "openinference.span.kind": {
        "llm": _CHAT,
        "agent": _AGENT,
        "tool": _TOOL,
        "retriever": _RETRIEVAL,
        "embedding": _EMBEDDINGS,
        "chain": _WORKFLOW,
    },
    "traceloop.span.kind": {"agent": _AGENT, "tool": _TOOL, "workflow": _WORKFLOW},
    "langfuse.observation.type": {
        "generation": _CHAT,
        "agent": _AGENT,
        "tool": _TOOL,
        "retriever": _RETRIEVAL,
        "embedding": _EMBEDDINGS,
        "chain": _WORKFLOW,
    },
    "langsmith.span.kind": {"llm": _CHAT, "tool": _TOOL, "retriever": _RETRIEVAL, "chain": _WORKFLOW},
    "mcp.method.name": {"tools/call": _TOOL},
}
"""Each instrumentation's own name for the kind of a span, and its values; an official operation name goes before."""

_MODELS: Final = (GEN_AI_REQUEST_MODEL, "llm.model_name", "langfuse.observation.model.name", "gen_ai.response.model")

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    GEN_AI_PROVIDER_NAME: (GEN_AI_PROVIDER_NAME, "gen_ai.system", "llm.provider", "llm.system"),
    GEN_AI_REQUEST_MODEL: _MODELS,
    GEN_AI_TOOL_NAME: (GEN_AI_TOOL_NAME, "tool.name", "mcp.tool.name"),
}
_INHERITED: Final[Mapping[str, tuple[str, ...]]] = {
    GEN_AI_CONVERSATION_ID: (
        GEN_AI_CONVERSATION_ID,
        "session.id",
        "langsmith.metadata.thread_id",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.thread_id",
        "traceloop.association.properties.conversation_id",
        "langfuse.session.id",
        "gcp.vertex.agent.session_id",
        "gen_ai.session.id",
        "gen_ai.agent.session_id",
    ),
    GEN_AI_AGENT_NAME: (GEN_AI_AGENT_NAME, "agent.name", "agent_name", "langsmith.metadata.lc_agent_name"),
    LOOPWATCH_AGENT_TYPE: (LOOPWATCH_AGENT_TYPE,),
    LOOPWATCH_JOB_ID: (LOOPWATCH_JOB_ID,),
}
"""What a span has from the nearest span above it that says it. Conversation ids in the order that the processor
trusts them."""


def operation_of(attributes: Attributes, *, is_root: bool) -> str | None:
    """Return the official operation that a span stands for, None where it is no GenAI span.

    A chain or workflow counts only as the root of its trace, where it stands for the whole run: those within say
    nothing that the calls inside them do not.
    """
    given = attributes.get(GEN_AI_OPERATION_NAME)
    if given:
        return str(given)
    for name, kinds in _KINDS.items():
        kind = attributes.get(name)
        if isinstance(kind, str):
            operation = kinds.get(kind.lower())
            return None if operation == _WORKFLOW and not is_root else operation
    return _CHAT if "gen_ai.system" in attributes and any(name in attributes for name in _MODELS) else None


def is_model_call(attributes: Attributes) -> bool:
    """Say whether a span with *attributes* is one call of a model, and so has at most one stream at a time."""
    operation = operation_of(attributes, is_root=False)
    return operation is not None and operation not in _NO_MODEL_CALL


_NO_MODEL_CALL: Final = frozenset(
    {_AGENT, _TOOL, _WORKFLOW, _RETRIEVAL, _EMBEDDINGS, GenAiOperationName.CREATE_AGENT.value, "plan", "handoff"}
)


def own_words(attributes: Attributes, operation: str, span_name: str) -> "dict[str, AttributeValue]":
    """Return what the span says that is its own: operation, provider, model or tool."""
    found = _read(attributes, _NAMES)
    found[GEN_AI_OPERATION_NAME] = operation
    if operation == _TOOL:
        found.setdefault(GEN_AI_TOOL_NAME, _entity(attributes) or span_name)
    return found


def inherited_words(attributes: Attributes) -> "dict[str, AttributeValue]":
    """Return what holds for the span and for those below it that do not say it: conversation, agent, job."""
    found = _read(attributes, _INHERITED)
    if GEN_AI_AGENT_NAME not in found and attributes.get("traceloop.span.kind") == "agent":
        named = _entity(attributes)
        if named:
            found[GEN_AI_AGENT_NAME] = named
    return found


def _entity(attributes: Attributes) -> str:
    return str(attributes.get("traceloop.entity.name") or "")


def _read(attributes: Attributes, names: Mapping[str, tuple[str, ...]]) -> "dict[str, AttributeValue]":
    found: dict[str, AttributeValue] = {}
    for official, aliases in names.items():
        value = next((value for alias in aliases if (value := attributes.get(alias)) not in (None, "")), None)
        if value is not None:
            found[official] = str(value)
    return found
