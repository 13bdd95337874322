"""OTLP over gRPC and HTTP → bytes. Nothing here knows what a span means."""
