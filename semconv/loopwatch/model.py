"""A model call: an official inference span, tokens and money settled against the session's limits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry import trace

from loopwatch._safely import safely, warn_once
from loopwatch.attributes import (
    GEN_AI_INPUT_MESSAGES,
    GEN_AI_OPERATION_NAME,
    GEN_AI_OUTPUT_MESSAGES,
    GEN_AI_PROVIDER_NAME,
    GEN_AI_REQUEST_MAX_TOKENS,
    GEN_AI_REQUEST_MODEL,
    GEN_AI_RESPONSE_FINISH_REASONS,
    GEN_AI_RESPONSE_ID,
    GEN_AI_RESPONSE_MODEL,
    GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    GEN_AI_USAGE_INPUT_TOKENS,
    GEN_AI_USAGE_OUTPUT_TOKENS,
    GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    LOOPWATCH_RETRY_ATTEMPT,
    GenAiOperationName,
    StopReason,
)
from loopwatch.budget import Amounts
from loopwatch.call import Call
from loopwatch.content import as_content, captures_content
from loopwatch.errors import model_stop

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue


def model_call(
    model: str,
    *,
    provider: str = "unknown",
    operation: str = GenAiOperationName.CHAT,
    max_output_tokens: int | None = None,
    reserve_usd: float | None = None,
    reserve_tokens: int | None = None,
    attempt: int | None = None,
) -> "ModelCall":
    """Return the context manager of one call of *model*, for ``with`` and ``async with``.

    *reserve_usd* and *reserve_tokens* are the most that this call can take: with them parallel calls cannot
    overshoot a limit. Without them the most that one call of this session took so far is set aside, nothing for the
    first. *attempt* is 2 or more for a retry.

    Raises: BudgetExceeded on entering, where the session has a limit without room for this call.
    """
    return ModelCall(
        {
            GEN_AI_REQUEST_MODEL: str(model),
            GEN_AI_PROVIDER_NAME: str(provider),
            GEN_AI_OPERATION_NAME: str(operation),
            **({} if max_output_tokens is None else {GEN_AI_REQUEST_MAX_TOKENS: max_output_tokens}),
            **({} if attempt is None else {LOOPWATCH_RETRY_ATTEMPT: attempt}),
        },
        reserve_usd,
        reserve_tokens,
    )


class ModelCall(Call):
    """One call of a model, made by :func:`model_call`."""

    _what = "model_call()"

    def __init__(
        self, attributes: "dict[str, AttributeValue]", reserve_usd: float | None, reserve_tokens: int | None
    ) -> None:
        super().__init__()
        self._attributes = attributes
        self._reserve_usd = reserve_usd
        self._reserve_tokens = reserve_tokens
        self._tokens: int | None = None

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        cost_usd: float | None = None,
    ) -> None:
        """Say what the call took: *input_tokens* with cached ones, *output_tokens* with reasoning, as officially.

        The last call counts. A call whose usage is never said is settled with what was reserved for it.
        """
        self.set(GEN_AI_USAGE_INPUT_TOKENS, input_tokens)
        self.set(GEN_AI_USAGE_OUTPUT_TOKENS, output_tokens)
        self.set(GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, cache_read_tokens)
        self.set(GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, cache_write_tokens)
        self.set(GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, reasoning_tokens)
        if input_tokens is not None or output_tokens is not None:
            self._tokens = (input_tokens or 0) + (output_tokens or 0)
        if cost_usd is not None:
            safely(self._record_cost, cost_usd)

    def response(
        self, *, response_id: str | None = None, model: str | None = None, finish_reasons: Sequence[str] | None = None
    ) -> None:
        """Say what answered: the response's id, the model that answered, why it stopped (one for each choice)."""
        self.set(GEN_AI_RESPONSE_ID, response_id)
        self.set(GEN_AI_RESPONSE_MODEL, model)
        self.set(GEN_AI_RESPONSE_FINISH_REASONS, None if finish_reasons is None else tuple(finish_reasons))

    def messages(self, *, inputs: object = None, outputs: object = None) -> None:
        """Hand over the messages: recorded only where content capture is on."""
        if captures_content():
            self.set(GEN_AI_INPUT_MESSAGES, None if inputs is None else as_content(inputs))
            self.set(GEN_AI_OUTPUT_MESSAGES, None if outputs is None else as_content(outputs))

    def _wanted(self) -> Amounts:
        if self.session is None:
            return Amounts()
        usd, tokens = self.session.budget.estimate(self._reserve_usd, self._reserve_tokens)
        return Amounts(usd, tokens, steps=1)

    def _actual(self) -> Amounts:
        if self._usd is None and self.session is not None and self.session.budget.limits.max_usd is not None:
            warn_once(
                "cost",
                "loopwatch: session(max_usd=…) cannot hold, because a model call did not say its cost: "
                "call usage(cost_usd=…) on it, or model_call(reserve_usd=…)",
            )
        usd = self._reserved.usd if self._usd is None else self._usd
        tokens = self._reserved.tokens if self._tokens is None else self._tokens
        return Amounts(usd, tokens, steps=1)

    def _describe(self) -> "tuple[str, trace.SpanKind, dict[str, AttributeValue]]":
        attributes = dict(self._attributes)
        name = f"{attributes[GEN_AI_OPERATION_NAME]} {attributes[GEN_AI_REQUEST_MODEL]}"
        return name, trace.SpanKind.CLIENT, attributes

    def _stop(self, error: BaseException) -> StopReason:
        return model_stop(error)
