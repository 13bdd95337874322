"""Tells people of incidents: PagerDuty and other channels, through an outbox that a crash does not empty."""
