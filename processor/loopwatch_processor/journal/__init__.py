"""The journal: what a restart must not forget, in one SQL database."""
