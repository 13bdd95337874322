"""Every error that loopwatch raises on purpose; each message says what, where and what to do.

LoopwatchError
├── Undecodable        the sender's bytes are not what they claim to be
├── TooLarge           a request is over the size limit
│   └── TooManyItems   a request is in more pieces than are taken at once
├── RefusedDownstream  in-line, the downstream will never take a request
├── Busy               we cannot take more now: come back later
├── CannotListen       an address that we were told to listen on cannot be used
│   └── PortTaken      it is in use already
├── CannotOpenJournal  the journal's database cannot be used
├── JournalFault       the journal's database failed while it was in use
├── BadEndpoint        an address that we were told to send to makes no sense
└── ConfigError        the settings are not what they should be
"""

from __future__ import annotations


class LoopwatchError(Exception):
    """Base of all errors meant for a person or a client; never a bug."""


class Undecodable(LoopwatchError):
    """Raised when a request or file is not the OTLP message it claims to be; the sender must not retry."""


class TooLarge(LoopwatchError):
    """Raised when a request is over *limit_bytes*, before or after decompression; the sender must not retry."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the request is over the limit of {limit_bytes} bytes: send smaller batches")
        self.limit_bytes = limit_bytes


class TooManyItems(TooLarge):
    """Raised when a request holds more than *items_max* items; the sender must not retry."""

    def __init__(self, items_max: int) -> None:
        LoopwatchError.__init__(self, f"the request holds more than {items_max} items: send smaller batches")
        self.items_max = items_max


class Busy(LoopwatchError):
    """Raised when nothing more can be taken now; the sender should retry after *retry_after_s* seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy, retry after {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class RefusedDownstream(LoopwatchError):
    """Raised when the downstream of in-line use will never take a request; the sender must not retry."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the endpoint that loopwatch forwards to refused this request for good: {why}")


class CannotListen(LoopwatchError):
    """Raised when loopwatch cannot listen where it was told to."""


class PortTaken(CannotListen):
    """Raised when a port that loopwatch should listen on is in use."""


class CannotOpenJournal(LoopwatchError):
    """Raised when the journal cannot be opened; *passing*: it may be later, without anybody's help."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class JournalFault(LoopwatchError):
    """Raised when the journal fails in use; *of_the_data*: what was to be written will never be taken."""

    def __init__(self, message: str, *, of_the_data: bool = False) -> None:
        super().__init__(message)
        self.of_the_data = of_the_data


class BadEndpoint(LoopwatchError):
    """Raised when an endpoint to send to, or a file it needs, cannot be used."""


class ConfigError(LoopwatchError):
    """Raised when settings cannot be used; *problems* has every one of them, each a sentence that says where."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(("the configuration cannot be used:", *(f"  {problem}" for problem in problems))))
        self.problems = problems
