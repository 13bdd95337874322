"""What is counted of one agent, with its series at hand."""

from __future__ import annotations

from loopwatch_processor.step import Usage
from loopwatch_processor.telemetry import table
from loopwatch_processor.telemetry.tally import Branch, Tallies

Who = tuple[str, str, str]
"""Environment, service, agent."""


class AgentSeries:
    """The counters of one agent, each by the one label that its steps differ in."""

    __slots__ = (
        *("_tallies", "_tool_calls", "_who", "cache_read", "cache_write", "cost", "input", "output", "reasoning"),
        *("runs_ended", "steps", "tool_results"),
    )

    def __init__(self, tallies: Tallies, who: Who) -> None:
        self._tallies = tallies
        self._who = who
        self.steps = Branch(tallies.of(table.STEPS), who)
        """By kind."""
        self.tool_results = Branch(tallies.of(table.TOOL_RESULTS), who)
        """By class of error."""
        self.runs_ended = Branch(tallies.of(table.RUNS_ENDED), who)
        """By stop reason."""
        tokens, details = tallies.of(table.TOKENS), tallies.of(table.TOKEN_DETAILS)
        self.input = Branch(tokens, (*who, "input"))
        """By model, as all that follow."""
        self.output = Branch(tokens, (*who, "output"))
        self.cache_read = Branch(details, (*who, "cache_read"))
        self.cache_write = Branch(details, (*who, "cache_write"))
        self.reasoning = Branch(details, (*who, "reasoning"))
        self.cost = Branch(tallies.of(table.COST), who)
        self._tool_calls: dict[str, Branch] = {}

    def called(self, tool: str, error_class: str) -> None:
        """*tool* was called, and failed with *error_class*, or not ("")."""
        calls = self._tool_calls.get(error_class)
        if calls is None:  # once for each of the few classes
            tally = self._tallies.of(table.TOOL_CALLS)
            calls = self._tool_calls[error_class] = Branch(tally, self._who, (error_class,))
        calls.add(tool)
        self.tool_results.add(error_class)

    def used(self, model: str, usage: Usage) -> None:
        """A call of *model* used these tokens more than was told of it before; fewer take nothing away."""
        if usage.input_tokens > 0:
            self.input.add(model, usage.input_tokens)
        if usage.output_tokens > 0:
            self.output.add(model, usage.output_tokens)
        if usage.cache_read_tokens > 0:
            self.cache_read.add(model, usage.cache_read_tokens)
        if usage.cache_write_tokens > 0:
            self.cache_write.add(model, usage.cache_write_tokens)
        if usage.reasoning_tokens > 0:
            self.reasoning.add(model, usage.reasoning_tokens)
