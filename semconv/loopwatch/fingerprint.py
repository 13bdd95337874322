"""What stands for a call's arguments and for its result outside the process, and under which names it leaves."""

from dataclasses import dataclass
from typing import TypeAlias

from loopwatch.attributes import (
    LOOPWATCH_TOOL_ARGUMENTS_CLASS,
    LOOPWATCH_TOOL_ARGUMENTS_EFFECT,
    LOOPWATCH_TOOL_ARGUMENTS_HASH,
    LOOPWATCH_TOOL_ARGUMENTS_NAMES,
    LOOPWATCH_TOOL_ARGUMENTS_SKELETON,
    LOOPWATCH_TOOL_ARGUMENTS_SKETCH,
    LOOPWATCH_TOOL_RESULT_CLASS,
    LOOPWATCH_TOOL_RESULT_HASH,
    LOOPWATCH_TOOL_RESULT_SKETCH,
    ToolArgumentsEffect,
    ToolResultClass,
)
from loopwatch.canonical import ArgumentClass

Attributes: TypeAlias = dict[str, str]
"""Attributes of a span."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What stands for arguments."""

    hash: str
    """16 hexadecimal digits: equal for equal canonical arguments under one key."""

    sketch: str
    """At most 64 characters; of code that only hands on sentences, a sketch of these."""

    argument_class: ArgumentClass
    """How the arguments are to be compared."""

    skeleton: str = ""
    """As *hash*, of the arguments without their numbers; "" where they have none."""

    names: str = ""
    """Two hexadecimal digits for each name in the sentences; "" for fewer than three."""

    effect: ToolArgumentsEffect | None = None
    """What the call seems to do; None where its words do not tell."""

    def attributes(self) -> Attributes:
        """Return the attributes of a tool span."""
        found = {
            LOOPWATCH_TOOL_ARGUMENTS_HASH: self.hash,
            LOOPWATCH_TOOL_ARGUMENTS_SKETCH: self.sketch,
            LOOPWATCH_TOOL_ARGUMENTS_CLASS: self.argument_class.value,
            LOOPWATCH_TOOL_ARGUMENTS_SKELETON: self.skeleton,
            LOOPWATCH_TOOL_ARGUMENTS_NAMES: self.names,
            LOOPWATCH_TOOL_ARGUMENTS_EFFECT: self.effect or "",
        }
        return {name: str(value) for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class ResultFingerprint:
    """What stands for a result, or for the error in its place."""

    hash: str
    sketch: str
    result_class: ToolResultClass | None = None
    """What kind of answer it is, where it is a special one."""

    def attributes(self) -> Attributes:
        """Return the attributes of a tool span."""
        found = {LOOPWATCH_TOOL_RESULT_HASH: self.hash, LOOPWATCH_TOOL_RESULT_SKETCH: self.sketch}
        return found if self.result_class is None else {**found, LOOPWATCH_TOOL_RESULT_CLASS: self.result_class.value}
