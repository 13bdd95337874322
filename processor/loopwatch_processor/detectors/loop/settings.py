"""Every threshold of the loop detector, with where it comes from."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PRESETS: Final[dict[str, dict[str, float]]] = {
    "strict": {
        "exact_calls": 3,
        "transient_failing_calls": 4,
        "scattered_calls": 4,
        "unchanged_calls": 5,
        "waiting_calls": 6,
        "rephrased_similarity_ratio": 0.4,
        "redone_calls": 4,
        "rewritten_calls": 4,
        "same_error_unlike_calls": 3,
        "drifting_calls": 3,
        "paging_calls": 6,
        "monologue_similarity_ratio": 0.8,
        "empty_texts": 3,
        "handoff_rounds": 3,
        "critical_repeats": 3,
    },
    "balanced": {},
    "lenient": {
        "exact_calls": 6,
        "exact_failing_calls": 5,
        "transient_failing_calls": 8,
        "scattered_calls": 7,
        "unchanged_calls": 8,
        "cycle_rounds": 4,
        "cycle_unknown_rounds": 6,
        "waiting_calls": 12,
        "rephrased_calls": 4,
        "redone_calls": 9,
        "rewritten_calls": 7,
        "reworded_calls": 6,
        "same_error_calls": 5,
        "same_error_unlike_calls": 6,
        "malformed_calls": 5,
        "drifting_calls": 6,
        "paging_calls": 12,
        "monologue_texts": 5,
        "empty_texts": 6,
        "chanting_repeats": 15,
        "handoff_rounds": 6,
        "critical_repeats": 10,
    },
}
"""What each preset changes. Strict takes the smallest numbers of the frameworks compared, lenient about half as many
repetitions again as the defaults. What they find and falsely flag: docs/detectors/loop.md."""


class LoopSettings(BaseModel):
    """Thresholds of the loop detector.

    "Study" in a source means the project's comparison of eleven agent frameworks on labelled sessions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="Whether to look for loops at all.")
    preset: Literal["strict", "balanced", "lenient"] = Field(
        default="balanced",
        description="How soon repetition is told: strict warns and pages sooner and is wrong more often, lenient waits "
        "for more. What is set beside it wins; balanced is the defaults.",
    )
    exact_calls: int = Field(
        default=4,
        ge=2,
        description="Consecutive identical calls with one result. Source: OpenHands and Roo-Code use 4.",
    )
    exact_failing_calls: int = Field(
        default=3, ge=2, description="Consecutive identical calls that fail with one error. Source: OpenHands, goose."
    )
    transient_failing_calls: int = Field(
        default=5,
        ge=2,
        description="As `exact_failing_calls`, for a rate limit, a timeout or an unavailable service, "
        "where trying again is right at first. Source: usual retry limits are 3 to 4.",
    )
    scattered_calls: int = Field(
        default=5,
        ge=2,
        description="Identical calls with one result among others. Source: qwen-code counts 6, study 5.",
    )
    scattered_window: int = Field(
        default=14, ge=2, le=32, description="Tool calls that `scattered_calls` are counted in. Source: study."
    )
    unchanged_calls: int = Field(
        default=6,
        ge=2,
        description="Equal looks at a thing that other calls do not change. Source: browser-use, study.",
    )
    unchanged_window: int = Field(
        default=20, ge=2, le=32, description="Tool calls that `unchanged_calls` are counted in. Source: study."
    )
    cycle_rounds: int = Field(
        default=3, ge=2, description="Rounds of a cycle of calls whose results are all known. Source: OpenHands, study."
    )
    cycle_unknown_rounds: int = Field(
        default=5, ge=2, description="Rounds of a cycle where some result is unknown. Source: gemini-cli."
    )
    cycle_max_period: int = Field(default=5, ge=2, le=10, description="Longest cycle, in calls. Source: gemini-cli.")
    waiting_calls: int = Field(
        default=8,
        ge=2,
        description="As `exact_calls` and `cycle_rounds` for looks at something that is queued or running, and for "
        "waits between looks, or ten minutes where nothing is there yet. Source: our own choice; openclaw warns of "
        "known polls at 10.",
    )
    rounds: int = Field(
        default=3,
        ge=2,
        description="Times that each of several calls came back with its result, in any order and with no other "
        "between. Source: as `cycle_rounds`.",
    )
    redone_calls: int = Field(
        default=6,
        ge=2,
        description="Different calls in a row after a compaction, all made before it with the same results. "
        "Source: our own choice; to read a few things again is how an agent gets back to work.",
    )
    rephrased_calls: int = Field(
        default=3, ge=2, description="Alike requests in prose, the newest one included. Source: study."
    )
    rephrased_window: int = Field(
        default=8, ge=2, le=32, description="Tool calls in which `rephrased_calls` are looked for. Source: study."
    )
    rephrased_similarity_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Shared words of two prose requests from which on they are alike. Source: study.",
    )
    same_names_similarity_ratio: float = Field(
        default=0.35,
        gt=0,
        le=1,
        description="As `rephrased_similarity_ratio` for requests about the same names and numbers, three or more. "
        "Also for answers without a deed. Source: study; requests for different things share their words, but not the "
        "names in them.",
    )
    rewritten_calls: int = Field(
        default=5,
        ge=2,
        description="As `rephrased_calls` for calls that write: one thing in ever new words, a plan for instance, and "
        "no other call between; and for answers without a deed. Source: our own choice; openclaw compares plans by the "
        "states of their items.",
    )
    same_answer_calls: int = Field(
        default=5,
        ge=3,
        description="Unlike calls of a tool with one answer and one pool of words. Source: our own choice.",
    )
    same_answer_ratio: float = Field(
        default=0.6, gt=0, le=1, description="Mean share of its words that others have. Source: our own choice."
    )
    reworded_calls: int = Field(
        default=4, ge=2, description="Calls with the same words in other spelling or order. Source: browser-use, study."
    )
    same_error_calls: int = Field(
        default=3, ge=2, description="Calls of one tool that fail alike, with similar arguments. Source: goose."
    )
    same_error_unlike_calls: int = Field(
        default=4, ge=2, description="As `same_error_calls` for arguments that are not similar, or code. Source: study."
    )
    error_similarity_ratio: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Shared words of two error messages from which on they are alike. Source: study.",
    )
    malformed_calls: int = Field(
        default=3, ge=2, description="Calls rejected for their arguments or the tool's name. Source: study."
    )
    drifting_calls: int = Field(
        default=4, ge=3, description="Calls that differ in one growing number only, with one result. Source: study."
    )
    paging_calls: int = Field(
        default=8,
        ge=3,
        description="As `drifting_calls` where the number moves in even steps, as pages and ids do. "
        "Source: our own choice; paging on past the end is a loop too.",
    )
    monologue_texts: int = Field(
        default=3, ge=2, description="Alike answers in a row without a tool call between. Source: OpenHands."
    )
    monologue_similarity_ratio: float = Field(
        default=0.9, gt=0, le=1, description="Shared words of two answers from which on they are alike. Source: study."
    )
    reworded_texts: int = Field(
        default=6, ge=3, description="Answers in a row that say each other's words anew. Source: our own choice."
    )
    reworded_texts_ratio: float = Field(
        default=0.65, gt=0, le=1, description="Mean share of its words that others said. Source: our own choice."
    )
    empty_texts: int = Field(default=4, ge=2, description="Empty answers in a row. Source: OpenHands uses 3, study 4.")
    chanting_repeats: int = Field(
        default=10, ge=3, description="Times that one piece of text comes back within one answer. Source: gemini-cli."
    )
    chanting_period_chars: int = Field(
        default=250, ge=10, description="Longest mean distance between two of these pieces. Source: gemini-cli."
    )
    handoff_rounds: int = Field(
        default=4, ge=2, description="Rounds of turns between agents that say the same again. Source: our own choice."
    )
    handoff_similarity_ratio: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Shared words of an agent's turns from which on they are alike. Source: our own.",
    )
    critical_repeats: int = Field(
        default=5,
        ge=1,
        description="Repetitions after the warning that make it critical. Source: what may page by default.",
    )
    quiet_calls: int = Field(
        default=6, ge=1, description="Tool calls without a repetition that end a loop. Source: our own choice."
    )

    @model_validator(mode="before")
    @classmethod
    def _on_preset(cls, data: Any) -> Any:
        """Lay what is set over what the preset says; an unknown preset is refused where its value is checked."""
        if not isinstance(data, dict):
            return data
        return {**PRESETS.get(str(data.get("preset")), {}), **data}
