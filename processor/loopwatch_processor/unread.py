"""What was not read, or not whole, since it is too large.

Counted for the whole process: what decodes an attribute belongs to no pipeline.
"""

from __future__ import annotations

from collections import Counter

forgotten: Counter[str] = Counter()
"""By what it was; see `loopwatch_state_forgotten_total`."""
