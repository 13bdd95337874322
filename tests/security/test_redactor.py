"""Names and forms of secrets that only the user knows, and what no pattern may do: let one through, or take long."""

from __future__ import annotations

import json
import logging
import re
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.config import Config, load
from loopwatch_processor.config.secrets import redactor_of, secrets_of
from loopwatch_processor.errors import ConfigError
from loopwatch_processor.redact import MARK, READ_MAX_CHARS, redacted
from loopwatch_processor.redactor import Redactor
from loopwatch_processor.telemetry import lines

MINE = Redactor(["customer_name", "plz"], [r"CUST-\d{4}"], ["hunter2-long", "hunter2"])
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
values = st.text("abcdefghijklmnop ", min_size=6, max_size=30)


@settings(deadline=None)
@given(before=words, value=values, key=st.sampled_from(["customer_name", "Customer_Name", "plz"]))
def test_what_stands_under_a_key_of_yours_never_shows(before: str, value: str, key: str) -> None:
    """In JSON, however deep, whatever stands around it."""
    marked = f"~{value}~"
    for text in (json.dumps({"a": before, key: marked}), json.dumps({"body": json.dumps({key: [marked], "b": 1})})):
        assert marked not in MINE.without_secrets(text)


@settings(deadline=None)
@given(before=words, number=st.integers(1000, 9999), after=words)
def test_what_looks_like_a_pattern_of_yours_never_shows(before: str, number: int, after: str) -> None:
    """Anywhere in the text, also where it stood in what is shown."""
    text = f"{before} CUST-{number} {after}"
    assert f"CUST-{number}" not in MINE.without_secrets(text)
    assert f"CUST-{number}" not in MINE.shown(text)


@settings(deadline=None)
@given(before=words, after=words)
def test_a_secret_of_the_configuration_never_shows(before: str, after: str) -> None:
    """The longer one first, so that no rest of it stays."""
    assert "hunter2" not in MINE.without_secrets(f"{before}hunter2-long{after}hunter2")
    assert "-long" not in MINE.without_secrets("hunter2-long")


@settings(deadline=None)
@given(text=words)
def test_without_names_of_ones_own_it_is_what_it_was(text: str) -> None:
    """The same rules for everybody."""
    assert Redactor().shown(text) == redacted(text)


def test_other_fields_stay_readable() -> None:
    """A key is a whole name, and its neighbours are not taken along."""
    shown = MINE.without_secrets('{"customer_name_count": 3, "template": "x", "customer_name": "J. Q.", "page": 2}')
    assert shown == f'{{"customer_name_count": 3, "template": "x", "customer_name": {MARK}, "page": 2}}'


def luhn(digits: str) -> str:
    """*digits* with the number that makes a card of them, by ISO/IEC 7812-1."""
    doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))]
    return digits + str(-sum(number // 10 + number % 10 for number in doubled) % 10)


@settings(deadline=None)
@given(st.text("0123456789", min_size=12, max_size=18))
def test_every_number_of_a_card_goes_and_its_neighbours_stay(digits: str) -> None:
    """Thirteen to nineteen digits with the right one at the end; with a wrong one it is any number."""
    card = luhn(digits)
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert redacted(f"pay with {card} now") == f"pay with {MARK} now"
    assert redacted(f"order {wrong} now") == f"order {wrong} now"


PIECES = ("token", "=", '"', "\\", "-", "A", "@", "://", "{", " ", "1", "eyJ", "\n")


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=900))
def test_no_text_grows_beyond_a_mark_for_each_character(parts: list[str]) -> None:
    """Made of what the patterns begin with, so that they all try."""
    text = "".join(parts)[:READ_MAX_CHARS]
    assert len(MINE.without_secrets(text)) <= len(text) + len(MARK) * (len(text) + 1)


@pytest.mark.parametrize(
    ("pattern", "said"), [("CUST-[", "is no regular expression"), ("(CUST)?", "matches nothing at all, everywhere")]
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern: str, said: str) -> None:
    """When the configuration is read, not when a session is written."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(None, [f"capture.redact_patterns=['{pattern}']"])


def test_the_secrets_of_a_configuration_are_found_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hidden values, what stands behind Bearer, and passwords in addresses, also behind the question mark."""
    monkeypatch.setenv("FORWARD", "Bearer token-of-forward")
    config = load(
        None,
        [
            "forward={endpoint: 'http://h:1', headers: {authorization: '${env:FORWARD}'}}",
            "journal.url=postgresql://u:word-of-journal@h/d?password=word-in-query",
            "notify.alertmanager.urls=['http://u:word-of-proxy@am']",
            "notify.heartbeat_url=https://beat.example/path-of-beat",
        ],
    )
    assert secrets_of(config) == {
        *("Bearer token-of-forward", "token-of-forward", "word-of-journal", "word-in-query", "word-of-proxy"),
        "https://beat.example/path-of-beat",
    }
    assert secrets_of(Config()) == frozenset()


def test_the_log_leaves_secrets_out_of_messages_and_tracebacks() -> None:
    """Of the configuration, of yours, and those known by their form; what is not secret stays."""
    file, logger = StringIO(), logging.getLogger("tests.of.a.library")
    handler = logging.StreamHandler(file)
    config = load(None, ["notify.alertmanager.urls=['http://u:short-pw@am']", "capture.redact_keys=[customer_name]"])
    handler.setFormatter(lines.formatter(redactor_of(config).without_secrets))
    logger.addHandler(handler)
    try:
        raise ValueError("no 'customer_name': 'Jane Doe' at jane@doe.example")
    except ValueError:
        logger.exception("GET http://u:%s@am failed", "short-pw")
    logger.removeHandler(handler)
    line = json.loads(file.getvalue())
    assert "am failed" in line["event"]
    assert "ValueError" in line["exception"]
    assert not any(secret in file.getvalue() for secret in ("short-pw", "Jane Doe", "jane@doe.example"))
