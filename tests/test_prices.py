"""Prices and windows of models.

Expected money is computed by hand from the providers' price lists, in USD per million tokens:
gpt-4o-mini 0.15 in, 0.075 cached, 0.60 out (openai.com/api/pricing); claude-sonnet-4-5 3 in, 0.30 cache read,
3.75 cache write, 15 out, and 6 in, 22.50 out beyond 200,000 input tokens (claude.com/pricing).
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor import model_catalog
from loopwatch_processor.price_override import PriceOverride
from loopwatch_processor.prices import Prices, Window
from loopwatch_processor.step import Step, Usage
from tests.builders import START_NS, model_step, tool_step


def _call(provider: str, model: str, **fields: int) -> Step:
    return model_step(provider=provider, response_model=model, **fields)


def test_input_and_output_tokens_cost_their_list_price() -> None:
    """10,000 in and 2,000 out of gpt-4o-mini: 10,000 × 0.15e-6 + 2,000 × 0.60e-6."""
    step = _call("openai", "gpt-4o-mini-2024-07-18", input_tokens=10_000, output_tokens=2_000)
    assert Prices().cost_usd(step) == pytest.approx(0.0015 + 0.0012)


def test_cached_tokens_are_part_of_the_input_and_cost_less() -> None:
    """10,000 in, 8,000 of them cached: 2,000 × 0.15e-6 + 8,000 × 0.075e-6."""
    step = _call("openai", "gpt-4o-mini", input_tokens=10_000, cache_read_tokens=8_000)
    assert Prices().cost_usd(step) == pytest.approx(0.0003 + 0.0006)


def test_writing_a_cache_costs_more_than_reading_it() -> None:
    """Sonnet 4.5: 1,000 plain, 5,000 read, 4,000 written, 500 out: 0.003 + 0.0015 + 0.015 + 0.0075."""
    step = _call(
        "anthropic",
        "claude-sonnet-4-5",
        input_tokens=10_000,
        cache_read_tokens=5_000,
        cache_write_tokens=4_000,
        output_tokens=500,
    )
    assert Prices().cost_usd(step) == pytest.approx(0.003 + 0.0015 + 0.015 + 0.0075)


def test_a_call_over_a_tier_pays_the_tier_for_every_token() -> None:
    """Sonnet 4.5 with 200,001 tokens in: all of them at 6 USD a million; with 200,000 at 3."""
    prices = Prices()
    over = _call("anthropic", "claude-sonnet-4-5", input_tokens=200_001, output_tokens=1_000)
    under = _call("anthropic", "claude-sonnet-4-5", input_tokens=200_000, output_tokens=1_000)
    assert prices.cost_usd(over) == pytest.approx(1.200006 + 0.0225)
    assert prices.cost_usd(under) == pytest.approx(0.6 + 0.015)


def test_the_price_is_the_one_of_the_hour_of_the_call() -> None:
    """deepseek-chat cost half off-peak (16:30 to 00:30 UTC), so the span's own time decides."""
    prices = Prices()
    midnight = _call("deepseek", "deepseek-chat", input_tokens=1_000_000)
    noon = model_step(provider="deepseek", response_model="deepseek-chat", input_tokens=1_000_000, at_s=12 * 3600)
    assert prices.cost_usd(midnight) == pytest.approx(0.135)
    assert prices.cost_usd(noon) == pytest.approx(0.27)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-mini-2024-07-18"),
        ("openai.chat", "gpt-4o-mini"),
        ("azure.ai.openai", "gpt-4o-mini"),
        ("az.ai.openai", "gpt-4o-mini"),
        ("strands-agents", "gpt-4o-mini"),
        ("langchain", "gpt-4o-mini"),
        ("gemini", "openai/gpt-4o-mini"),
        ("gcp.vertex.agent", "gpt-4o-mini"),
        ("", "openai/gpt-4o-mini"),
        ("", "GPT-4o-mini"),
    ],
)
def test_one_model_costs_the_same_in_every_dialects_words(provider: str, model: str) -> None:
    """Emitters name provider and model in their own way; frameworks put themselves where the provider belongs."""
    assert Prices().cost_usd(_call(provider, model, input_tokens=1_000_000)) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", 3.0),
        ("gcp.gen_ai", "models/gemini-2.5-flash", 0.3),
        ("x_ai", "grok-3", 3.0),
        ("mistral_ai", "mistral-large-latest", 2.0),
        ("groq.chat", "llama-3.1-8b-instant", 0.05),
    ],
)
def test_the_registrys_provider_names_are_known(provider: str, model: str, usd: float) -> None:
    """100,000 tokens in (under every tier), by each provider's own list: OpenTelemetry's names are not theirs."""
    assert Prices().cost_usd(_call(provider, model, input_tokens=100_000)) == pytest.approx(usd / 10)


