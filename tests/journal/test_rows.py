"""What the journal keeps, on both databases."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from loopwatch_processor.finding import Severity
from loopwatch_processor.incident import Identity
from loopwatch_processor.journal import documents, incidents, mutes, outbox, sessions, tables
from loopwatch_processor.journal.columns import KEY_CHARACTERS, storable, storable_key, to_json
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import MessageState
from tests.journal.made import NOW, message, mute, resolved, session, snapshot, step


def test_an_incident_comes_back_as_it_was(journal: Journal) -> None:
    """What a restart restores equals what was committed."""
    with journal.writing() as connection:
        incidents.save(connection, [snapshot()])
    with journal.reading() as connection:
        assert incidents.restorable(connection, NOW) == [snapshot()]
        assert incidents.get(connection, "incident-1") == snapshot()
        assert incidents.get(connection, "incident-2") is None


def test_the_latest_state_of_an_incident_stays(journal: Journal) -> None:
    """A replica that is behind does not open again what another one resolved."""
    with journal.writing() as connection:
        incidents.save(connection, [snapshot()])
        incidents.save(connection, [resolved(at_s=NOW + 60)])
        incidents.save(connection, [snapshot(changed_s=NOW + 30)])
        assert incidents.get(connection, "incident-1") == resolved(at_s=NOW + 60)


def test_a_restart_restores_what_is_open_or_was_resolved_lately(journal: Journal) -> None:
    """Flapping is seen across a restart; what is long over is not restored."""
    with journal.writing() as connection:
        lately, long_ago = resolved("lately", NOW + 60), resolved("long ago", NOW - 9_000, opened_s=NOW - 9_100)
        incidents.save(connection, [snapshot("open"), lately, long_ago])
        assert [found.id for found in incidents.restorable(connection, NOW)] == ["lately", "open"]


def test_incidents_are_listed_newest_first_and_filtered(journal: Journal) -> None:
    """Each filter leaves out what it should."""
    with journal.writing() as connection:
        incidents.save(connection, [snapshot("a"), resolved("b"), snapshot("c", agent="writer", detector="budget")])
        assert [found.id for found in incidents.newest(connection)] == ["b", "a", "c"]
        assert [found.id for found in incidents.newest(connection, limit=1)] == ["b"]
        assert [found.id for found in incidents.newest(connection, open_only=True)] == ["a", "c"]
        assert [found.id for found in incidents.newest(connection, agent="writer")] == ["c"]
        assert [found.id for found in incidents.newest(connection, detector="loop")] == ["b", "a"]


def test_an_incident_that_cannot_be_read_hides_no_other(journal: Journal) -> None:
    """A document that another version wrote costs that incident, not the start."""
    with journal.writing() as connection:
        incidents.save(connection, [snapshot("a"), snapshot("b")])
        connection.execute(update(tables.incidents).where(tables.incidents.c.id == "a").values(document={"id": "a"}))
        assert [found.id for found in incidents.restorable(connection, NOW)] == ["b"]


def test_text_that_a_database_refuses_is_kept_without_what_it_refuses(journal: Journal) -> None:
    """An agent named with NUL, a lone surrogate or far too many letters undoes no transaction."""
    name, kept, key = "re\0search\ud800er", "re\ufffdsearch\ufffder", "s" * 100_000
    odd = snapshot(
        agent=name, lead=replace(snapshot().lead, agent=name, values={"calls": 10**30, "cost_usd": math.inf})
    )
    with journal.writing() as connection:
        incidents.save(connection, [odd])
        sessions.save(connection, session(key, agent=name, started_ns=2**64, cost_usd=math.nan), [], NOW, max_steps=9)
    with journal.reading() as connection:
        (listed,) = incidents.newest(connection, agent=name)
        assert listed.identity.agent == listed.lead.agent == kept
        assert listed.lead.values["cost_usd"] is None
        found = sessions.get(connection, key)
        assert found is not None
        assert (found[0].started_ns, found[0].cost_usd) == (2**63 - 1, None)
        assert (found[0].agent, len(found[0].key)) == (kept, KEY_CHARACTERS)


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_is_storable(text: str) -> None:
    """What is stored is UTF-8 without NUL, and storing it again changes nothing."""
    for kept in (storable(text), storable_key(text), storable_key(text * 100)):
        assert b"\0" not in kept.encode()
        assert kept == (storable_key(kept) if len(kept) <= KEY_CHARACTERS else storable(kept))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet=st.characters(codec=None)), inner),
    max_leaves=10,
)


@given(_values)
def test_any_document_is_json(document: object) -> None:
    """Numbers that are not finite, huge or lone surrogates are no exception, and strict JSON comes out."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(to_json(document).encode("utf-8"), parse_constant=refuse)


