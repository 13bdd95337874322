"""A small fleet of scripted agents, each failing in its own way, through the real helpers and the real SDK."""
