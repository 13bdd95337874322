"""The scripts: what an agent of each kind does, in the words of `import loopwatch`.

No model is asked and no tool is run; everything else (spans, helpers, exporter, network) is what real agents use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import loopwatch

STEP_S = 0.05
STALL_S = 4.0
MODEL = "gpt-4o-mini-2024-07-18"


@dataclass(frozen=True, slots=True)
class Script:
    """One scripted agent."""

    name: str
    """The agent's name and its conversation id."""
    tells: str
    """What goes wrong, for the reader."""
    detector: str
    """Who must find it; "" where nobody may find more than info."""
    play: Callable[[], None]
    patterns: tuple[str, ...] = ()
    """What it may be found as; empty: as anything of that detector."""


def ask(
    input_tokens: int = 400, output_tokens: int = 40, model: str = MODEL, provider: str = "openai", cached: int = 0
) -> None:
    """One model call; *cached* of its input tokens are read from the provider's cache."""
    with loopwatch.model_call(model, provider=provider) as call:
        time.sleep(STEP_S)
        call.usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached or None)
        call.response(finish_reasons=["stop"])


def use(tool: str, result: object, **arguments: object) -> None:
    """One tool call."""
    with loopwatch.tool_call(tool, arguments) as call:
        time.sleep(STEP_S)
        call.result(result)


def fail(tool: str, error_class: str, message: str, **arguments: object) -> None:
    """One tool call that fails."""
    with loopwatch.tool_call(tool, arguments) as call:
        time.sleep(STEP_S)
        call.error(error_class, message)


def healthy() -> None:
    """Searches, reads what it can reach, computes, answers."""
    with loopwatch.session("analyst", conversation_id="analyst"):
        ask()
        use("search", {"results": ["https://example.com/acme/2025"]}, query="ACME Corp 2025 annual report")
        ask(900)
        fail("fetch_page", "timeout", "no answer within 10 s", url="https://example.org/acme")
        ask(1_000)
        use("fetch_page", "Q1 12.1M Q2 13.4M Q3 14.0M Q4 15.2M", url="https://example.com/acme/2025")
        ask(1_300)
        use("calculate", 13.675, expression="(12.1+13.4+14.0+15.2)/4")
        ask(1_400, 90)


def healthy_batch() -> None:
    """Does the same for every region of a list, as a job: much alike, and all of it work."""
    regions = ("Norway", "Portugal", "Japan", "Chile", "Kenya", "Canada", "Vietnam", "Greece", "Peru", "Iceland")
    own = loopwatch.job_queued("sales_report", queue="reports")
    job = loopwatch.job("sales_report", id=own, queue="reports")
    with job, loopwatch.session("reporter", conversation_id="reporter", agent_type="batch"):
        for number, region in enumerate(regions):
            ask(600, cached=400 if number else 0)
            use("sales_of", f"{region} sold {137 * (number + 3)} units", region=region, year=2025)
        ask(2_000, 200)


SEARCHES = (
    "quarterly revenue ACME Corp 2025",
    "ACME Corp quarterly revenue 2025",
    "ACME Corp revenue by quarter 2025",
    "2025 quarterly revenue of ACME Corp",
    "ACME Corp 2025 revenue per quarter",
    "revenue ACME Corp each quarter 2025",
    "ACME Corp 2025 quarterly revenue figures",
    "quarterly revenue figures ACME Corp 2025",
    "ACME Corp revenue figures by quarter in 2025",
    "what was the quarterly revenue of ACME Corp in 2025",
)


def soft_loop() -> None:
    """Asks the same question in ever new words, and gets nothing."""
    with loopwatch.session("researcher", conversation_id="researcher"):
        for number, query in enumerate((*SEARCHES, *SEARCHES)):
            ask(500 + 120 * number)
            use("search", {"results": [], "note": f"no exact match for {query}"}, query=query)
        loopwatch.stop("no_progress")


def ping_pong() -> None:
    """An analyzer and a verifier hand the same draft to each other, with nothing new."""
    with loopwatch.session("supervisor", conversation_id="supervisor"):
        for _ in range(12):
            with loopwatch.session("analyzer"):
                ask(800)
                use("hand_over", "needs verification", to="verifier", draft="The margin fell because of freight costs.")
            with loopwatch.session("verifier"):
                ask(800)
                use(
                    "hand_over", "needs further analysis", to="analyzer", verdict="Please analyse the margin once more."
                )


def context_overflow() -> None:
    """Reads one long document after another until its context is full."""
    with loopwatch.session("reader", conversation_id="reader"):
        for number in range(1, 10):
            ask(number * 21_000, model="claude-sonnet-4-5", provider="anthropic")
            use("read_file", f"chapter {number}: {number * 7919} words", path=f"book/chapter_{number}.md")


def stalled_stream() -> None:
    """Its provider stops in mid-answer for a while."""
    with loopwatch.session("writer", conversation_id="writer"), loopwatch.model_call(MODEL, provider="openai") as call:
        for _ in loopwatch.stream(_chunks()):
            pass
        call.usage(input_tokens=300, output_tokens=12)


def _chunks() -> Iterator[str]:
    for number in range(12):
        time.sleep(STALL_S if number == 6 else STEP_S)
        yield "word "


def budget_burn() -> None:
    """Asks an expensive model for far more than the task is worth."""
    with loopwatch.session("strategist", conversation_id="strategist", agent_type="research"):
        for number in range(8):
            ask(90_000 + number, 6_000, model="claude-opus-4-1", provider="anthropic")
            use(
                "note",
                f"idea {number} of the plan, {number * 31} lines",
                title=f"plan part {number}",
                lines=number * 31,
            )


SCRIPTS = (
    Script("analyst", "healthy", "", healthy),
    Script("reporter", "healthy batch over a list", "", healthy_batch),
    Script("researcher", "soft loop: one search, new words", "loop", soft_loop),
    Script("supervisor", "analyzer and verifier in ping-pong", "loop", ping_pong, ("ping_pong", "handoff_cycle")),
    Script("reader", "context overflow", "context", context_overflow),
    Script("writer", "stalled stream", "stream", stalled_stream),
    Script("strategist", "budget burn", "budget", budget_burn),
)