def test_a_message_is_kept_once_whatever_became_of_it(journal: Journal) -> None:
    """The same message of a second replica, or after a restart, is not sent again."""
    with journal.writing() as connection:
        outbox.add(connection, [message(), message("message-2", created_s=NOW + 1)])
        assert outbox.waiting(connection) == [message(), message("message-2", created_s=NOW + 1)]
        outbox.delivered(connection, "message-1", NOW + 5)
        outbox.add(connection, [message(payload={"summary": "other"})])
        assert [waiting.id for waiting in outbox.waiting(connection)] == ["message-2"]
        (kept, _) = outbox.about(connection, "incident-1")
        assert kept == message(state=MessageState.DELIVERED, done_s=NOW + 5)


def test_messages_wait_in_the_order_in_which_they_were_made(journal: Journal) -> None:
    """About one incident by their ordinal, so that a resolve never comes before its trigger."""
    with journal.writing() as connection:
        outbox.add(connection, [message("a", ordinal=1, action="resolve"), message("b", ordinal=0)])
        outbox.add(connection, [message("c", created_s=NOW - 1, incident_id="incident-9")])
        assert [waiting.id for waiting in outbox.waiting(connection)] == ["c", "b", "a"]


def test_failed_attempts_are_counted_and_a_refusal_is_final(journal: Journal) -> None:
    """A message is tried again until it is delivered or refused."""
    with journal.writing() as connection:
        outbox.add(connection, [message()])
        outbox.failed(connection, "message-1", NOW + 10, "503")
        outbox.failed(connection, "message-1", NOW + 30, "504")
        (waiting,) = outbox.waiting(connection)
        assert (waiting.attempts, waiting.next_try_s, waiting.last_error) == (2, NOW + 30, "504")
        outbox.refused(connection, "message-1", NOW + 40, "400: bad severity")
        outbox.delivered(connection, "message-1", NOW + 50)
        assert outbox.waiting(connection) == []
        (kept,) = outbox.about(connection, "incident-1")
        assert (kept.state, kept.last_error) == (MessageState.REFUSED, "400: bad severity")


def test_messages_stay_known_until_their_incident_is_resolved(journal: Journal) -> None:
    """A restart learns which pages are open from delivered messages, too."""
    with journal.writing() as connection:
        outbox.add(connection, [message("a"), message("b", incident_id="incident-2")])
        outbox.delivered(connection, "a", NOW + 1)
        assert [known.id for known in outbox.unresolved(connection)] == ["a", "b"]
        outbox.add(connection, [message("c", ordinal=1, action="resolve")])
        assert [known.id for known in outbox.unresolved(connection)] == ["b"]


def test_a_mute_holds_until_its_time_or_its_end(journal: Journal) -> None:
    """Whichever comes first; ending it twice ends nothing."""
    with journal.writing() as connection:
        mutes.add(connection, mute())
        mutes.add(connection, mute("mute-2", created_s=NOW + 1, agent="*", reason="deploy"))
        assert mutes.active(connection, NOW) == [mute(), mute("mute-2", created_s=NOW + 1, agent="*", reason="deploy")]
        assert mutes.end(connection, "mute-1", NOW + 10)
        assert not mutes.end(connection, "mute-1", NOW + 11)
        assert [active.id for active in mutes.active(connection, NOW + 7_199)] == ["mute-2"]
        assert mutes.active(connection, NOW + 7_200) == []


