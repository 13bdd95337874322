"""Jobs: what both ends of a queue say of one, and what follows from it. No I/O; the journal keeps the table."""
