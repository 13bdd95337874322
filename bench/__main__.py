"""`make bench`: every figure that loopwatch quotes, measured here and now."""

from __future__ import annotations

from bench import helpers, memory, scoring

if __name__ == "__main__":
    scoring.main([])
    print()
    memory.main([])
    print()
    helpers.main()