def test_a_mute_covers_what_matches_all_its_patterns() -> None:
    """A pattern left out matches everything."""
    loop = Identity("prod", "shop", "researcher", "loop")
    assert mute(agent="re*").covers(loop)
    assert mute(agent="*", detector="loop", environment="prod", service="sh?p").covers(loop)
    for other in ({"agent": "writer"}, {"detector": "budget"}, {"environment": "test"}, {"service": "mail"}):
        assert not mute(**other).covers(loop)


def test_a_document_is_replaced_by_the_next_of_its_name(journal: Journal) -> None:
    """Baselines are small, and only their newest state matters."""
    with journal.writing() as connection:
        assert documents.get(connection, "outliers/research") is None
        documents.put(connection, "outliers/research", {"p99": 12}, NOW)
        documents.put(connection, "outliers/research", {"p99": 13}, NOW + 1)
        assert documents.get(connection, "outliers/research") == {"p99": 13}


def test_a_session_grows_and_keeps_its_story(journal: Journal) -> None:
    """A window that moved on adds the steps that are new, and forgets none."""
    with journal.writing() as connection:
        sessions.save(connection, session(), [step(1), step(2)], NOW, max_steps=9)
        grown = session(steps=14, severity=Severity.CRITICAL, detectors=("budget", "loop"), open=False)
        sessions.save(connection, grown, [step(2, name="changed"), step(3)], NOW + 1, max_steps=9)
        assert sessions.get(connection, "session-1") == (grown, [step(1), step(2), step(3)])
        assert sessions.get(connection, "session-2") is None


def test_a_restart_makes_no_session_smaller(journal: Journal) -> None:
    """Counts, worst severity and detectors of before stand until the session outgrows them."""
    anew = session(started_ns=round((NOW + 90) * 1e9), steps=1, tokens=10, cost_usd=None, severity=None, detectors=())
    with journal.writing() as connection:
        sessions.save(connection, session(), [], NOW, max_steps=9)
        sessions.save(connection, anew, [], NOW + 1, max_steps=9)
        assert sessions.newest(connection) == [session()]


def test_the_oldest_steps_of_a_story_go(journal: Journal) -> None:
    """A session that goes on for days fills no disk, and says how much went."""
    with journal.writing() as connection:
        assert sessions.save(connection, session(), [step(1), step(2)], NOW, max_steps=2) == 0
        assert sessions.save(connection, session(), [step(3), step(4)], NOW, max_steps=2) == 2
        found = sessions.get(connection, "session-1")
        assert found is not None
        assert found[1] == [step(3), step(4)]


def test_sessions_are_listed_newest_first_and_filtered(journal: Journal) -> None:
    """Each filter leaves out what it should."""
    rows = [session("a"), session("b", open=False, detectors=("budget",)), session("c", agent="writer", detectors=())]
    with journal.writing() as connection:
        for age, row in enumerate(rows):
            sessions.save(connection, row, [], NOW + age, max_steps=9)
        assert sessions.newest(connection) == rows[::-1]
        assert sessions.newest(connection, limit=1) == rows[2:]
        assert sessions.newest(connection, open_only=True) == [rows[2], rows[0]]
        assert sessions.newest(connection, agent="writer") == [rows[2]]
        assert sessions.newest(connection, detector="budget") == [rows[1]]


def test_a_removed_session_leaves_nothing(journal: Journal) -> None:
    """What turned out to be another session's is not listed twice."""
    with journal.writing() as connection:
        sessions.save(connection, session(), [step(1)], NOW, max_steps=9)
        sessions.save(connection, session("other"), [step(1)], NOW, max_steps=9)
        sessions.remove(connection, ["session-1"])
        assert [row.key for row in sessions.newest(connection)] == ["other"]
        sessions.save(connection, session(detectors=()), [], NOW, max_steps=9)
        assert sessions.get(connection, "session-1") == (session(detectors=()), [])
