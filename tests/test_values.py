"""Copies of values on the hot path: what dataclasses.replace gives, sooner."""

from __future__ import annotations

import dataclasses

import pytest

from loopwatch_processor.step import Step, ToolCall
from loopwatch_processor.values import replace, value
from tests.builders import tool_step


@value
class _Single:
    name: str


def test_a_copy_has_the_changes_and_all_else() -> None:
    """Whatever the order in which they are given."""
    step = tool_step(span_id="a", agent="refunds")
    changes = {"cost_is_ours": True, "service": "billing", "cost_usd": 0.5}
    assert replace(step, **changes) == dataclasses.replace(step, **changes)  # type: ignore[arg-type]
    assert step.cost_usd is None


def test_a_copy_without_changes_is_equal_and_another() -> None:
    """It may be changed by who made it."""
    call = ToolCall("search", "id")
    assert replace(call) == call
    assert replace(call) is not call


def test_a_value_of_one_field_is_copied() -> None:
    """As any other."""
    assert replace(_Single("a")) == _Single("a")
    assert replace(_Single("a"), name="b") == _Single("b")


def test_a_name_that_is_no_field_is_refused() -> None:
    """A misspelt change must not be lost."""
    with pytest.raises(AttributeError, match="'Step' object has no attribute 'cost'"):
        replace(tool_step(), cost=1.0)
    assert "cost" not in {field.name for field in dataclasses.fields(Step)}
