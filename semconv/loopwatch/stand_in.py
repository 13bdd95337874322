"""What stands in a message where a text or a tool's arguments were: their hash and sketch as a small JSON object."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STAND_IN_HASH: Final = "loopwatch.hash"
"""Key of the hash: 16 hexadecimal digits."""

STAND_IN_SKETCH: Final = "loopwatch.sketch"
"""Key of the sketch: at most 64 characters."""

STAND_IN_CLASS: Final = "loopwatch.class"
"""Key of the class of tool arguments; absent for texts."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in that was read; *argument_class* is "" for a text."""

    hash: str
    sketch: str
    argument_class: str = ""


def read_stand_in(value: object) -> StandIn | None:
    """Return the stand-in that *value* is, as an object or as JSON text, None when it is anything else."""
    if isinstance(value, str) and value.startswith("{") and STAND_IN_HASH in value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, Mapping) or not value.keys() <= {STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS}:
        return None
    found = [value.get(name, "") for name in (STAND_IN_HASH, STAND_IN_SKETCH, STAND_IN_CLASS)]
    return StandIn(*found) if found[0] and all(isinstance(part, str) for part in found) else None
