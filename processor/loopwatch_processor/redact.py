"""Secrets taken out of text that agents passed around, before any of it is kept or shown.

What stands under a key that names a secret goes, whatever it looks like; keys, tokens, mail addresses and numbers of
cards and accounts go by their form. Rather too much than too little: the text is a help to a reader, never needed.
Every pattern is bounded, so that no text takes long.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

READ_MAX_CHARS: Final = 2_048
"""Of one text: what lies beyond is never shown. Below what the emitters' own texts are cut to."""
SHOWN_MAX_CHARS: Final = 400
_TYPE_MAX_CHARS: Final = 120
_SUSPECT_CHARS: Final = 20
"""No key of a well-known service is shorter."""
MARK: Final = "[redacted]"
_CUT: Final = "…"
_UNSURE_CHARS: Final = 64
"""Before a cut: a secret that was cut there may be too short to be known by its form."""
_RANDOM_BITS: Final = 4.3
"""Entropy of a character: 4.7 in forty of random base64, below 4.2 in paths and names of that length."""

_NAMES: Final = r"""
    passw(?:or)?d | passphrase | passcode | \bpwd | secret | token | credential | cookie | signature | session[-_]?id
  | (?:api|access|private|secret|signing|encryption|ssh|account|master|service|client|shared|storage)[-_.\ ]?key
  | auth(?:ori[sz]ation|entication)?(?![a-z]) | connection[-_ ]?string | card[-_ ]?num | \biban(?![a-z])
  | \b(?:sig|otp|pin|cvv|cvc|ssn|dsn)(?![a-z])
"""
_END: Final = r"[\w-]{0,32}"
_VALUE: Final = rf"""(?!{re.escape(MARK)}) (?P<value>
    \\+(?P<quote>["']).*?(?:(?<!\\)\\+(?P=quote)|\Z)
  | "(?:[^"\\]|\\.)*(?:"|\Z) | '(?:[^'\\]|\\.)*(?:'|\Z) | `[^`]*(?:`|\Z)
  | [\[{{].*\Z
  | (?:-?\d[\d.]{{0,20}}|true|false|null)(?=\s{{0,8}}[,}}\]]) | [^\s&]+ )"""
_FLAGS: Final = re.VERBOSE | re.IGNORECASE | re.DOTALL
_HINTS: Final = (
    *("pass", "pwd", "secret", "token", "credential", "cookie", "sig", "session", "key", "auth", "connection", "card"),
    *("iban", "otp", "pin", "cvv", "cvc", "ssn", "dsn"),
)
"""A part of each of `_NAMES`: where none of them stands, nothing has to be searched."""


def named_patterns(names: str) -> tuple[re.Pattern[str], ...]:
    """What stands under a key that is one of *names*, a regular expression: assigned, as an option, as an element."""
    key = rf"(?:{names})"
    after = rf"\\*[\"'`]?\]?)(?P<sep>\s{{0,8}}(?:=>|:=|[:=]|%3[ad])\s{{0,8}}|\s(?:is|was)\s){_VALUE}"
    return (
        re.compile(rf"(?P<key>{key}{after}", _FLAGS),
        re.compile(rf"(?P<key>(?<![\w-])--?[\w-]{{0,32}}{key})(?P<sep>\s{{1,8}}){_VALUE}", _FLAGS),
        re.compile(rf"(?P<key>{key})(?P<sep>>)(?P<value>[^<]+)", _FLAGS),
    )


