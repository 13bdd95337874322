"""What a user pays for a model, in place of its list price."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from loopwatch_processor.model_catalog import Rates, Tariff


class PriceOverride(BaseModel):
    """What a model costs by agreement, in USD per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_usd_per_mtok: float = Field(ge=0, description="Input tokens that come from no cache.")
    output_usd_per_mtok: float = Field(ge=0, description="Output tokens, the reasoning ones included.")
    cache_read_usd_per_mtok: float | None = Field(
        default=None, ge=0, description="Input tokens read from a cache; as other input where not given."
    )
    cache_write_usd_per_mtok: float | None = Field(
        default=None, ge=0, description="Input tokens written to a cache; as other input where not given."
    )

    def tariff(self) -> Tariff:
        """The same as rates a token."""
        usd, output = self.input_usd_per_mtok, self.output_usd_per_mtok
        read = usd if self.cache_read_usd_per_mtok is None else self.cache_read_usd_per_mtok
        write = usd if self.cache_write_usd_per_mtok is None else self.cache_write_usd_per_mtok
        return Tariff(Rates(usd / 1e6, output / 1e6, read / 1e6, write / 1e6, reasoning_usd=output / 1e6))
