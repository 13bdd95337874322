"""What PagerDuty's documentation of the Events API v2 demands of an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BODY_MAX_BYTES = 512 * 1024
ROUTING_KEY_CHARACTERS = 32
DEDUP_KEY_MAX_CHARACTERS = 255
SUMMARY_MAX_CHARACTERS = 1024
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
_TEXTS = ("summary", "source", "timestamp", "component", "group", "class")


def problems_of(event: Any) -> list[str]:
    """Every problem of *event*; none where the API would take it."""
    if not isinstance(event, dict):
        return ["Event object is not an object"]
    return [*_of_envelope(event), *_of_payload(event), *_of_links(event), *_of_images(event)]


def _of_envelope(event: dict[str, Any]) -> Iterator[str]:
    key, action, dedup_key = event.get("routing_key"), event.get("event_action"), event.get("dedup_key")
    if not isinstance(key, str) or len(key) != ROUTING_KEY_CHARACTERS:
        yield f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARACTERS} characters)"
    if action not in ACTIONS:
        yield f"'event_action' is invalid (must be one of {', '.join(ACTIONS)})"
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > DEDUP_KEY_MAX_CHARACTERS):
        yield f"'dedup_key' is invalid (at most {DEDUP_KEY_MAX_CHARACTERS} characters)"
    if action in ("acknowledge", "resolve") and not dedup_key:
        yield f"'dedup_key' is required to {action}"
    for name in ("client", "client_url"):
        if not isinstance(event.get(name, ""), str):
            yield f"'{name}' is not text"


def _of_payload(event: dict[str, Any]) -> Iterator[str]:
    payload = event.get("payload")
    if event.get("event_action") != "trigger":
        return
    if not isinstance(payload, dict):
        yield "'payload' is missing or not an object"
        return
    for name in ("summary", "source"):
        if not payload.get(name):
            yield f"'payload.{name}' is missing or blank"
    if payload.get("severity") not in SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of {', '.join(SEVERITIES)})"
    for name in _TEXTS:
        if not isinstance(payload.get(name, ""), str):
            yield f"'payload.{name}' is not text"
    if len(str(payload.get("summary", ""))) > SUMMARY_MAX_CHARACTERS:
        yield f"'payload.summary' is too long (at most {SUMMARY_MAX_CHARACTERS} characters)"


def _of_links(event: dict[str, Any]) -> Iterator[str]:
    for link in _listed(event, "links"):
        if not isinstance(link, dict) or not isinstance(link.get("href"), str) or not link["href"]:
            yield "each of 'links' needs 'href'"


def _of_images(event: dict[str, Any]) -> Iterator[str]:
    for image in _listed(event, "images"):
        if not isinstance(image, dict) or not str(image.get("src", "")).startswith("https://"):
            yield "each of 'images' needs 'src', an https URL"


def _listed(event: dict[str, Any], name: str) -> list[Any]:
    found = event.get(name)
    return found if isinstance(found, list) else [] if found is None else [found]
