"""loopwatch with everything around it, as processes of this machine: the Collector, and what `make stack` starts."""