@pytest.mark.parametrize("provider", ["ollama", "vllm"])
def test_a_self_hosted_model_has_no_list_price(provider: str) -> None:
    """deepseek-r1 on one's own machine is not billed by DeepSeek."""
    prices = Prices()
    assert prices.cost_usd(_call(provider, "deepseek-r1:8b", input_tokens=1_000)) is None
    assert prices.window(_call(provider, "deepseek-r1:8b", input_tokens=1_000)) is None


def test_an_unknown_model_has_no_price_and_no_window() -> None:
    """Unknown is not free, and not small: whoever asks can tell."""
    step = _call("acme", "acme-1", input_tokens=1_000)
    assert Prices().cost_usd(step) is None
    assert Prices().window(step) is None


def test_only_model_calls_with_usage_have_a_price() -> None:
    """Where nothing was said about tokens there is nothing to charge; a tool call has no list price at all."""
    assert Prices().cost_usd(_call("openai", "gpt-4o-mini")) is None
    assert Prices().cost_usd(tool_step()) is None
    assert Prices().window(tool_step()) is None


def test_an_override_wins_over_the_list() -> None:
    """Somebody with a contract pays his own price: 2,000 plain, 8,000 cached, 1,000 out."""
    own = PriceOverride(input_usd_per_mtok=0.1, output_usd_per_mtok=0.4, cache_read_usd_per_mtok=0.01)
    step = _call("openai", "gpt-4o-mini", input_tokens=10_000, cache_read_tokens=8_000, output_tokens=1_000)
    assert Prices({"openai/gpt-4o*": own}).cost_usd(step) == pytest.approx(0.0002 + 0.00008 + 0.0004)


def test_an_override_without_cache_prices_charges_cached_tokens_as_others() -> None:
    """What the user did not say is not guessed cheaper."""
    own = PriceOverride(input_usd_per_mtok=1.0, output_usd_per_mtok=1.0)
    step = _call("acme", "acme-1", input_tokens=1_000_000, cache_read_tokens=900_000)
    assert Prices({"acme-*": own}).cost_usd(step) == pytest.approx(1.0)


def test_an_override_for_another_provider_is_not_used() -> None:
    """The pattern names the provider, so the same model elsewhere keeps its list price."""
    own = PriceOverride(input_usd_per_mtok=99.0, output_usd_per_mtok=99.0)
    step = _call("openai", "gpt-4o-mini", input_tokens=1_000_000)
    assert Prices({"azure/gpt-4o*": own}).cost_usd(step) == pytest.approx(0.15)


def test_the_first_matching_override_wins() -> None:
    """Order in the file is the order of precedence."""
    narrow = PriceOverride(input_usd_per_mtok=1.0, output_usd_per_mtok=1.0)
    broad = PriceOverride(input_usd_per_mtok=9.0, output_usd_per_mtok=9.0)
    prices = Prices({"azure/gpt-4o-mini": narrow, "*": broad})
    assert prices.cost_usd(_call("azure.ai.openai", "gpt-4o-mini", input_tokens=1_000_000)) == pytest.approx(1.0)
    assert prices.cost_usd(_call("openai", "o3", input_tokens=1_000_000)) == pytest.approx(9.0)


