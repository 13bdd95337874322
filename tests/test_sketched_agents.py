"""Agents on our own helpers with content capture off: what leaves is hash and sketch, and loops are still found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import loopwatch
from loopwatch.content import CAPTURE_VARIABLE
from loopwatch.sketch import SKETCH_KEY_VARIABLE
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.config import load
from loopwatch_processor.finding import Severity
from loopwatch_processor.receive.intake import Signal
from loopwatch_processor.replay import Recorded, replay
from loopwatch_processor.session import Session

Work = Callable[[], None]
REPHRASED = (
    "ACME Corp 2025 annual report",
    "annual report of ACME Corp for 2025",
    "ACME Corp annual report year 2025",
    "the 2025 ACME Corp annual report",
    "report annual ACME Corp 2025 pdf",
    "find ACME Corp annual report 2025",
)
CITIES = ("Oslo", "Lima", "Rome", "Cairo", "Quito", "Dakar", "Hanoi", "Sofia", "Perth", "Turin")
LONG_ORDER = (
    "Read the complaint that the customer named below sent to our support desk last week, decide whether the parcel "
    "was lost by the carrier or never handed over by the warehouse, write down which of both it was together with two "
    "sentences from the letter that prove it, and add the amount to refund. Customer: "
)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What leaves the process, with content capture as it is by default: off."""
    monkeypatch.delenv(CAPTURE_VARIABLE, raising=False)
    monkeypatch.delenv(SKETCH_KEY_VARIABLE, raising=False)
    exporter = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "agents"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def _scored(spans: InMemorySpanExporter, work: Work) -> Session:
    """The one session of an agent that does *work*, as the processor tells it."""
    with loopwatch.session("researcher", conversation_id="thread-1"):
        work()
    body = encode_spans(spans.get_finished_spans()).SerializeToString()
    (session,) = replay(build_pipeline(load(Path("/dev/null"))), [Recorded(Signal.traces, body, "", 0)])
    assert not [
        item for agent in session.agents.values() for item in agent.tool_calls if item.tool and item.tool.arguments
    ]
    return session


def _call(tool: str, arguments: object, result: object) -> None:
    with loopwatch.model_call("gpt-4o-mini", provider="openai") as model:
        model.usage(input_tokens=100, output_tokens=10)
        model.response(finish_reasons=["tool_calls"])
    with loopwatch.tool_call(tool, arguments) as call:
        call.result(result)


def _fail(tool: str, arguments: object, message: str) -> None:
    with loopwatch.tool_call(tool, arguments) as call:
        call.error("other", message)


def _patterns(session: Session) -> set[str]:
    raised = (item.finding for item in session.findings.values())
    return {item.pattern for item in raised if item.detector == "loop" and item.severity >= Severity.WARNING}


def _rephrases() -> None:
    for query in REPHRASED:
        _call("search", {"query": query}, {"results": [], "note": f"no exact match for {query}"})


def _repeats() -> None:
    for _ in range(6):
        _call("read_file", {"path": "main.py"}, "print('hello')")


def _goes_round() -> None:
    for _ in range(5):
        _call("open_page", {"url": "https://example.com/a"}, "see b")
        _call("open_page", {"url": "https://example.com/b"}, "see a")


def _drifts_and_fails() -> None:
    for number in range(3):
        _fail("book_room", {"room": "blue", "guests": 4, "floor": 2, "try": number}, f"room {number} is not free")


def _fails_with_numbers() -> None:
    for number in range(100, 104):
        _fail("bash", {"command": f"head -c {number} /missing/x.txt | sort"}, "head: /missing/x.txt: no such file")


def _hands_on_one_task() -> None:
    for task in (
        "Please find the minutes of the Larkfield council of May 2019 on the bridge motion and tell me who moved it",
        "Search the archive of the council in Larkfield, May 2019, and report whoever moved the motion on the bridge",
        "Which member moved the bridge motion? Consult the archive of the Larkfield council for May 2019 and report",
    ):
        _call("python", {"code": f'task = ("{task}")\nprint(ask(task))'}, f"no answer for {task}")


