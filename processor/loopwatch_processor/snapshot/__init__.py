"""What is open, as one text a session, so that a restart goes on where the last process was killed."""
