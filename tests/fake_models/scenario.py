"""What the fake model says next: a script for each scenario, read from how many tool results it has been shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REPHRASED = (
    "ACME Corp revenue 2025",
    "ACME Corp 2025 revenue figures",
    "2025 revenue of ACME Corp",
    "ACME Corp annual revenue 2025 total",
    "total revenue ACME Corp fiscal 2025",
    "ACME Corp FY2025 revenue",
    "how much revenue did ACME Corp make in 2025",
    "revenue ACME Corp year 2025",
)
"""Eight searches for one thing: the soft loop."""
STREAMED_TEXT = "ACME Corp had an average quarterly revenue of 30 million dollars in 2025."


@dataclass(frozen=True)
class Call:
    """One tool call that the model asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One answer of the model: tool calls, or a text."""

    calls: tuple[Call, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Delays:
    """How long a streamed answer keeps its reader waiting, in seconds."""

    first_s: float = 0.8
    """Before the first event, as real servers do: the role comes with the first token."""
    gap_s: float = 1.5
    gap_before_word: int = 7


NO_DELAYS = Delays(0.0, 0.0)


@dataclass(frozen=True)
class Scenario:
    """A script: one turn after the other, and the HTTP status of requests that fail first."""

    turns: tuple[Turn, ...]
    delays: Delays = NO_DELAYS
    fails_from: int | None = None
    """The turn from which every request is answered with 429."""

    def turn(self, shown_results: int) -> Turn:
        """The answer after *shown_results* tool results."""
        return self.turns[min(shown_results, len(self.turns) - 1)]


def _asks(name: str, **arguments: Any) -> Turn:
    return Turn((Call(name, arguments),))


def scenarios(delays: Delays | None = None) -> dict[str, Scenario]:
    """Every scenario by its name, which is the first part of the server's path; *delays* are those of `stall`."""
    steps = (
        _asks("search", query="ACME Corp 2025 annual report"),
        _asks("fetch_page", url="https://acme.example/report-2025"),
        _asks("calculate", expression="(28 + 30 + 31 + 31) / 4"),
        Turn(text=STREAMED_TEXT),
    )
    broken = (_asks("search", query="index://reports/2025"), Turn(text="The search tool is broken, so I cannot tell."))
    return {
        "healthy": Scenario(steps),
        "softloop": Scenario(
            (*(_asks("search", query=query) for query in REPHRASED), Turn(text="I could not find the figure."))
        ),
        "stall": Scenario((Turn(text=STREAMED_TEXT),), delays or Delays()),
        "errtool": Scenario(broken),
        "errapi": Scenario(steps, fails_from=1),
    }
