"""What stands in a message where a text or a tool's arguments were: their hash and sketch as a small JSON object."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from loopwatch.fingerprint import Fingerprint, ResultFingerprint

REPEATS_MAX: Final = 32
"""Most repeats that are told: more than any detector asks for."""

STAND_IN_HASH: Final = "loopwatch.hash"
"""Key of the hash: 16 hexadecimal digits."""

STAND_IN_SKETCH: Final = "loopwatch.sketch"
"""Key of the sketch: at most 64 characters."""

STAND_IN_CLASS: Final = "loopwatch.class"
"""Key of the class of tool arguments, or of a tool's result that is a special one; absent for texts."""

STAND_IN_SKELETON: Final = "loopwatch.skeleton"
"""Key of the hash of tool arguments without their numbers."""

STAND_IN_NAMES: Final = "loopwatch.names"
"""Key of the marks of the names in tool arguments."""

STAND_IN_EFFECT: Final = "loopwatch.effect"
"""Key of what a tool call seems to do."""

STAND_IN_REPEATS: Final = "loopwatch.repeats"
"""Key of how often a text says one piece of itself over and over, from 3 on: a number of at most 32."""

_TEXTS: Final = (
    STAND_IN_HASH,
    STAND_IN_SKETCH,
    STAND_IN_CLASS,
    STAND_IN_SKELETON,
    STAND_IN_NAMES,
    STAND_IN_EFFECT,
)
_KEYS: Final = frozenset({*_TEXTS, STAND_IN_REPEATS})


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in that was read; what it does not tell is "" or 0."""

    hash: str
    sketch: str
    kind: str = ""
    skeleton: str = ""
    names: str = ""
    effect: str = ""
    repeats: int = field(default=0, kw_only=True)


def read_stand_in(value: object) -> StandIn | None:
    """Return the stand-in that *value* is, as an object or as JSON text, None when it is anything else."""
    if isinstance(value, str):
        if not value.startswith("{") or STAND_IN_HASH not in value:
            return None
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    # A dict first: asking whether it is a Mapping goes through the abstract class, and nearly all messages are dicts.
    if not isinstance(value, (dict, Mapping)) or STAND_IN_HASH not in value or not value.keys() <= _KEYS:
        return None
    found, repeats = [value.get(name, "") for name in _TEXTS], value.get(STAND_IN_REPEATS, 0)
    if not found[0] or not all(isinstance(part, str) for part in found) or type(repeats) is not int:
        return None
    return StandIn(*found, repeats=min(max(repeats, 0), REPEATS_MAX))


def stand_in_for_arguments(print_: Fingerprint) -> dict[str, str]:
    """Return the stand-in of tool arguments."""
    found = {
        STAND_IN_HASH: print_.hash,
        STAND_IN_SKETCH: print_.sketch,
        STAND_IN_CLASS: print_.argument_class.value,
        STAND_IN_SKELETON: print_.skeleton,
        STAND_IN_NAMES: print_.names,
        STAND_IN_EFFECT: print_.effect or "",
    }
    return {name: str(value) for name, value in found.items() if value}


def stand_in_for_result(print_: ResultFingerprint) -> dict[str, str]:
    """Return the stand-in of a tool's result."""
    found = {STAND_IN_HASH: print_.hash, STAND_IN_SKETCH: print_.sketch}
    return found if print_.result_class is None else {**found, STAND_IN_CLASS: print_.result_class.value}