def _waits_for_nothing() -> None:
    for number in range(8):
        _call("exec", {"command": "tail -f app.log"}, f"still running (session s-{number}, pid {1000 + number})")


def _looks_in_between() -> None:
    for number in range(5):
        _call("bash", {"command": f"cat notes/{'abcde'[number]}.txt | head -40"}, f"text {number}")
        _call("bash", {"command": "grep -rn TODO src | head -40"}, "src/main.c:3: TODO")


def _pages_past_the_end() -> None:
    for number in range(8):
        _call("list_orders", {"kind": "late", "offset": 20 * number}, [])


def _tells_errors_in_words() -> None:
    for name in ("a", "b", "c", "d"):
        _call("fetch", {"url": f"https://h/{name}"}, f"Error: no page at https://h/{name}")


@pytest.mark.parametrize(
    ("work", "pattern"),
    [
        (_rephrases, "rephrased"),
        (_repeats, "exact"),
        (_goes_round, "cycle"),
        (_drifts_and_fails, "same_error"),
        (_fails_with_numbers, "same_error"),
        (_tells_errors_in_words, "same_error"),
        (_hands_on_one_task, "rephrased"),
        (_waits_for_nothing, "exact"),
        (_looks_in_between, "scattered"),
        (_pages_past_the_end, "drifting"),
    ],
)
def test_a_soft_loop_is_flagged(spans: InMemorySpanExporter, work: Work, pattern: str) -> None:
    """One question in other words, one call again, calls in turns, failures that drift, pages past the end."""
    assert _patterns(_scored(spans, work)) == {pattern}


def _batch() -> None:
    for city in CITIES:
        _call("search", {"query": f"number of people who live in {city} today"}, {"people": len(city) * 100_003})


def _long_batch() -> None:
    for city in CITIES:
        _call("delegate", {"task": LONG_ORDER + city}, f"{city}: lost by the carrier, {len(city)} dollars")


def _pages() -> None:
    for page in range(1, 11):
        _call("search", {"query": "open invoices of ACME Corp", "page": page}, {"invoices": [page * 7, page * 7 + 1]})


def _long_pages() -> None:
    for page in range(1, 11):
        _call("search", {"query": LONG_ORDER, "page": page}, {"invoices": [page * 7, page * 7 + 1]})


def _polls() -> None:
    for percent in range(0, 100, 10):
        _call("job_status", {"job": "import"}, {"percent": percent})


def _mends() -> None:
    for attempt in range(8):
        _call("bash", {"command": f"sed -i 's/{attempt}/{attempt + 1}/' main.py"}, "")
        _call("bash", {"command": "pytest -q tests | tail -1"}, "1 failed")


def _explores() -> None:
    for command in (
        "ls /srv | wc -l",
        "cat /etc/app.conf | head",
        "which node && node -v",
        "ps aux | grep web",
        "df -h | tail",
    ):
        _fail("bash", {"command": command}, "exit status 1")


def _waits_and_polls() -> None:
    for percent in range(0, 100, 10):
        _call("job_status", {"job": "import"}, {"percent": percent})
        _call("bash", {"command": "sleep 5"}, "")


def _hands_on_other_tasks() -> None:
    for place, year in (("Millbrook", 2021), ("Ashford", 2020), ("Larkfield", 2019), ("Stanton", 2018)):
        task = f"Please find the minutes of the {place} council of June {year} on the bridge and tell who moved it"
        _call("python", {"code": f'task = ("{task}")\nprint(ask(task))'}, f"moved by someone in {place}")


def _asks_for_ids() -> None:
    for number in range(4711, 4725):
        _call("show_order", {"order_id": number}, "shipped")


@pytest.mark.parametrize(
    "work",
    [
        _batch,
        _long_batch,
        _pages,
        _long_pages,
        _polls,
        _mends,
        _explores,
        _waits_and_polls,
        _hands_on_other_tasks,
        _asks_for_ids,
    ],
)
def test_work_stays_silent(spans: InMemorySpanExporter, work: Work) -> None:
    """Batches, pages, polls with waits, a fix tried again and again, commands that fail alike, different tasks."""
    session = _scored(spans, work)

    assert session.worst in (None, Severity.INFO), session.findings
