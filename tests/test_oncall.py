"""What the service takes up at its start, and what it does where the journal does not answer."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import loopwatch_processor
from loopwatch_processor.assembly import PIPELINE_FAULTS, build_pipeline
from loopwatch_processor.config import Config
from loopwatch_processor.config.incidents import Journal
from loopwatch_processor.errors import CannotOpenJournal, JournalFault
from loopwatch_processor.incident import Change, Snapshot
from loopwatch_processor.journal import mutes
from loopwatch_processor.journal.database import Journal as Database
from loopwatch_processor.journal.rows import Mute
from loopwatch_processor.memory import Memory
from loopwatch_processor.oncall import OnCall
from loopwatch_processor.pipeline import Ticked
from loopwatch_processor.story import Stories
from tests.incident_cases import raised

NOW_S = 1_780_272_000.0
MUTE = Mute("m", until_s=NOW_S + 3600.0, created_s=NOW_S, agent="researcher")


def oncall(config: Config) -> OnCall:
    """What stands behind a pipeline of *config*."""
    return OnCall(config, build_pipeline(config), Stories(lambda _step: None), lambda: NOW_S, lambda: True)


async def settled(desk: OnCall) -> None:
    """Let what a tick began come to its end."""
    desk.tick(Ticked([], []))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait([task], timeout=5)


def test_an_incident_is_open_after_a_restart(tmp_path: Path) -> None:
    """The gauge serves it before the first scrape, and the same finding opens nothing new."""
    config = Config(journal=Journal(url=f"sqlite:///{tmp_path}/journal.db"))

    async def first_life() -> None:
        desk = oncall(config)
        await desk.open()
        opened = desk._pipeline.incidents.find(raised("s"), NOW_S)
        assert opened is not None
        await desk.dispatch.tell([opened])  # and then it is killed

    async def second_life() -> None:
        desk = oncall(config)
        await desk.open()
        assert list(desk._pipeline.incidents.series().values()) == [1]
        assert desk._pipeline.incidents.find(raised("s"), NOW_S) is None
        await desk.close(lambda: 1.0)

    asyncio.run(first_life())
    asyncio.run(second_life())


def test_what_a_request_changes_is_carried_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one go, in the order in which it was told; where the end takes long, the next tick carries what is there."""
    carried: list[list[Change]] = []

    async def go() -> None:
        desk = oncall(Config(journal=Journal(enabled=False)))

        async def carry(changes: list[Change], _messages: object) -> None:
            carried.append(changes)

        monkeypatch.setattr(desk.dispatch, "_carry", carry)
        found = (desk._pipeline.incidents.find(raised(name, agent=name), NOW_S) for name in "abcd")
        first, second, third, last = (change for change in found if change is not None)
        begun = desk.dispatch.tell([first], True)
        await asyncio.sleep(0)
        assert not begun.done()
        await asyncio.gather(begun, desk.dispatch.tell([second]))
        late = desk.dispatch.tell([third], True)
        desk.tick(Ticked([], []))
        await late
        at_the_end = desk.dispatch.tell([last], True)
        await desk.close(lambda: 1.0)
        await at_the_end
        assert carried == [[first, second], [third], [last]]

    asyncio.run(go())


def test_a_mute_and_its_end_are_told_of_an_open_incident(tmp_path: Path) -> None:
    """Both reach the service through the journal, and its pages without anything else that happens."""
    settings = Journal(url=f"sqlite:///{tmp_path}/journal.db")
    told: list[bool] = []

    async def look(desk: OnCall) -> None:
        assert desk._memory is not None
        await desk._memory._read_mutes()
        told.extend(change.incident.muted for change in desk._pipeline.incidents.tick(NOW_S))

    async def go() -> None:
        desk = oncall(Config(journal=settings))
        await desk.open()
        desk._pipeline.incidents.find(raised("s"), NOW_S)
        journal = Database(settings.settings(60.0))
        for change in (
            lambda connection: mutes.add(connection, MUTE),
            lambda connection: mutes.end(connection, "m", NOW_S),
        ):
            with journal.writing() as connection:
                change(connection)
            await look(desk)
        journal.close()
        await desk.close(lambda: 1.0)

    asyncio.run(go())
    assert told == [True, False]


