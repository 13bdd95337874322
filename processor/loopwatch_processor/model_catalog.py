"""What a model costs and how much it reads, from the public price lists that genai-prices carries.

genai-prices computes with decimals and checks its own tables at every call (about 200 µs). Here its prices are turned
into plain rates once per model, so that a model call is priced in a few microseconds; a test holds both to the same
figures for every model of the lists. No network: the lists are the ones of the installed package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

from loopwatch_processor.step import Usage

_PER_MTOK = 1e-6
_PER_THOUSAND = 1e-3

_PROVIDERS = {
    # The words of the OpenTelemetry registry, Vercel's AI SDK and LiteLLM that genai-prices does not know.
    "az": "azure",
    "fireworks_ai": "fireworks",
    "fireworks-ai": "fireworks",
    "gcp": "google",
    "moonshot_ai": "moonshotai",
    "togetherai": "together",
    "x_ai": "x-ai",
    "xai": "x-ai",
}
_SELF_HOSTED = frozenset(
    {"hosted_vllm", "llamafile", "llama_cpp", "lm_studio", "lmstudio", "ollama", "ollama_chat", "vllm"}
)
"""Whoever serves a model himself pays no list price, and sets the window himself."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one model charges, in USD a token (and a request)."""

    input_usd: float
    output_usd: float
    cache_read_usd: float
    cache_write_usd: float
    reasoning_usd: float
    request_usd: float = 0.0

    def cost_usd(self, usage: Usage) -> float:
        """The price of *usage*, whose input includes the cached tokens and whose output the reasoning ones."""
        cached = usage.cache_read_tokens + usage.cache_write_tokens
        return (
            max(0, usage.input_tokens - cached) * self.input_usd
            + usage.cache_read_tokens * self.cache_read_usd
            + usage.cache_write_tokens * self.cache_write_usd
            + max(0, usage.output_tokens - usage.reasoning_tokens) * self.output_usd
            + usage.reasoning_tokens * self.reasoning_usd
            + self.request_usd
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """Rates that depend on how long the input is: crossing a tier charges every token of the call by it."""

    base: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()
    """(more input tokens than this, rates), the highest first."""

    def cost_usd(self, usage: Usage) -> float:
        """The price of *usage*."""
        for start, rates in self.tiers:
            if usage.input_tokens > start:
                return rates.cost_usd(usage)
        return self.base.cost_usd(usage)


class CatalogModel:
    """One model of the price lists."""

    def __init__(self, info: ModelInfo) -> None:
        self._info = info
        prices = [info.prices] if isinstance(info.prices, ModelPrice) else [item.prices for item in info.prices]
        self._tariffs = {id(price): _tariff(price) for price in prices}
        self._only = next(iter(self._tariffs.values()), None)

    @property
    def window_tokens(self) -> int | None:
        """How many tokens it reads at most; None where the lists do not say."""
        return self._info.context_window

    def tariff(self, at_ns: int) -> Tariff | None:
        """What it charged at *at_ns* (Unix time); None where it has no price by the token."""
        if len(self._tariffs) <= 1:
            return self._only
        return self._tariffs[id(self._info.get_prices(datetime.fromtimestamp(at_ns / 1e9, UTC)))]


def find(provider: str, model: str) -> CatalogModel | None:
    """The model of the price lists that a span's *provider* and *model* mean, in any dialect's words; else None.

    Where *provider* is a framework or does not sell *model*, the model's own prefix ("openai/gpt-4o") and then its
    name alone decide.
    """
    sellers = get_snapshot().providers
    for provider_id, name in _candidates(provider.lower(), model.lower()):
        seller = find_provider_by_id(sellers, provider_id) if provider_id else _maker(sellers, name)
        info = seller.find_model(name, all_providers=sellers) if seller is not None else None
        if info is not None:
            return CatalogModel(info)
    return None


def provider_names(provider: str) -> tuple[str, ...]:
    """What *provider* may be called in the price lists: "gcp.gemini" → ("google", "gcp.gemini")."""
    head = provider.partition(".")[0]
    return (_PROVIDERS.get(head, head), provider) if provider else ()


def _maker(sellers: list[Provider], name: str) -> Provider | None:
    """Whose model *name* is, by the way it is written."""
    matching = (item for item in sellers if item.model_match is not None and item.model_match.is_match(name))
    return next(matching, None)


def _candidates(provider: str, model: str) -> Iterator[tuple[str, str]]:
    prefix, _, rest = model.partition("/")
    if not model or not _SELF_HOSTED.isdisjoint((provider, prefix)):
        return
    yield from ((name, model) for name in provider_names(provider))
    if rest:
        yield from ((name, rest) for name in (*provider_names(prefix), *provider_names(provider)))
    yield "", model
    if rest:
        yield "", rest.rpartition("/")[2]


def _tariff(price: ModelPrice) -> Tariff | None:
    if price.input_mtok is None and price.output_mtok is None:
        return None
    starts = {tier.start for value in vars(price).values() if isinstance(value, TieredPrices) for tier in value.tiers}
    tiers = tuple((start, _rates(price, start + 1)) for start in sorted(starts, reverse=True))
    return Tariff(_rates(price, 0), tiers)


def _rates(price: ModelPrice, input_tokens: int) -> Rates:
    """The rates for a call of *input_tokens*; cached and reasoning tokens without a price cost as the others."""
    input_usd = _at(price.input_mtok, input_tokens) or 0.0
    output_usd = _at(price.output_mtok, input_tokens) or 0.0
    read_usd = _at(price.cache_read_mtok, input_tokens)
    write_usd = _at(price.cache_write_mtok, input_tokens)
    reasoning_usd = _at(price.output_reasoning_mtok, input_tokens)
    return Rates(
        input_usd=input_usd * _PER_MTOK,
        output_usd=output_usd * _PER_MTOK,
        cache_read_usd=(input_usd if read_usd is None else read_usd) * _PER_MTOK,
        cache_write_usd=(input_usd if write_usd is None else write_usd) * _PER_MTOK,
        reasoning_usd=(output_usd if reasoning_usd is None else reasoning_usd) * _PER_MTOK,
        request_usd=(_at(price.requests_kcount, input_tokens) or 0.0) * _PER_THOUSAND,
    )


def _at(value: Decimal | TieredPrices | None, input_tokens: int) -> float | None:
    if not isinstance(value, TieredPrices):
        return None if value is None else float(value)
    reached = [tier.price for tier in value.tiers if input_tokens > tier.start]
    return float(reached[-1] if reached else value.base)
