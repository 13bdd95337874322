"""Where what a person asks of jobs comes from: a running service, else the journal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from loopwatch_processor.cli.kept_journal import reading
from loopwatch_processor.cli.session_source import Source
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.job_pages import PATH, accounts_of, told
from loopwatch_processor.jobs.answers import MAX_INCIDENTS, Answer
from loopwatch_processor.jobs.reconciliation import Account, Group
from loopwatch_processor.journal import incidents, jobs

_TIMEOUT_S = 30.0
"""A year of jobs takes a while to read."""


@dataclass(frozen=True, slots=True)
class Told:
    """The account of jobs, and the six answers about them."""

    accounts: Mapping[Group, Account]
    answers: tuple[Answer, ...]
    is_live: bool
    """A service that runs says so; else the journal, which nobody may be writing."""


def ask(source: Source, since_s: float) -> Told:
    """What is known of the jobs submitted in the last *since_s* seconds.

    Raises:
        LoopwatchError: nobody can be asked.
    """
    if not source.journal_only:
        try:
            return _read(source, source.door.get(source.address + PATH, _TIMEOUT_S, since=str(since_s)))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            pass
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LoopwatchError(
                f"{source.address} does not answer ({error}): name the service with --url, or use --journal"
            ) from error
    now = time.time()
    with reading(source.config) as connection:
        known = jobs.submitted(connection, now - since_s)
        found = [item.identity.detector for item in incidents.newest(connection, limit=MAX_INCIDENTS, open_only=True)]
    return _told(told(known, found, source.config.jobs.settings().slas, now), is_live=False)


def _read(source: Source, answer: httpx.Response) -> Told:
    try:
        document: Any = answer.json()
        if answer.is_success:
            return _told(document, is_live=True)
        why = str(document["error"])
    except (ValueError, KeyError, TypeError):
        why = f"what answers there has no jobs to show (HTTP status {answer.status_code})"
    raise LoopwatchError(f"{source.address}: {why}: name loopwatch's address with --url, or use --journal")


def _told(document: Mapping[str, Any], *, is_live: bool) -> Told:
    return Told(accounts_of(document["accounts"]), tuple(Answer(**row) for row in document["answers"]), is_live)
