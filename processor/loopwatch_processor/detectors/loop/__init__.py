"""Soft loops: an agent that repeats itself and gets nowhere."""

from loopwatch_processor.detectors.loop.detector import LoopDetector
from loopwatch_processor.detectors.loop.settings import LoopSettings

__all__ = ["LoopDetector", "LoopSettings"]