_NAMED = named_patterns(rf"(?:{_NAMES}){_END}")
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{0,24}key)(\s?:\s?)[^\r\n\"']+")
_COUNTED = re.compile(r"-?\d{1,9}")
_FORMS: Final = tuple(
    (hint, re.compile(pattern, re.VERBOSE), shown)
    for hint, pattern, shown in (
        ("-----begin", r"(?s)-----BEGIN[ ][A-Z ]*(?:KEY|CERTIF|MESSAGE).*?(?:-----END[ ][A-Z ]*-----|\Z)", MARK),
        ("://", r"(?<=://)[^\s/]{1,256}@", f"{MARK}@"),
        (" -u", r"(?<=\s-u)\s{1,8}[^\s:]{1,128}:\S+", f" {MARK}"),
        ("bearer", r"(?i)(\bbearer)\s{1,8}[\w.~+/=-]{6,}", rf"\1 {MARK}"),
        ("basic", r"(?i)(\bbasic)\s{1,8}(?=[A-Za-z+/]{0,256}[\d=])[\w+/=]{6,}", rf"\1 {MARK}"),
        ("hook", r"(?i)\b(hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|[\w-]{1,63}\.webhook\.office\.com)/\S+",
         rf"\1/{MARK}"),
        ("@", r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}", MARK),
        ("", r"(?<!\d)\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}(?!\d)|(?<!\d)\d{4}[ -]\d{6}[ -]\d{4,5}(?!\d)", MARK),
        ("", r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}(?:[ ]?[A-Z0-9]{1,3})?\b", MARK),
        ("", r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)", MARK),
        ("+", r"(?<![\w+])\+\d[\d ()./-]{6,20}\d", MARK),
    )
)  # fmt: skip
"""Private keys, passwords in addresses, mail, cards, accounts, telephones; each with what stands in every one."""
_CHUNK = re.compile(r"[\w.~+/=:-]{12,}")
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?:sk|pk|rk|whsec)[-_][\w-]{12,} | gh[pousr]_\w{12,} | github_pat_\w{12,} | glpat-[\w-]{12,}
      | xox[a-z]-[\w-]{8,} | xapp-[\w-]{8,} | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,} | AIza[\w-]{20,}
      | ya29\.[\w.-]{12,} | GOCSPX-[\w-]{12,} | SG\.[\w-]{8,}\.[\w-]{8,} | eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?
      | (?:hf|npm|gsk|r8|nvapi|shpat|shpss|lin_api|dop_v1|key)[-_][\w-]{16,} | (?:pypi|tvly|pplx|xai|fc)-[\w-]{12,}
      | dapi[0-9a-f]{16,} | hv[sb]\.[\w-]{12,} | \d{8,10}:AA[\w-]{20,} | AGE-SECRET-KEY-\w{12,}
      | [0-9a-fA-F]{32,}(?![0-9A-Za-z])
    )""",
    re.VERBOSE,
)
"""Tokens of well-known services; hashes and ids in hexadecimal."""
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_DIGITS = re.compile(r"(?<!\d)\d{13,19}(?!\d)")


def redacted(text: str, *, is_cut: bool = False) -> str:
    """The first `SHOWN_MAX_CHARS` of *text* without secrets; *is_cut*: somebody has cut it already."""
    read = text[:READ_MAX_CHARS]
    return shown_of(without_secrets(read), is_cut=is_cut or len(read) < len(text))


def shown_of(clean: str, *, is_cut: bool) -> str:
    """The beginning of *clean*, which has no secrets any more but where it was cut."""
    if is_cut:
        clean = clean[:-_UNSURE_CHARS]
    is_whole = not is_cut and len(clean) <= SHOWN_MAX_CHARS
    return clean if is_whole else clean[:SHOWN_MAX_CHARS] + _CUT


def without_secrets(text: str) -> str:
    """*text*, whole, with a mark in the place of what looks like a secret."""
    lowered = text.lower()
    if any(hint in lowered for hint in _HINTS):
        text = _HEADER.sub(rf"\1\2{MARK}", text)
        for named in _NAMED:
            text = named.sub(_without_value, text)
    for hint, form, shown in _FORMS:
        if hint in lowered:
            text = form.sub(shown, text)
    return _CHUNK.sub(_without_tokens, text)


def first_word(text: str) -> str:
    """What is shown of an error's type: a class or a code. Some emitters put the whole message there."""
    if len(text) < _SUSPECT_CHARS and text.isidentifier():
        return text
    words = text[:READ_MAX_CHARS].split(maxsplit=1)
    return without_secrets(words[0])[:_TYPE_MAX_CHARS].rstrip(":,;") if words else ""


def _without_value(found: re.Match[str]) -> str:
    """The key alone; a number beside "tokens" is a count."""
    if "token" in found["key"].lower() and _COUNTED.fullmatch(found["value"]):
        return found[0]
    return f"{found['key']}{found['sep']}{MARK}"


def _without_tokens(chunk: re.Match[str]) -> str:
    """One run of characters without spaces, as long as tokens are."""
    text = _TOKEN.sub(MARK, chunk[0])
    text = _LONG.sub(lambda found: MARK if _is_random(found[0]) else found[0], text)
    return _DIGITS.sub(lambda found: MARK if _is_card(found[0]) else found[0], text)


def _is_random(text: str) -> bool:
    """Whether *text* looks drawn by lot rather than written: many different characters, none of them often."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares) >= _RANDOM_BITS


def _is_card(digits: str) -> bool:
    """Luhn's check, ISO/IEC 7812-1."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
