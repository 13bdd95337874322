"""Where the recordings of real instrumentations are, for tests that skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SPANS = Path(os.environ.get("LOOPWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "spans"

needs_recordings = pytest.mark.skipif(
    not SPANS.is_dir(), reason="the folder of recorded spans is absent (set LOOPWATCH_SHARED to the folder above it)"
)
