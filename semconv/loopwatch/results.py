"""What a tool answered: what changes at every call without meaning anything is masked, and what kind of answer it is.

The rules hold on both sides: where sketches are made, and where content is read.
"""

import re
from typing import Final

from loopwatch.attributes import ToolResultClass
from loopwatch.canonical import capped, json_text, normalise
from loopwatch.volatile import MASK, is_moment, is_moment_or_id, steady

_FAILS: Final = re.compile(
    r"""\W*(?:\w+(?:error|exception)\b|error|exception|traceback|failed|failure|fatal|invalid|cannot|unable\ to)\b
        (?!["']\s*:\s*(?:null|none|false|""|''|\{\}|\[\]|0\b))
      | \W{0,3}exited\ \([1-9]   # as Docker tells the state of a container
      | \W{0,3}(?:exit|return|exit_|return_)\s?(?:code|status)\W{1,5}[1-9]
      | \W{0,3}(?:(?:http(?:/[\d.]+)?|status)\D{0,12}\W)?
        4(?:0[0-79]|1[0-7]|2[0-4]|51)   # RFC 9110: the client's fault, so it does not pass by itself
        (?:(?:\s[-–—]|:)\s[^\d\s]|\s(?:bad|unauthori[sz]ed|forbidden|not|method|conflict|gone|unprocessable)\b)
      | \d+\ validation\ errors?\b
      | \W{0,3}(?:unknown|unrecogni[sz]ed)\ (?:tool|function|command|method|option|argument|parameter|field)\b
      | (?:[\w./~-]{1,80}:\ ){1,3}(?:permission\ denied|no\ such\ file|command\ not\ found|not\ a\ directory
        |is\ a\ directory|operation\ not\ permitted|cannot\ )   # as a shell reports what POSIX names so
      | \W{0,3}(?:(?:permission|access)\b[^.,:;]{0,40}?\bdenied|(?:operation\ )?not\ (?:permitted|allowed|authori[sz]ed)
        |connection\ refused|no\ such\ file|forbidden|unauthori[sz]ed)\b   # as POSIX and RFC 9110 name them""",
    re.VERBOSE | re.IGNORECASE,
)
"""At the beginning of a text."""
_FIRST_WORD: Final = re.compile(r"\W*(\w+)", re.ASCII)
_FIRST_WORDS: Final = """
access cannot connection error exception failed failure fatal forbidden invalid no not operation permission traceback
unable unknown
"""
_BEGINS: Final = frozenset(_FIRST_WORDS.split())
_BEGINS_WITH: Final = ("exit", "return", "http", "status", "unauthori", "unrecogni", *"0123456789")
_ENDS_WITH: Final = ("error", "exception")
"""What the first word of a text that `_FAILS` is or is like, but for what a shell says."""
_PATH_SIGNS: Final = frozenset("_./~-")
_HAS_ERROR: Final = re.compile(
    r""""(?:is_?error)"\s*:\s*true | "error"\s*+:\s*+(?!null|false|""|\{\}|\[\]|0\b)""", re.VERBOSE | re.IGNORECASE
)
"""Anywhere."""
_INPUT: Final = "(?:arguments|parameters|(?:tool|function)[ _-](?:call|input))"
_REJECTS: Final = tuple(
    (mark, re.compile(pattern))
    for mark, pattern in (
        ("unexpected ", r"unexpected (?:keyword )?(?:argument|parameter|field|propert)"),
        ("missing ", r"missing (?:\d+ )?(?:required|positional|argument|parameter)"),
        *(
            (word, rf"{word} (?:tool|function|argument|parameter|input|json|field)")
            for word in ("invalid", "unknown", "unrecognised", "unrecognized", "illegal")
        ),
        *(
            ("not ", rf"{word}\b.{{0,80}}?\b(?:not found|does not exist|is not (?:available|registered|defined))")
            for word in ("tool", "function")
        ),
        ("no such ", r"no such (?:tool|function)"),
        ("validation ", r"validation (?:error|failed)"),
        ("required propert", r"required propert"),
        ("to parse", r"fails? to parse"),
        *(("required", rf"{word}\b.{{0,40}}?\bis required") for word in ("field", "parameter", "argument", "property")),
        ("takes ", r"takes \d+ positional"),
        *(
            (verb, rf"(?:could not|cannot|failed to|unable to) {verb} (?:\w+ ){{0,2}}?{_INPUT}\b")
            for verb in ("parse", "decode", "read")
        ),
        *(
            (mark, rf"\b{_INPUT} (?:\w+ ){{0,3}}?{mark}{rest}\b")
            for mark, rest in (
                ("not ", "(?:be (?:parsed|decoded|read)|valid)"),
                ("malformed", ""),
                ("truncated", ""),
                ("cut off", ""),
            )
        ),
    )
)
"""In lower case, each with a text that must be there: looking for these first takes a tenth of the time."""
_REJECTED: Final = (
    "argument", "field", "function", "input", "json", "parameter", "pars", "positional", "propert", "required", "tool",
    "validation",
)  # fmt: skip
"""One of these is in each of them: most errors have none, which takes a fifth of the time to see."""
_PENDING: Final = re.compile(
    r"""(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:
          pending|queued|enqueued|running|processing|provisioning|initiali[sz]ing|(?:container)?creating|starting|building
        | in[ _-]?(?:progress|queue)|(?:not\ |not\ yet\ )(?:ready|done|finished|complete|completed)(?:\ yet)?
        | await(?:ing)|under\ ?way|ongoing(?!-request="false)
        )(?![A-Za-z])
      | (?i:\A\W{0,3}(?!(?:no|any|some|every)?thing|missing|string|warning)[a-z]{2,20}ing(?:\W{0,3}\Z|,|\.\.|…))
      | (?i:"(?:state|status|phase|stage)"\s*:\s*"(?!missing|warning)[a-z_ -]{0,20}ing")
      | (?i:"(?:done|finished|completed?|ready)"\s*:\s*false)""",
    re.VERBOSE,
)
"""The states of jobs, builds and resources, as Kubernetes (pod phases), Slurm, AWS Batch, S3, GitHub (check runs),
GitLab and Google (long-running operations: `"done": false`) name them; and one participle as the whole answer."""
_PENDING_MAX_CHARS: Final = 200
_MORE: Final = re.compile(
    r""""(?:has_?more(?:_?items)?|has_?next(?:_?page)?|(?:is_?)?truncated|more)"\s*:\s*true
      | "(?:next\w{0,16}|\w{1,16}_next|continue|continuation\w{0,8})"\s*:\s*(?:"[^"]|\{|[1-9])""",
    re.VERBOSE | re.IGNORECASE,
)
"""How list interfaces say it: Stripe, Relay, Slack, Google, Kubernetes, S3, OData, JSON:API."""
_EMPTY: Final = frozenset({"", "[]", "{}", "null", "none", '""', "no output", "(no output)"})
_EMPTY_MAX_CHARS: Final = 16
FAILURE_MAX_CHARS: Final = 400
"""What is longer tells of more than an error."""
_UNDONE: Final = re.compile(
    r""""(?:outcome|result|state|status)"\s*:\s*"(?:declined|denied|error|expired|failed|failure|refused|rejected)"
      | "(?:ok|passed|success|succeeded|valid)"\s*:\s*false\b
      | \b(?:declined|denied|refused|rejected)\s*[:;]""",
    re.VERBOSE | re.IGNORECASE,
)
_RECEIPT: Final = re.compile(
    r"""\b(?:\w*id|case|charge|job|message(?!["'])|receipt|ref(?:erence)?|ticket|transaction)
        ["']?\s?[:=\#\ ]\s?["']?[\w-]*\d[\w-]*(?![\w-]|\s?(?:%|of\b|/\s?\d))""",
    re.VERBOSE | re.IGNORECASE,
)
"""What an answer calls itself, new each time: a number behind a name for that, and no share or place of a whole."""
_NAME_WITH_DIGITS: Final = re.compile(r"(?<![\w.-])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]+", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_PATH: Final = re.compile(r"(?:[\w.~-]+)?(?:/[\w.~-]+)+|[A-Za-z]:\\\S+")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_SHELL_NAMES: Final = re.compile(
    r"""(?<![\w.@+-])([\w.@+-]{2,80}):\ (?:(?:command\ )?not\ found|no\ such\ file\ or\ directory|permission\ denied)\b
      | \b(?:command\ not\ found|unknown\ command):\ ([\w.@+-]{2,80})""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a shell tells of by name and without quotes: POSIX's "utility: operand: message", and zsh and fish."""
_ERROR_KEY_CHARS: Final = 300


def canonical_result(result: object) -> str:
    """Return *result* in canonical form without its volatile parts (:func:`steady`).

    At most 4 KiB; of a longer one the head and a digest of the whole.
    """
    return capped(steady(json_text(normalise(result))))


def error_key(text: str) -> str:
    """Return what two failures of one kind share: also quotes, paths and numbers masked, 300 characters at most."""
    masked = canonical_result(text)
    for pattern, mask in ((_QUOTED, "<quoted>"), (_PATH, "<path>"), (_NUMBER, "0")):
        masked = pattern.sub(mask, masked)
    return masked[:_ERROR_KEY_CHARS]


def names_something(text: str) -> bool:
    """Say whether the *text* of an error names what it is about: in quotes, by a path, or as a shell does."""
    return _QUOTED.search(text) is not None or _PATH.search(text) is not None or bool(shell_names(text))


def shell_names(text: str) -> list[str]:
    """Return the programs and files that a shell says it misses or may not use, where it names them without quotes."""
    if ": " not in text:
        return []
    return [found[1] or found[2] for found in _SHELL_NAMES.finditer(text)]


def result_class(text: str) -> ToolResultClass | None:
    """Return what kind of answer *text* is where it is a special one: empty, an error, a state, a time, an id."""
    if is_empty(text):
        return ToolResultClass.EMPTY
    if not is_failure(text):
        if is_pending(text):
            return ToolResultClass.PENDING
        if is_moment_or_id(text):
            return ToolResultClass.MOMENT if is_moment(text) else ToolResultClass.ID
        return ToolResultClass.MORE if says_more(text) else None
    return ToolResultClass.REJECTED if is_rejection(text) else ToolResultClass.ERROR


def says_more(text: str) -> bool:
    """Say whether *text* is a page that says that more follow."""
    return _MORE.search(text) is not None


def is_pending(text: str) -> bool:
    """Say whether *text* tells in a few words that something goes on, so that looking again is right for a while."""
    return len(text) <= _PENDING_MAX_CHARS and _PENDING.search(text) is not None


def is_empty(text: str) -> bool:
    """Say whether *text* is an answer without content."""
    return len(text) <= _EMPTY_MAX_CHARS and text.strip().lower() in _EMPTY


def is_failure(text: str) -> bool:
    """Say whether *text* tells of an error, in a few words; whether of a rejection is for `is_rejection` to say."""
    if len(text) > FAILURE_MAX_CHARS:
        return False
    return (_may_fail(text) and _FAILS.match(text) is not None) or (
        '"' in text and 'error"' in text.lower() and _HAS_ERROR.search(text) is not None  # cheap looks first
    )


def _may_fail(text: str) -> bool:
    """False where `_FAILS` is seen not to match by the first word: a tenth of the time, and nearly always."""
    if not text.isascii():
        return True
    found = _FIRST_WORD.match(text)
    if found is None:
        return False
    word = found[1].lower()
    if word in _BEGINS or word.startswith(_BEGINS_WITH) or word.endswith(_ENDS_WITH):
        return True
    return ": " in text and (text[0].isalnum() or text[0] in _PATH_SIGNS)


def is_undone(text: str) -> bool:
    """Say whether *text* tells in a few words that what was asked for has not been done."""
    return len(text) <= FAILURE_MAX_CHARS and _UNDONE.search(text) is not None


def without_receipts(text: str) -> str:
    """Return *text* as :func:`steady` makes it, without what each answer is called either."""
    return _RECEIPT.sub(MASK, steady(text))


def without_names(text: str) -> str:
    """Return *text* as :func:`without_receipts` makes it, without words of letters and digits either."""
    return _NAME_WITH_DIGITS.sub(MASK, without_receipts(text))


def is_rejection(text: str) -> bool:
    """Say whether the *text* of an error tells that a call was refused for its arguments or its tool's name."""
    lowered = text.casefold()
    for about in _REJECTED:
        if about in lowered:
            return any(mark in lowered and pattern.search(lowered) for mark, pattern in _REJECTS)
    return False
