"""What a model call costs, and how large its model's context window is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, TypeVar

from loopwatch_processor import model_catalog
from loopwatch_processor.model_catalog import CatalogModel, Tariff, provider_names
from loopwatch_processor.price_override import PriceOverride
from loopwatch_processor.step import Step
from loopwatch_processor.values import value

MAX_MODELS = 4096
"""Pairs of provider and model remembered: names come from spans, so there may be any number of them."""

_WINDOWS = {
    # genai-prices 0.2.3 knows no window for these. Source: ai.google.dev/gemini-api/docs/models, "input token limit".
    "gemini-2.5-pro*": 1_048_576,
    "gemini-3-pro-preview*": 1_048_576,
    "gemini-3.1-pro-preview*": 1_048_576,
}


@value
class Window:
    """How many tokens a model holds."""

    tokens: int
    source: str
    """"span", "config" or "list" (the price lists, or our own table where they have a gap)."""

    @property
    def is_given(self) -> bool:
        """Whether the user or the emitter said so; a listed window may be wrong for this deployment."""
        return self.source != "list"


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is known of one model of one provider."""

    override: Tariff | None
    listed: CatalogModel | None
    window: Window | None


class Prices:
    """Prices and windows: the user's own first, then the public lists.

    *prices* maps "<provider>/<model glob>" (or "<model glob>" for any provider) to a price, *windows* maps
    "<model glob>" to tokens. Case does not matter; the first match wins.
    """

    def __init__(
        self, prices: Mapping[str, PriceOverride] | None = None, windows: Mapping[str, int] | None = None
    ) -> None:
        self._prices = {pattern.lower(): override.tariff() for pattern, override in (prices or {}).items()}
        self._windows = {pattern.lower(): tokens for pattern, tokens in (windows or {}).items()}
        self._known = lru_cache(maxsize=MAX_MODELS)(self._look_up)

    def cost_usd(self, step: Step) -> float | None:
        """The list price of the model call *step* at the time it started; None where nobody knows it."""
        call = step.model
        if call is None or step.usage is None:
            return None
        known = self._known(call.provider, call.model)
        tariff = known.override or (known.listed.tariff(step.start_ns) if known.listed is not None else None)
        return tariff.cost_usd(step.usage) if tariff is not None else None

    def window(self, step: Step) -> Window | None:
        """The context window of the model call *step*; None where nobody knows it."""
        call = step.model
        if call is None:
            return None
        if call.context_window_tokens:
            return Window(call.context_window_tokens, "span")
        return self._known(call.provider, call.model).window

    def _look_up(self, provider: str, model: str) -> _Known:
        listed = model_catalog.find(provider, model)
        names = _names(provider.lower(), model.lower())
        return _Known(_first(self._prices, names), listed, self._find_window(listed, names))

    def _find_window(self, listed: CatalogModel | None, names: tuple[str, ...]) -> Window | None:
        configured = _first(self._windows, names)
        if configured is not None:
            return Window(configured, "config")
        tokens = (listed.window_tokens if listed is not None else None) or _first(_WINDOWS, names)
        return Window(tokens, "list") if tokens else None


_Value = TypeVar("_Value")


def _names(provider: str, model: str) -> tuple[str, ...]:
    """Every way to write a model that a pattern may match: with and without its prefix, with every provider's name."""
    models = (model, model.rpartition("/")[2])
    return (*models, *(f"{name}/{item}" for name in provider_names(provider) for item in models))


def _first(table: Mapping[str, _Value], names: tuple[str, ...]) -> _Value | None:
    matches: Any = (value for pattern, value in table.items() if any(fnmatchcase(name, pattern) for name in names))
    return next(matches, None)
