"""Sessions and traces that have been silent for a while, as compact bytes in memory, and back when somebody asks."""