def test_a_journal_that_answers_late_is_taken_up_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then no page is closed as forgotten, and nothing that it holds is overwritten."""
    asked: list[str] = []

    async def restore(_memory: Memory) -> list[Snapshot]:
        asked.append("")
        if len(asked) == 1:
            raise JournalFault("the journal does not answer")
        return []

    async def go() -> None:
        monkeypatch.setattr(Memory, "restore", restore)
        desk = oncall(Config())
        await desk.open()
        assert not desk._is_restored
        await settled(desk)
        assert desk._is_restored
        await settled(desk)
        await desk.close(lambda: 1.0)

    asyncio.run(go())
    assert len(asked) == 2


def test_a_journal_that_nobody_can_open_is_an_error_at_once(tmp_path: Path) -> None:
    """It would be empty after every restart, and nobody would know."""
    (tmp_path / "file").write_text("")
    desk = oncall(Config(journal=Journal(url=f"sqlite:///{tmp_path}/file/journal.db")))
    with pytest.raises(CannotOpenJournal):
        asyncio.run(desk.open())


def test_without_a_journal_everything_else_goes_on() -> None:
    """It is a setting."""

    async def go() -> None:
        desk = oncall(Config(journal=Journal(enabled=False)))
        await desk.open()
        opened = desk._pipeline.incidents.find(raised("s"), NOW_S)
        assert opened is not None
        await desk.dispatch.tell([opened])
        assert list(desk.sinks) == []
        await desk.close(lambda: 1.0)

    asyncio.run(go())


def test_a_fault_in_one_message_costs_no_other_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two incidents of one request the second is told, the first is journalled, and the fault is counted."""
    taken: list[object] = []

    async def go() -> None:
        desk = oncall(Config())
        await desk.open()
        changes = [desk._pipeline.incidents.find(raised(name, agent=name), NOW_S) for name in ("bad", "good")]
        whole = [change for change in changes if change is not None]

        def messages(change: Change) -> list[object]:
            if change.incident.identity.agent == "bad":
                raise ValueError("bug")
            return [change.incident.identity.agent]

        async def take(found: list[object]) -> None:
            taken.extend(found)

        async def commit(*_told: object) -> bool:
            return True

        monkeypatch.setattr(desk._notifier, "messages", messages)
        monkeypatch.setattr(desk._notifier, "take", take)
        monkeypatch.setattr(desk._writer, "commit", commit)
        await desk.dispatch.tell(whole)
        labels = {"part": "pipeline", "name": "changes"}
        served = desk._pipeline.telemetry.registry.get_sample_value
        assert served("loopwatch_scoring_failures_total", labels) == 1
        await desk.close(lambda: 1.0)

    asyncio.run(go())
    assert taken == ["good"]


def test_a_bug_in_taking_up_does_not_keep_the_service_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that this version cannot read is counted and logged; scoring and paging go on."""

    async def restore(_memory: Memory) -> list[Snapshot]:
        raise ValueError("of another version")

    async def go() -> None:
        monkeypatch.setattr(Memory, "restore", restore)
        desk = oncall(Config())
        await desk.open()
        assert desk._is_restored
        await desk.close(lambda: 1.0)

    asyncio.run(go())


def test_every_fault_of_the_pipeline_is_served_from_0_on() -> None:
    """A name that appears with its first fault never increased, and nobody is told."""
    source = "".join(path.read_text() for path in Path(loopwatch_processor.__file__).parent.rglob("*.py"))
    said = set(re.findall(r'(?:failed|_fault)\("pipeline", "(\w+)"\)', source))
    assert said == set(PIPELINE_FAULTS)
