"""What is remembered by the names of attributes stays small, however many and long a sender makes them."""

from __future__ import annotations

from typing import Any

import pytest

from loopwatch_processor import dialects
from loopwatch_processor.dialects import base, flattened, read
from tests.dialects.made import span


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was read before."""
    monkeypatch.setattr(dialects, "_claimed", {})
    monkeypatch.setattr(flattened, "_known", {})


def _chat(more: str = "more") -> dict[str, Any]:
    """Attributes of a call by OpenLLMetry, with *more* in the name of one."""
    asked = {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hello"}
    return {"traceloop.entity.name": "x", "gen_ai.operation.name": "chat", **asked, f"gen_ai.prompt.0.{more}": "x"}


def test_short_names_are_remembered() -> None:
    """By who claims such spans, and by where the messages are in them."""
    first, again = (read(span(_chat())) for _ in range(2))
    assert first == again
    assert len(dialects._claimed) == 1
    assert flattened._known


@pytest.mark.parametrize(
    ("more", "scope"), [("m" * 100_000, "scope"), ("more", "s" * 100_000)], ids=["attribute", "scope"]
)
def test_long_names_leave_nothing_and_are_read_the_same(more: str, scope: str) -> None:
    """Whether it is the name of an attribute or that of the scope that is long."""
    step = read(span(_chat(more), scope=scope))
    assert step is not None
    assert step == read(span(_chat()))
    assert not any(len(beside) + sum(map(len, names)) > 4_096 for beside, names in dialects._claimed)
    assert not any(sum(map(len, names)) > 4_096 for _, names in flattened._known)


def test_long_names_inside_an_item_leave_nothing() -> None:
    """As those of a tool call in a message."""
    inside = {"calls.0.name": "look", f"calls.0.{'n' * 5_000}": "x"}
    assert flattened.items(inside, "calls.") == [{"name": "look", "n" * 5_000: "x"}]
    assert not flattened._known


def test_no_more_looks_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is full begins anew."""
    monkeypatch.setattr(base, "_KNOWN_MAX", 4)
    for number in range(10):
        read(span(_chat(f"more{number}")))
    assert 0 < len(dialects._claimed) <= 4
    assert 0 < len(flattened._known) <= 4
