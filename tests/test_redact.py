"""What is kept or shown of agents' text: never a secret, never more than a reader needs."""

from __future__ import annotations

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.redact import MARK, READ_MAX_CHARS, SHOWN_MAX_CHARS, first_word, redacted

_LETTERS = string.ascii_letters + string.digits


def made(prefix: str, length: int, seed: int = 1, letters: str = _LETTERS) -> str:
    """A token drawn by lot, the same each time; put together here, so that no scanner takes this file for a leak."""
    return prefix + "".join(random.Random(seed).choices(letters, k=length))


HEX = "0123456789abcdef"
TOKENS = {
    "openai": made("sk-" + "proj-", 40),
    "anthropic": made("sk-" + "ant-api03-", 60),
    "github": made("gh" + "p_", 36),
    "github_fine": made("github" + "_pat_", 50),
    "gitlab": made("gl" + "pat-", 20),
    "slack": made("xox" + "b-", 30),
    "aws_id": made("AK" + "IA", 16, letters=string.ascii_uppercase),
    "aws_secret": made("", 40, letters=_LETTERS + "/+"),
    "google": made("AI" + "za", 35),
    "stripe": made("sk_" + "live_", 24),
    "hugging_face": made("h" + "f_", 34),
    "jwt": ".".join((made("ey" + "J", 30), made("", 40), made("", 43))),
    "sendgrid": ".".join(("SG", made("", 22), made("", 43))),
    "sha256": made("", 64, letters=HEX),
    "mail": "jane.doe+orders@shop.example.co.uk",
    "card": "4111111111111111",
    "card_in_fours": "5500 0000 0000 0004",
    "amex": "3714-496353-98431",
    "iban": "DE89 3704 0044 0532 0130 00",
    "ssn": "078-05-1120",
    "phone": "+49 30 901820",
}
NAMES = (
    *("password", "db_password", "PASSWD", "token", "access_token", "apiKey", "api-key", "client_secret", "pin"),
    *("OPENAI_API_KEY", "secretAccessKey", "Authorization", "cookie", "credentials", "passphrase", "x-api-key"),
)
FORMS = (
    '{{"query": "margins", "{name}": "{value}", "page": 2}}',
    "{{'{name}': '{value}'}}",
    '{{"body": "{{\\"{name}\\": \\"{value}\\", \\"page\\": 2}}"}}',
    "{name}={value}",
    "{name}: {value}\nthen more",
    "export {name}={value}; run",
    "run --{name} {value} --fast",
    "https://example.com/x?{name}={value}&page=2",
    "<{name}>{value}</{name}>",
    "the {name} is {value}",
    '{{"{name}": ["{value}", "{value}"], "page": 2}}',
    '{{"{name}": {{"inner": "{value}"}}}}',
    "{name} => {value}",
    "{name}%3D{value}",
)
words = st.lists(st.sampled_from(["quarterly", "revenue", "ACME", "Corp", "2025", "of", "the,", "(page", "3)"]))


@pytest.mark.parametrize("kind", TOKENS)
@given(before=words, after=words)
def test_a_planted_secret_never_shows(kind: str, before: list[str], after: list[str]) -> None:
    """Whatever stands around it."""
    text = " ".join([*before, TOKENS[kind], *after])

    assert TOKENS[kind] not in redacted(text)
    assert MARK in redacted(text + " and so on") or len(text) > SHOWN_MAX_CHARS


@pytest.mark.parametrize("form", FORMS)
@given(
    name=st.sampled_from(NAMES),
    value=st.text(_LETTERS + "!#$%*+-._~:", min_size=3, max_size=40).filter(lambda text: any(map(str.isalpha, text))),
)
def test_what_stands_under_the_name_of_a_secret_never_shows(form: str, name: str, value: str) -> None:
    """In JSON, also inside a string of it, in headers, commands, URLs, XML and prose."""
    shown = redacted(form.format(name=name, value=f"Zq{value}qZ"))

    assert f"Zq{value}" not in shown
    assert MARK in shown


@pytest.mark.parametrize("value", ["p ss w0rd", "a,b;c&d", "'single' quotes", '\\"double\\" quotes', "ünïcødé"])
def test_a_quoted_secret_goes_as_a_whole(value: str) -> None:
    """Spaces and separators do not end it."""
    shown = redacted(f'{{"password": "{value}", "page": 2}}')

    assert shown == f'{{"password": {MARK}, "page": 2}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"query":"quarterly revenue ACME Corp 2025","max_results":10}',
        '{"max_tokens":500,"prompt_tokens":1234}',
        "/home/User1/projects/ABC/Module2/src/components/Header.tsx",
        "the author: Bob Smith; opinion: good; spinning: yes; passed: 3",
        "SELECT id, name FROM orders WHERE created_at > '2025-01-01' LIMIT 20",
        "Q1 12.1M Q2 13.4M Q3 14.0M Q4 15.2M",
        "https://example.com/acme/2025?page=3&sort=asc",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """The reader needs it to see what an agent was about."""
    assert redacted(text) == text


@given(st.text())
def test_any_text_is_taken_and_what_is_shown_is_short(text: str) -> None:
    """No text raises, and redacting what is redacted changes nothing more."""
    shown = redacted(text)

    assert len(shown) <= SHOWN_MAX_CHARS + 1
    assert redacted(shown) == shown or shown.endswith("…")


@pytest.mark.parametrize("at", range(READ_MAX_CHARS - 60, READ_MAX_CHARS + 3, 3))
@pytest.mark.parametrize("kind", ["card_in_fours", "openai", "jwt", "mail"])
def test_no_half_of_a_secret_shows_where_the_text_is_cut(kind: str, at: int) -> None:
    """Even where a long secret before it has shrunk to a mark, so that the cut comes into view."""
    filling = "password: " + "x" * (at - 11) + " "
    shown = redacted(filling + TOKENS[kind] + " tail")

    assert TOKENS[kind][:7] not in shown


def test_a_text_that_was_cut_before_loses_its_end() -> None:
    """What the emitter left of a secret may be too short to be known."""
    text = "invalid key " + "a b " * 20 + "sk-abc"

    assert "sk-abc" in redacted(text)
    assert "sk-abc" not in redacted(text, is_cut=True)


def test_private_keys_and_addresses_with_passwords_go() -> None:
    """By their form, over several lines."""
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----"

    assert redacted(f"write {key} to disk") == f"write {MARK} to disk"
    assert redacted("postgresql://bob:p@ss:w0rd@db/orders") == f"postgresql://{MARK}@db/orders"
    assert redacted("curl -u bob:hunter2 https://a.b") == f"curl -u {MARK} https://a.b"
    assert redacted(json.dumps({"h": {"Authorization": "Bearer abc.def-ghi"}})).count("abc") == 0


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("openai.BadRequestError", "openai.BadRequestError"),
        ("context_length_exceeded: 130000 tokens of Jane", "context_length_exceeded"),
        ("429", "429"),
        ("  \n", ""),
        (TOKENS["openai"] + " is wrong", MARK),
        ("x" * 500, "x" * 120),
    ],
)
def test_of_an_errors_type_only_a_name_is_shown(said: str, shown: str) -> None:
    """Some emitters put the whole message there."""
    assert first_word(said) == shown
