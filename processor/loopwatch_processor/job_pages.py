"""`/jobs`: the account of jobs and the six answers about them, as JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from loopwatch_processor.errors import JournalFault
from loopwatch_processor.jobs.answers import answers
from loopwatch_processor.jobs.reconciliation import Account, Group, Known, reconcile
from loopwatch_processor.jobs.sla import Slas
from loopwatch_processor.receive.http_app import Endpoint
from loopwatch_processor.session_pages import answer_json

PATH = "/jobs"
DEFAULT_SINCE_S = 86_400.0
MAX_SINCE_S = 366 * 86_400.0
"""How far back one may look; the journal keeps jobs for journal.retention_s."""
_COUNTED = ("submitted", "terminal", "completed", "failed", "swept", "overdue", "in_flight", "early")
_GROUPED = ("environment", "service", "agent", "type")


class JobPages:
    """The page; *jobs_since* gives the jobs submitted since a Unix time, and the detectors of open incidents."""

    def __init__(
        self,
        jobs_since: Callable[[float], Awaitable[tuple[list[Known], list[str]]]],
        slas: Slas,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs_since = jobs_since
        self._slas = slas
        self._clock = clock

    @property
    def pages(self) -> Mapping[str, Endpoint]:
        """For `HttpApp`: by path."""
        return {PATH: self.show}

    async def show(self, request: Request) -> Response:
        """Those submitted in the last `since` seconds, a day by default."""
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"allow": "GET, HEAD"})
        since_s = _seconds(request.query_params.get("since", str(DEFAULT_SINCE_S)))
        if since_s is None:
            return answer_json({"error": f"since is a number of seconds from 0 to {MAX_SINCE_S:.0f}"}, 400)
        now = self._clock()
        try:
            known, found = await self._jobs_since(now - since_s)
        except JournalFault as fault:
            return answer_json({"error": str(fault)}, 503)
        return await asyncio.to_thread(lambda: answer_json(told(known, found, self._slas, now)))


def told(known: list[Known], open_detectors: Collection[str], slas: Slas, now: float) -> dict[str, Any]:
    """What the page says; the reverse for its accounts is `accounts_of`."""
    accounts = sorted(reconcile(known, slas, now).items())
    return {
        "accounts": [plain(*item) for item in accounts],
        "answers": [asdict(answer) for answer in answers(known, open_detectors, slas, now)],
    }


def plain(group: Group, account: Account) -> dict[str, Any]:
    """One account as plain data."""
    numbers = {name: getattr(account, name) for name in (*_COUNTED, "lost_ratio", "success_ratio", "missing")}
    return {**dict(zip(_GROUPED, group, strict=True)), **numbers}


def accounts_of(rows: list[dict[str, Any]]) -> dict[Group, Account]:
    """The accounts of which *rows* are the plain data.

    Raises:
        KeyError, TypeError: they are nothing of the kind.
    """
    fields = ("submitted", "completed", "failed", "swept", "overdue", "in_flight", "early")
    found: dict[Group, Account] = {}
    for row in rows:
        environment, service, agent, kind = (str(row[name]) for name in _GROUPED)
        numbers = {name: int(row[name]) for name in fields}
        found[environment, service, agent, kind] = Account(**numbers, missing=[str(own) for own in row["missing"]])
    return found


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= MAX_SINCE_S else None
