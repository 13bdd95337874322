"""The commented example, and the documentation that is generated with it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from docs import generate
from loopwatch_processor.config import Config, load


def keys(section: BaseModel) -> set[str]:
    """Every key of *section* and of the sections in it, dotted."""
    found = set()
    for name in type(section).model_fields:
        value = getattr(section, name)
        found.add(name)
        if isinstance(value, BaseModel):
            found |= {f"{name}.{key}" for key in keys(value)}
    return found


def written(data: object, path: str = "") -> set[str]:
    """Every key of a parsed file, dotted; what is in a mapping without fixed keys is left out."""
    if not isinstance(data, dict):
        return set()
    return {f"{path}{key}" for key in data} | {item for key in data for item in written(data[key], f"{path}{key}.")}


def test_the_example_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying the example as a whole changes nothing."""
    monkeypatch.chdir(tmp_path)
    assert load(generate.EXAMPLE) == Config()


def test_the_example_has_every_key() -> None:
    """What can be set is shown."""
    assert written(yaml.safe_load(generate.EXAMPLE.read_text())) == keys(Config())


def test_the_example_says_what_every_key_means() -> None:
    """Each line with a setting follows a comment."""
    lines = generate.EXAMPLE.read_text().splitlines()
    for above, line in pairwise(lines):
        if line and not line.lstrip().startswith("#"):
            assert above.lstrip().startswith("#"), line


@pytest.mark.parametrize("name", sorted(generate.SAMPLES))
def test_the_commented_samples_work(name: str) -> None:
    """Taking the comment marks away leaves settings that are taken."""
    config = Config(**yaml.safe_load(generate.SAMPLES[name]))
    assert getattr(config, name) != getattr(Config(), name)


def test_the_generated_files_are_current() -> None:
    """`python docs/generate.py` was run after the last change."""
    assert generate.EXAMPLE.read_text() == generate.example()
    page = generate.METRICS_PAGE.read_text()
    assert page == generate.with_table(page)
