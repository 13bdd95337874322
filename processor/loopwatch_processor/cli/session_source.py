"""Where the sessions that a person asks for come from: a running service, else the journal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from loopwatch_processor.cli.door import Door, address
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.kept_journal import NoJournal, existing
from loopwatch_processor.config import Config
from loopwatch_processor.errors import LoopwatchError
from loopwatch_processor.kept_sessions import MAX_OTHERS, KeptSessions, one_of
from loopwatch_processor.session_pages import PATH, Query
from loopwatch_processor.storyline import headline, story

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """The service at *url*, or at the address that *config* listens on; where nothing listens there, the journal."""

    config: Config
    url: str | None = None
    journal_only: bool = False
    door: Door = field(default_factory=Door)

    @property
    def address(self) -> str:
        """Where the service is asked."""
        return address(self.config, self.url)

    def newest(self, query: Query) -> dict[str, Any]:
        """The sessions that *query* is about, as `/sessions` tells them."""
        asked: dict[str, str] = {"limit": str(query.limit), "open": "1" if query.open_only else ""}
        asked |= {"agent": query.agent or "", "finding": query.detector or ""}
        return self._ask("", {name: value for name, value in asked.items() if value}, lambda kept: _newest(kept, query))

    def story(self, named: str) -> dict[str, Any]:
        """The story of the session that *named* is the key of, or the beginning of its key.

        Raises:
            LoopwatchError: there is none, or several; or nobody can be asked.
        """
        # A key may be "..", which is a step upwards in a URL unless it is written otherwise.
        written = quote(named.encode("utf-8", "replace"), safe="").replace(".", "%2E")
        return self._ask(f"/{written}", {}, lambda kept: _story(kept, named))

    def _ask(
        self, path: str, parameters: Mapping[str, str], of_journal: Callable[[KeptSessions], dict[str, Any]]
    ) -> dict[str, Any]:
        if self.journal_only:
            with _journal(self.config) as kept:
                return of_journal(kept)
        try:
            return _answer(self.address, self.door.get(self.address + PATH + path, _TIMEOUT_S, **parameters))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return self._instead(of_journal)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LoopwatchError(
                f"{self.address} does not answer ({error}): name the service with --url, or use --journal"
            ) from error

    def _instead(self, of_journal: Callable[[KeptSessions], dict[str, Any]]) -> dict[str, Any]:
        silence = f"no loopwatch listens at {self.address}"
        try:
            with _journal(self.config) as kept:
                _note(f"{silence}: this is what the journal {kept.where} knows")
                return of_journal(kept)
        except NoJournal as missing:
            raise LoopwatchError(
                f"{silence}, and {missing}: start it with `loopwatch serve`, or name it with --url"
            ) from missing


def _answer(address: str, answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict) and "error" in found and "candidates" in found:
        raise LoopwatchError(str(found["error"]))
    if not answer.is_success or not isinstance(found, dict) or not found.keys() & {"sessions", "story"}:
        raise LoopwatchError(
            f"what answers at {address} has no sessions to show (HTTP status {answer.status_code}): "
            "name loopwatch's address with --url, or read the journal with --journal"
        )
    if found.get("journal"):
        _note(f"without what is kept beside memory: {found['journal']}")
    return found


def _newest(kept: KeptSessions, query: Query) -> dict[str, Any]:
    rows = kept.newest(query.limit + 1, open_only=query.open_only, agent=query.agent, detector=query.detector)
    return {"sessions": [headline(row) for row in rows[: query.limit]], "more": len(rows) > query.limit}


def _story(kept: KeptSessions, named: str) -> dict[str, Any]:
    found = kept.get(named)
    if found is None:
        key = one_of(kept.keys(named), named, [row.key for row in kept.newest(MAX_OTHERS)])
        found = kept.get(key)
        assert found is not None
    return story(*found, kept.incidents(found[0].key))


@contextmanager
def _journal(config: Config) -> Iterator[KeptSessions]:
    """The journal that *config* names; nothing is made or changed. Raises `NoJournal`."""
    with existing(config) as journal:
        yield KeptSessions(journal)


def _note(text: str) -> None:
    print(harmless(f"loopwatch: {text}"), file=sys.stderr)  # noqa: T201 - beside the answer, not in it
