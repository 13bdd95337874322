"""`make bench`: every figure that loopwatch quotes, measured here and now."""

from __future__ import annotations

from bench import helpers, loop, memory, scoring

if __name__ == "__main__":
    scoring.main([])
    print()
    loop.main([])
    print()
    memory.main([])
    print()
    helpers.main()
