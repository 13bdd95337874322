"""Presets of the loop detector: how soon it tells, and what wins over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopwatch_processor.config import Config, load
from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.detectors.loop.settings import PRESETS
from loopwatch_processor.errors import ConfigError
from tests.builders import Watch
from tests.detectors.loops.rows import calls


@pytest.mark.parametrize(("preset", "warns_at"), [("strict", 3), ("balanced", 4), ("lenient", 6)])
def test_a_preset_decides_how_soon_a_repeat_is_told(preset: str, warns_at: int) -> None:
    """One call that brings nothing new, until the first finding."""
    seen = Watch(LoopDetector(LoopSettings.model_validate({"preset": preset})))
    steps = calls([("status", {"job": 7}, "idle")] * 9)
    assert next(n for n, step in enumerate(steps, 1) if seen.feed(step)) == warns_at


def test_what_is_set_wins_over_the_preset() -> None:
    """Key by key: the others stay as the preset has them."""
    settings = LoopSettings.model_validate({"preset": "strict", "exact_calls": 9})
    assert settings.exact_calls == 9
    assert settings.scattered_calls == PRESETS["strict"]["scattered_calls"]


def test_balanced_is_the_defaults() -> None:
    """So that leaving the preset out is one of the three."""
    assert LoopSettings.model_validate({"preset": "balanced"}) == LoopSettings()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_survives_being_written_and_read(preset: str) -> None:
    """Written out, every value is set, and nothing changes."""
    settings = LoopSettings.model_validate({"preset": preset})
    assert LoopSettings.model_validate(settings.model_dump()) == settings


@pytest.mark.parametrize(("preset", "sooner"), [("strict", True), ("lenient", False)])
def test_a_preset_moves_every_number_one_way(preset: str, sooner: bool) -> None:
    """Strict asks for less of everything, lenient for more."""
    defaults = LoopSettings()
    assert all((value < getattr(defaults, name)) is sooner for name, value in PRESETS[preset].items())


def test_agents_have_presets_of_their_own() -> None:
    """A rule's preset holds under what is set for everybody."""
    config = Config(
        detectors={"loop": {"exact_calls": 5}},  # type: ignore[arg-type]
        agents=[{"match": {"agent": "poller"}, "detectors": {"loop": {"preset": "lenient"}}}],  # type: ignore[arg-type]
    )
    assert config.agents[0].detectors.loop.exact_calls == 5
    assert config.agents[0].detectors.loop.cycle_rounds == PRESETS["lenient"]["cycle_rounds"]
    assert config.detectors.loop.cycle_rounds == LoopSettings().cycle_rounds


def test_an_unknown_preset_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """The message says where, and what there is."""
    file = tmp_path / "loopwatch.yaml"
    file.write_text("detectors: {loop: {preset: paranoid}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"(?s)detectors\.loop\.preset.*strict.*balanced.*lenient"):
        load(file)