def test_a_price_below_zero_is_refused() -> None:
    """Bad settings are named when they are read, not when money is counted."""
    with pytest.raises(ValidationError):
        PriceOverride(input_usd_per_mtok=-1.0, output_usd_per_mtok=1.0)


def test_broken_cache_counts_never_make_a_call_cheaper_than_its_cached_part() -> None:
    """Some emitters leave cached tokens out of the input: 5,000 read at 0.30 a million is the least it cost."""
    step = _call("anthropic", "claude-sonnet-4-5", input_tokens=100, cache_read_tokens=5_000)
    assert Prices().cost_usd(step) == pytest.approx(0.0015)


def test_the_window_on_the_span_wins() -> None:
    """The emitter knows its deployment better than configuration and lists."""
    step = model_step(provider="openai", response_model="gpt-4o-mini", context_window_tokens=32_000)
    assert Prices(windows={"gpt-4o*": 64_000}).window(step) == Window(32_000, "span")


def test_a_configured_window_wins_over_the_list() -> None:
    """A deployment with less room, or a long-context contract, is the user's to say."""
    prices = Prices(windows={"claude-sonnet-4*": 1_000_000})
    assert prices.window(_call("anthropic", "claude-sonnet-4-5")) == Window(1_000_000, "config")
    assert prices.window(_call("openai", "gpt-4o-mini")) == Window(128_000, "list")


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-2.5-pro-preview-05-06", "models/gemini-3-pro-preview"])
def test_gaps_of_the_list_are_filled_from_our_own_table(model: str) -> None:
    """Google's input limit of the pro models is 1,048,576 tokens (ai.google.dev/gemini-api/docs/models)."""
    assert Prices().window(_call("gcp.gemini", model)) == Window(1_048_576, "list")


_TOKENS = st.integers(min_value=0, max_value=2_000_000)
_MODELS = [
    (provider, model)
    for provider in get_snapshot().providers
    for model in provider.models
    if model_catalog.CatalogModel(model).tariff(START_NS) is not None
]


@given(listed=st.sampled_from(_MODELS), plain=_TOKENS, read=_TOKENS, write=_TOKENS, output=_TOKENS, thought=_TOKENS)
def test_our_rates_give_the_same_price_as_the_list_itself(
    listed: tuple[object, object], plain: int, read: int, write: int, output: int, thought: int
) -> None:
    """Caches, tiers, reasoning and prices by request are all kept when a listed price is made fast."""
    provider, model = listed
    usage = Usage(plain + read + write, output + thought, read, write, thought)
    tariff = model_catalog.CatalogModel(model).tariff(START_NS)  # type: ignore[arg-type]
    expected = model.calc_price(  # type: ignore[attr-defined]
        ListUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=read,
            cache_write_tokens=write,
            output_reasoning_tokens=thought,
        ),
        provider,
        genai_request_timestamp=datetime.fromtimestamp(START_NS / 1e9, UTC),
    )
    assert tariff is not None
    assert tariff.cost_usd(usage) == pytest.approx(float(expected.total_price), rel=1e-9, abs=1e-12)


@given(model=st.text(max_size=60), provider=st.text(max_size=30))
def test_no_name_is_too_strange_to_look_up(model: str, provider: str) -> None:
    """Names come from spans: any text is answered, and the same text the same way."""
    prices = Prices()
    step = _call(provider, model, input_tokens=1_000)
    assert prices.cost_usd(step) == prices.cost_usd(step)


def test_a_listed_model_is_priced_as_genai_prices_would() -> None:
    """The look-up by provider and name finds the same model as the library's own."""
    listed = calc_price(ListUsage(input_tokens=1_000_000), "gpt-4.1", provider_id="openai")
    step = _call("openai", "gpt-4.1", input_tokens=1_000_000)
    assert Prices().cost_usd(step) == pytest.approx(float(listed.total_price))
