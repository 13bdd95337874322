"""`/sessions` and `/sessions/KEY`: the sessions in memory, and what the journal keeps beside them, as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.errors import JournalFault, LoopwatchError
from loopwatch_processor.journal import columns
from loopwatch_processor.journal.columns import storable_key
from loopwatch_processor.journal.rows import SessionRow
from loopwatch_processor.kept_sessions import (
    MAX_CANDIDATES,
    MAX_OTHERS,
    MAX_SESSIONS,
    KeptSessions,
    NotOneSession,
    one_of,
)
from loopwatch_processor.open_span import OpenSpan
from loopwatch_processor.open_stories import OpenStories, open_as_dicts, row_of
from loopwatch_processor.receive.http_app import Endpoint
from loopwatch_processor.session import Session
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.story import Stories, listed
from loopwatch_processor.storyline import Rows, headline, story, united

PATH = "/sessions"
DEFAULT_LIMIT = 100
_SLICE = 64
"""Sessions looked at before whoever else waits for the event loop gets it: a packed one takes 0.1 ms."""
_MOST_UNPACKED = 10_000
"""Sessions that were silent for a while, the newest of them, among which those that a list asks for are looked for."""
_NAMES = 1_000
"""Names looked at in one go."""
_HEADERS = {
    "content-type": "application/json",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class BadQuery(LoopwatchError):
    """Raised when a parameter of a page makes no sense."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which sessions a list is about."""

    limit: int = DEFAULT_LIMIT
    open_only: bool = False
    """Those whose newest run goes on."""
    agent: str | None = None
    """That works in them, be it as a sub-agent: pages name whoever loops."""
    detector: str | None = None
    """That found something in them."""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Query:
        """What a URL asks for. Raises `BadQuery`."""
        text = parameters.get("limit", str(DEFAULT_LIMIT))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SESSIONS):
            raise BadQuery(f"limit is a number from 1 to {MAX_SESSIONS}, not {text[:20]!r}")
        is_open = parameters.get("open", "") not in ("", "0", "false")
        return cls(int(text), is_open, parameters.get("agent") or None, parameters.get("finding") or None)

    def takes(self, session: Session) -> bool:
        """Whether *session* is one of them."""
        return (
            (self.agent is None or session.has_agent(self.agent))
            and (self.detector is None or any(self.detector == found[0] for found in session.findings))
            and not (self.open_only and session.stop_reason)
        )

    def takes_row(self, row: SessionRow) -> bool:
        """The same of a session that has not ended and of which no step is known."""
        return self.agent in (None, row.agent) and (self.detector is None or self.detector in row.detectors)


