"""The jobs table: every transition with its time, and where each job is after all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, or_, select, tuple_, update

from loopwatch_processor.jobs.job import JobRow
from loopwatch_processor.jobs.life import Life, live
from loopwatch_processor.jobs.reconciliation import Known
from loopwatch_processor.jobs.transition import OPEN, Status, Transition
from loopwatch_processor.journal.columns import storable_key
from loopwatch_processor.journal.tables import job_transitions, jobs
from loopwatch_processor.journal.upserts import insert as insert_new
from loopwatch_processor.journal.upserts import shallow

AT_ONCE = 1_000
"""Jobs that one statement names."""
MAX_TRANSITIONS = 200
"""Of one job: what fails and is tried for ever must not fill the database; the first and the newest stay."""

_Key = tuple[str, str]


def record(connection: Connection, transitions: Iterable[Transition]) -> None:
    """Keep *transitions*, and bring the jobs that they are about up to date. Safe beside other writers, and twice."""
    new: dict[_Key, list[Transition]] = defaultdict(list)
    for item in transitions:
        new[storable_key(item.environment), storable_key(item.job_id)].append(item)
    if not new:
        return
    # Always in the same order, so that two replicas wait for each other and never for one another.
    before = _locked(connection, dict(sorted(new.items())))
    rows = [shallow(item) for items in new.values() for item in items]
    connection.execute(insert_new(connection.dialect.name, job_transitions).on_conflict_do_nothing(), rows)
    known = _transitions(connection, list(new))
    connection.execute(_UPDATE, [_moved(before[key], live(_trimmed(connection, known[key]))) for key in new])


def sweep(connection: Connection, row: JobRow, now: float) -> bool:
    """Give *row* up as it was read, unless its worker or another watchdog was faster; whether it was given up.

    A worker that reports later still wins: see `record`.
    """
    still = (jobs.c.status == row.status, jobs.c.since_s == row.since_s, jobs.c.status.in_(OPEN))
    swept = update(jobs).where(jobs.c.environment == row.environment, jobs.c.id == row.id, *still)
    done = connection.execute(swept.values(status=Status.SWEPT, swept_s=now, swept_from=row.status, changed_s=now))
    if done.rowcount != 1:
        return False
    values = {"environment": row.environment, "job_id": row.id, "status": Status.SWEPT, "attempt": row.attempt}
    words = dict.fromkeys(("type", "queue", "service", "agent", "error_type", "trace_id", "span_id"), "")
    note = values | words | {"at_ns": int(now * 1e9), "arrived_s": now, "stop_reason": ""}
    connection.execute(insert_new(connection.dialect.name, job_transitions).on_conflict_do_nothing(), [note])
    return True


def open_since(connection: Connection, before_s: float, limit: int) -> list[JobRow]:
    """Jobs of which nothing was heard since *before_s*, the longest silent first, and that nobody gave up."""
    silent = select(jobs).where(jobs.c.status.in_(OPEN), jobs.c.since_s < before_s)
    return _rows(connection.execute(silent.order_by(jobs.c.since_s).limit(limit)))


def swept_since(connection: Connection, after_s: float, limit: int) -> list[JobRow]:
    """Jobs given up since *after_s*, newest first, of which no worker has said a word since."""
    lost = select(jobs).where(jobs.c.status == Status.SWEPT, jobs.c.swept_s >= after_s)
    return _rows(connection.execute(lost.order_by(jobs.c.swept_s.desc()).limit(limit)))


def named(connection: Connection, keys: Collection[_Key]) -> list[JobRow]:
    """The jobs of these environments and ids, as far as they are known."""
    found: list[JobRow] = []
    wanted = sorted({(storable_key(environment), storable_key(own)) for environment, own in keys})
    for at in range(0, len(wanted), AT_ONCE):
        some = tuple_(jobs.c.environment, jobs.c.id).in_(wanted[at : at + AT_ONCE])
        found += _rows(connection.execute(select(jobs).where(some)))
    return found


def submitted(connection: Connection, since_s: float) -> list[Known]:
    """What reconciliation wants of the jobs that were submitted since, oldest first."""
    columns = (jobs.c.environment, jobs.c.service, jobs.c.agent, jobs.c.type, jobs.c.id, jobs.c.status)
    worked_on = or_(jobs.c.executing_s.is_not(None), jobs.c.ended_s.is_not(None))
    waited_s = case((jobs.c.attempt == 1, jobs.c.executing_s - jobs.c.submitted_s))
    query = select(*columns, jobs.c.submitted_s, worked_on, waited_s).where(jobs.c.submitted_s >= since_s)
    found = connection.execute(query.order_by(jobs.c.submitted_s, jobs.c.environment, jobs.c.id))
    return [
        Known((environment, service, agent, kind), own, status, at_s, bool(worked), waited)
        for environment, service, agent, kind, own, status, at_s, worked, waited in found
    ]


def illegal(connection: Connection, since_s: float) -> int:
    """Transitions that cannot have happened, of the jobs that were submitted since."""
    total = select(func.coalesce(func.sum(jobs.c.illegal), 0)).where(jobs.c.submitted_s >= since_s)
    return int(connection.execute(total).scalar_one())


def story(connection: Connection, environment: str, own: str) -> list[Transition]:
    """Everything that was said of one job, what the watchdog did included; oldest first."""
    mine = (job_transitions.c.environment == environment, job_transitions.c.job_id == own)
    query = select(job_transitions).where(*mine).order_by(job_transitions.c.at_ns)
    return [_transition(row) for row in connection.execute(query)]


def remove(connection: Connection, keys: Sequence[_Key]) -> None:
    """Forget jobs."""
    for at in range(0, len(keys), AT_ONCE):
        some = keys[at : at + AT_ONCE]
        its = tuple_(job_transitions.c.environment, job_transitions.c.job_id).in_(some)
        connection.execute(delete(job_transitions).where(its))
        connection.execute(delete(jobs).where(tuple_(jobs.c.environment, jobs.c.id).in_(some)))


def _locked(connection: Connection, new: dict[_Key, list[Transition]]) -> dict[_Key, JobRow]:
    """The jobs as they are, which no other transaction changes meanwhile; made where they are new."""
    rows = [_unknown(key, items[0]) for key, items in new.items()]
    connection.execute(insert_new(connection.dialect.name, jobs).on_conflict_do_nothing(), rows)
    query = select(jobs).where(tuple_(jobs.c.environment, jobs.c.id).in_(list(new)))
    ordered = query.order_by(jobs.c.environment, jobs.c.id).with_for_update()
    return {(row.environment, row.id): row for row in _rows(connection.execute(ordered))}


def _transitions(connection: Connection, keys: list[_Key]) -> dict[_Key, list[Transition]]:
    found: dict[_Key, list[Transition]] = defaultdict(list)
    its = tuple_(job_transitions.c.environment, job_transitions.c.job_id).in_(keys)
    by_workers = select(job_transitions).where(its, job_transitions.c.status != Status.SWEPT)
    for row in connection.execute(by_workers.order_by(job_transitions.c.arrived_s)):
        found[row.environment, row.job_id].append(_transition(row))
    return found


def _trimmed(connection: Connection, known: list[Transition]) -> list[Transition]:
    beyond = known[1 : 1 + max(0, len(known) - MAX_TRANSITIONS)]
    columns = list(job_transitions.primary_key.columns)
    for item in beyond:
        mine = zip(columns, item.key, strict=True)
        connection.execute(delete(job_transitions).where(*(column == value for column, value in mine)))
    return [*known[:1], *known[1 + len(beyond) :]]


def _moved(before: JobRow, life: Life) -> dict[str, Any]:
    last = life.last
    given_up = before.status == Status.SWEPT and (before.swept_from, before.since_s) == (last.status, last.arrived_s)
    return {
        "in_environment": before.environment,
        "of_id": before.id,
        "status": Status.SWEPT if given_up else last.status,
        "attempt": last.attempt,
        "submitted_s": life.submitted_ns / 1e9,
        "executing_s": None if life.executing_ns is None else life.executing_ns / 1e9,
        "ended_s": None if life.ended_ns is None else life.ended_ns / 1e9,
        "since_s": last.arrived_s,
        "stop_reason": last.stop_reason,
        "error_type": last.error_type,
        "illegal": len(life.illegal),
        "changed_s": max(before.changed_s, last.arrived_s),
        # The first to say who and what wins where several do not agree; the worker knows its own service.
        "type": before.type or last.type,
        "queue": before.queue or last.queue,
        "agent": last.agent or before.agent,
        "service": last.service or before.service,
        "trace_id": last.trace_id or before.trace_id,
        "span_id": last.span_id or before.span_id,
    }


_UPDATE = (
    update(jobs)
    .where(jobs.c.environment == bindparam("in_environment"), jobs.c.id == bindparam("of_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                *("status", "attempt", "submitted_s", "executing_s", "ended_s", "since_s", "stop_reason", "error_type"),
                *("illegal", "changed_s", "type", "queue", "agent", "service", "trace_id", "span_id"),
            )
        }
    )
)


def _unknown(key: _Key, first: Transition) -> dict[str, Any]:
    environment, own = key
    words = {name: getattr(first, name) for name in ("type", "queue", "service", "agent", "trace_id", "span_id")}
    times = {"submitted_s": first.at_ns / 1e9, "since_s": first.arrived_s, "changed_s": first.arrived_s}
    nothing = {"stop_reason": "", "error_type": "", "swept_from": "", "illegal": 0, "attempt": first.attempt}
    return {"environment": environment, "id": own, "status": first.status, **words, **times, **nothing}


def _transition(row: Row[Any]) -> Transition:
    return Transition(**{**row._mapping, "status": Status(row.status)})


def _rows(found: Iterable[Row[Any]]) -> list[JobRow]:
    return [JobRow(**row._mapping) for row in found]
