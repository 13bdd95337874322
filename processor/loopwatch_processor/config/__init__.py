"""The settings of the service: what they are, where they come from, and what holds for one agent."""

from loopwatch_processor.config.effective import AgentPolicy, effective, explain
from loopwatch_processor.config.loading import find_file, load
from loopwatch_processor.config.settings import Config

__all__ = ["AgentPolicy", "Config", "effective", "explain", "find_file", "load"]