class SessionPages:
    """The pages; *sessions* are those in memory, *kept* those of the journal, where there is one.

    With *in_flight* also those whose first call has not ended, and of each what is open now.
    """

    def __init__(
        self,
        sessions: Sessions,
        stories: Stories,
        kept: KeptSessions | None = None,
        in_flight: OpenStories | None = None,
    ) -> None:
        self._sessions = sessions
        self._stories = stories
        self._kept = kept
        self._in_flight = in_flight

    @property
    def pages(self) -> dict[str, Endpoint]:
        """For `HttpApp`: by path."""
        return {PATH: self.show_list, f"{PATH}/": self.show_one}

    async def show_list(self, request: Request) -> Response:
        """The sessions that match the query, newest activity first: `limit`, `open`, `agent`, `finding`."""
        if request.method not in ("GET", "HEAD"):
            return _not_allowed()
        try:
            query = Query.of(request.query_params)
        except BadQuery as error:
            return _refused(400, error)
        rows = await self._live(query)
        note = await self._add_kept(rows, query) if len(rows) <= query.limit else None
        shown = [headline(row) for row in rows[: query.limit]]
        answer = {"sessions": shown, "more": len(rows) > query.limit, "journal": note}
        return await asyncio.to_thread(answer_json, answer)

    async def show_one(self, request: Request) -> Response:
        """One session's story; the path may be an unambiguous beginning of its key."""
        if request.method not in ("GET", "HEAD"):
            return _not_allowed()
        named = request.scope["path"].removeprefix(f"{PATH}/")
        if not named:
            return await self.show_list(request)
        try:
            return await self._one(named)
        except NotOneSession as error:
            return _refused(409 if error.is_ambiguous else 404, error, error.candidates)

    async def _live(self, query: Query) -> list[SessionRow]:
        """Up to one more than asked for, so that it shows whether there are more."""
        rows = self._hanging(query)
        open_ones = self._sessions.open
        packed = islice(open_ones.shelf.newest_first(), _MOST_UNPACKED)
        # Sessions come and go while others get the loop.
        names = [*reversed(open_ones.hot), *(member.name for member in packed)]
        for number, name in enumerate(names, 1):
            session = self._sessions.cold.peek(name)
            if session is not None and query.takes(session):
                rows.append(listed(session))
                if len(rows) > query.limit:
                    break
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        return rows[: query.limit + 1]

    def _hanging(self, query: Query) -> list[SessionRow]:
        """The sessions of which only what is open is known; of a list they are the newest."""
        by_key = self._in_flight.by_session() if self._in_flight is not None else {}
        rows = [row_of(key, spans) for key, spans in by_key.items() if key not in self._sessions.open]
        return [row for row in reversed(rows) if query.takes_row(row)]

    async def _add_kept(self, rows: list[SessionRow], query: Query) -> str | None:
        """Fill *rows* with what only the journal knows; returns what went wrong."""
        if self._kept is None:
            return None
        limit = min(MAX_SESSIONS, query.limit + len(rows)) + 1
        try:
            kept = await asyncio.to_thread(
                self._kept.newest, limit, open_only=query.open_only, agent=query.agent, detector=query.detector
            )
        except JournalFault as fault:
            return str(fault)
        known = {storable_key(row.key) for row in rows}
        rows.extend(row for row in kept if row.key not in known and row.key not in self._sessions.open)
        return None

    async def _one(self, named: str) -> Response:
        spans = self._open_spans(named)
        key = named if spans or named in self._sessions.open else await self._resolved(named)
        session = self._sessions.open.get(key)
        live = self._stories.rows(session) if session is not None else None
        spans = spans or self._open_spans(key)
        hanging = row_of(key, spans) if spans else None
        return await asyncio.to_thread(self._told, key, live, hanging, open_as_dicts(spans))

    def _open_spans(self, key: str) -> list[OpenSpan]:
        return self._in_flight.of(key) if self._in_flight is not None else []

    async def _resolved(self, beginning: str) -> str:
        kept, others = await asyncio.to_thread(self._kept_keys, beginning)
        if beginning in kept:
            return beginning
        found = []
        for number, key in enumerate(self._sessions.open.names(), 1):
            if number % _NAMES == 0:
                await asyncio.sleep(0)
            if key.startswith(beginning) and key not in found:
                found.append(key)
                if len(found) > MAX_CANDIDATES:
                    break
        hanging = self._in_flight.by_session() if self._in_flight is not None else {}
        found += [key for key in hanging if key.startswith(beginning) and key not in self._sessions.open]
        known = {storable_key(key) for key in found}
        keys = [*found, *(key for key in kept if key not in known)]
        latest = islice(self._sessions.open.newest_first(), MAX_OTHERS // 2)
        newest = [*hanging, *(member.name for member in latest), *others]
        return await asyncio.to_thread(one_of, keys, beginning, newest)

    def _kept_keys(self, beginning: str) -> tuple[list[str], list[str]]:
        """What the journal has that begins so; where nothing does, the newest of what it has."""
        if self._kept is None:
            return [], []
        try:
            keys = self._kept.keys(beginning)
            return keys, [] if keys else [row.key for row in self._kept.newest(MAX_OTHERS)]
        except JournalFault:
            return [], []

    def _told(
        self, key: str, live: Rows | None, hanging: SessionRow | None, open_spans: list[Mapping[str, Any]]
    ) -> Response:
        """Runs beside the event loop: it waits for the journal, and a long story takes a while to write."""
        fault, incidents = None, []
        kept: Rows | None = None
        if self._kept is not None:
            try:
                kept, incidents = self._kept.get(key), self._kept.incidents(key)
            except JournalFault as error:
                fault = str(error)
        found = united(live, kept) if live is not None else kept
        if found is None and hanging is not None:
            found = hanging, []
        if found is None:
            return _refused(404, NotOneSession(f"session {key!r} has just been forgotten"))
        return answer_json({**story(*found, incidents, open_spans), "journal": fault})


def to_json(value: Any) -> str:
    """*value* as JSON in ASCII: senders choose names, and neither a terminal nor a browser is to obey them."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:  # what is not finite is no JSON
        text = json.dumps(json.loads(columns.to_json(value)), separators=(",", ":"))
    return text.replace("\x7f", "\\u007f")


def answer_json(value: Any, status: int = 200) -> Response:
    """A page of data that nobody is to keep, embed or execute."""
    return Response(to_json(value) + "\n", status, _HEADERS)


def _refused(status: int, error: LoopwatchError, candidates: tuple[str, ...] = ()) -> Response:
    return answer_json({"error": str(error), "candidates": list(candidates)}, status)


def _not_allowed() -> Response:
    return Response(status_code=405, headers={"allow": "GET, HEAD"})
