"""A tool call: an official ``execute_tool`` span with hash and sketch of arguments and result."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch.attributes import (
    GEN_AI_OPERATION_NAME,
    GEN_AI_TOOL_CALL_ARGUMENTS,
    GEN_AI_TOOL_CALL_ID,
    GEN_AI_TOOL_CALL_RESULT,
    GEN_AI_TOOL_NAME,
    GEN_AI_TOOL_TYPE,
    LOOPWATCH_RETRY_ATTEMPT,
    LOOPWATCH_TOOL_ERROR_CLASS,
    LOOPWATCH_TOOL_IDEMPOTENCY_KEY,
    LOOPWATCH_TOOL_IDENTITY,
    LOOPWATCH_TOOL_RESULT_HASH,
    LOOPWATCH_TOOL_SIDE_EFFECT,
    GenAiOperationName,
    StopReason,
    ToolErrorClass,
)
from loopwatch.budget import Amounts
from loopwatch.call import Call
from loopwatch.content import as_content, captures_content
from loopwatch.errors import error_type, tool_error_class, tool_stop
from loopwatch.sketch import Sketcher, sketcher_for

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue


def tool_call(
    name: str,
    arguments: object = None,
    *,
    call_id: str | None = None,
    side_effect: str | None = None,
    idempotency_key: str | None = None,
    identity: Sequence[str] | None = None,
    reserve_usd: float = 0.0,
    attempt: int | None = None,
) -> "ToolCall":
    """Return the context manager of one call of the tool *name*, for ``with`` and ``async with``.

    *arguments* as the model gave them; None means that they are unknown, {} that there are none. *call_id* is the
    id that the model gave the call. *side_effect* is one of ``ToolSideEffect``, *idempotency_key* the key under which
    the tool acts at most once. *identity* names the argument fields that tell one piece of work from another.
    *reserve_usd* is the most that the call itself costs, *attempt* 2 or more for a retry.

    Raises: BudgetExceeded on entering, where the session has a limit without room for this call.
    """
    attributes: dict[str, AttributeValue | None] = {
        GEN_AI_OPERATION_NAME: GenAiOperationName.EXECUTE_TOOL.value,
        GEN_AI_TOOL_NAME: str(name),
        GEN_AI_TOOL_TYPE: "function",
        GEN_AI_TOOL_CALL_ID: call_id,
        LOOPWATCH_TOOL_SIDE_EFFECT: None if side_effect is None else str(side_effect),
        LOOPWATCH_TOOL_IDEMPOTENCY_KEY: idempotency_key,
        LOOPWATCH_TOOL_IDENTITY: None if identity is None else tuple(identity),
        LOOPWATCH_RETRY_ATTEMPT: attempt,
    }
    known: dict[str, AttributeValue] = {key: value for key, value in attributes.items() if value is not None}
    return ToolCall(str(name), known, arguments, reserve_usd)


class ToolCall(Call):
    """One call of a tool, made by :func:`tool_call`."""

    _what = "tool_call()"

    def __init__(
        self, name: str, attributes: "dict[str, AttributeValue]", arguments: object, reserve_usd: float
    ) -> None:
        super().__init__()
        self._name = name
        self._attributes = attributes
        self._arguments = arguments
        self._reserve_usd = reserve_usd

    def result(self, value: object) -> None:
        """Say what the tool answered: its hash and sketch are recorded, the content only where capture is on."""
        safely(self._record_result, value)

    def error(self, error_class: ToolErrorClass | str, message: str = "") -> None:
        """Say that the tool failed without an exception, for tools that answer with an error."""
        safely(self._record_error, error_class, message)

    def cost(self, usd: float) -> None:
        """Say what the call itself cost, in dollars."""
        safely(self._record_cost, usd)

    def _record_result(self, value: object) -> None:
        if not self.span.is_recording():
            self.set(LOOPWATCH_TOOL_RESULT_HASH, "")
            return
        self._set_all(self._sketcher().result(value).attributes())
        if captures_content():
            self.set(GEN_AI_TOOL_CALL_RESULT, as_content("" if value is None else value))

    def _record_error(self, error_class: ToolErrorClass | str, message: str) -> None:
        try:
            known = ToolErrorClass(error_class)
        except ValueError:
            known = ToolErrorClass.OTHER
            warn_once(f"class:{error_class!s:.40}", f"loopwatch: error({error_class!r}) is no ToolErrorClass")
        self.set(LOOPWATCH_TOOL_ERROR_CLASS, known.value)
        if self.span.is_recording():
            text = message if captures_content() else None
            self.span.set_status(trace.Status(trace.StatusCode.ERROR, text))
            self._record_error_text(message)

    def _record_error_text(self, message: str) -> None:
        """A failing call is compared by its error, so the error stands where the result would."""
        self._set_all(self._sketcher().error(message).attributes())

    def _set_all(self, attributes: "dict[str, str]") -> None:
        for name, value in attributes.items():
            self.set(name, value)

    def _sketcher(self) -> Sketcher:
        if self.session is not None:
            return self.session.sketcher
        return sketcher_for(trace.format_trace_id(self.span.get_span_context().trace_id))

    def _opened(self) -> None:
        fingerprint = self._sketcher().fingerprint(self._arguments)
        if fingerprint is None:
            return
        self._set_all(fingerprint.attributes())
        if captures_content():
            self.set(GEN_AI_TOOL_CALL_ARGUMENTS, as_content(self._arguments))

    def _failed(self, error: BaseException) -> None:
        self.set(LOOPWATCH_TOOL_ERROR_CLASS, tool_error_class(error).value)
        self._record_error_text(f"{error_type(error)}: {error}")

    def _wanted(self) -> Amounts:
        return Amounts(self._reserve_usd, steps=1, tool_calls=1)

    def _actual(self) -> Amounts:
        usd = self._reserved.usd if self._usd is None else self._usd
        return Amounts(usd, steps=1, tool_calls=1)

    def _describe(self) -> "tuple[str, trace.SpanKind, dict[str, AttributeValue]]":
        return f"execute_tool {self._name}", trace.SpanKind.INTERNAL, dict(self._attributes)

    def _stop(self, error: BaseException) -> StopReason:
        return tool_stop(error)
