"""Where findings, metrics and telemetry go."""
