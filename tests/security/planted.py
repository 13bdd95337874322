"""Secrets that can be told apart, planted wherever one may be, and the search for them in what comes out."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping

_DICE = random.Random(6)


def _drawn(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_DICE.choices(letters, k=length))


ROUTING_KEY = _drawn(32)
SETTINGS = {
    name: f"{name}-{_drawn(12)}"
    for name in (
        *("ingest", "ingest_next", "read", "control", "apprise", "smtp", "beat", "journal_password", "query_password"),
        *("alertmanager_password", "alertmanager_header", "forward_header", "referred", "sketch_key", "pagerduty"),
    )
}
"""Of the configuration, its files and its variables, by where each is."""

IN_SPANS = {
    "openai key": "sk-" + "proj-" + _drawn(40),
    "anthropic key": "sk-" + "ant-api03-" + _drawn(60),
    "aws id": "AK" + "IA" + _drawn(16, string.ascii_uppercase),
    "github token": "gh" + "p_" + _drawn(36),
    "slack token": "xox" + "b-" + _drawn(30),
    "jwt": ".".join(("ey" + "J" + _drawn(30), _drawn(40), _drawn(43))),
    "bearer": "b" + _drawn(24),
    "password": "p" + _drawn(11),
    "mail": f"{_drawn(8).lower()}@customer.example",
    "card": "4111 1111 1111 1111",
    "of our own key": "Jane Q. Customer",
    "of our own form": "CUST-77-0042",
}
"""Of arguments, messages, results, errors and exceptions, by what each is."""


def spoken(among: str) -> str:
    """All of `IN_SPANS` as agents pass them around, after *among*."""
    said = IN_SPANS
    return (
        f"{among}: use {said['openai key']} or {said['anthropic key']}, {said['aws id']}, {said['github token']}; "
        f"curl -H 'Authorization: Bearer {said['bearer']}' https://bot:{said['password']}@git.example/x; "
        f"write to {said['mail']}, card {said['card']}, {said['slack token']}, {said['jwt']}, {said['of our own form']}"
    )


def found(outputs: Mapping[str, str | bytes], secrets: Iterable[str]) -> list[tuple[str, str]]:
    """Which of *secrets* stands in which of *outputs*, also where JSON or a URL writes it otherwise."""
    read = {
        where: each.decode("utf-8", "replace") if isinstance(each, bytes) else each for where, each in outputs.items()
    }
    return [(where, secret) for where, text in read.items() for secret in secrets if secret in text]
