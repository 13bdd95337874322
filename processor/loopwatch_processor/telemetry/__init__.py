"""What loopwatch says about itself and about what it sees; `table` declares every metric, once."""

from loopwatch_processor.telemetry.counting import Telemetry

__all__ = ["Telemetry"]
