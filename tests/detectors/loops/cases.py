"""All sessions of our own for the loop detector: what it has to find, and what it has to leave alone."""

from __future__ import annotations

from tests.detectors.loops import failures, one_by_one, rounds, same_call, words
from tests.detectors.loops.rows import Healthy, Loops

_IDEAS = (same_call, rounds, words, one_by_one, failures)

FIRES: Loops = {name: case for idea in _IDEAS for name, case in idea.FIRES.items()}

SILENT: Healthy = {name: case for idea in _IDEAS for name, case in idea.SILENT.items()}

assert len(FIRES) == sum(len(idea.FIRES) for idea in _IDEAS), "two loops have one name"
assert len(SILENT) == sum(len(idea.SILENT) for idea in _IDEAS), "two healthy sessions have one name"
