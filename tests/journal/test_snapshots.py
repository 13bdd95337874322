"""Open sessions in the journal, on every database that it may be."""

from __future__ import annotations

from loopwatch_processor.journal import snapshots
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.rows import SnapshotRow


def test_a_session_is_replaced_by_its_newer_state_and_goes_when_it_is_over(journal: Journal) -> None:
    """Of one replica; what another one keeps under the same key stays. The oldest is read first."""
    mine = [SnapshotRow("a", f"s{number}", 1, float(number), '{"text": "\\u0000"}') for number in range(4)]
    theirs = SnapshotRow("b", "s1", 1, 9.0, "{}")
    newer = SnapshotRow("a", "s0", 1, 10.0, '{"newer": true}')
    with journal.writing() as connection:
        snapshots.save(connection, [*mine, theirs])
        snapshots.save(connection, [newer, SnapshotRow("a", "s1")])
    with journal.reading() as connection:
        assert snapshots.newest(connection, "a", 0.0, 10) == [mine[2], mine[3], newer]
        assert snapshots.newest(connection, "a", 2.0, 1) == [newer]
        assert snapshots.newest(connection, "b", 0.0, 10) == [theirs]
