"""Results and errors: what changes at every call without meaning anything is masked, the rest is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.attributes import ToolResultClass
from loopwatch.results import (
    canonical_result,
    error_key,
    is_failure,
    is_rejection,
    is_undone,
    names_something,
    result_class,
    without_names,
    without_receipts,
)
from loopwatch.unwrap import unwrap_result


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("at 2026-11-21T10:00:00Z", "at 2026-11-22T11:30:01.5+02:00"),
        ("at 10:00:00", "at 11:30:01.25"),
        ("run 123e4567-e89b-12d3-a456-426614174000", "run 223e4567-e89b-12d3-a456-426614174001"),
        ("object 0x7f3a2b4c", "object 0x7f3a2b4d00"),
        ("commit 3c29b4a97731f0aa", "commit 9b29b4a97731f0ab"),
        ("took 12 ms", "took 9.5ms"),
        (";; Query time: 20 msec", ";; Query time: 7 msec"),
        ("read in 3 microseconds", "read in 41 microseconds"),
        ("450 usec", "9 usecs"),
        ({"took": "1.5 s", "hits": 0}, {"hits": 0, "took": "2 s"}),
        ("x" * 9000 + " in 5 ms", "x" * 9000 + " in 6 ms"),
        ({"runId": "run_0", "message_id": "om_7"}, {"runId": "run_1", "message_id": "om_12"}),
        ({"seq": 17, "done": False}, {"seq": 18, "done": False}),
        ({"attempt": 1, "retry_count": 0}, {"attempt": 2, "retry_count": 1}),
        ("uptime: 17 h, latency_ms=4", "uptime: 18 h, latency_ms=11"),
        ("still running (session sess-1, pid 1001)", "still running (session sess-27, pid 977)"),
        ("at 1780272000", "at 1780272060.25"),
        ("order 01J9ZC8V5Q3M4N6P7R8S9TVWXY", "order 01J9ZCA2B3C4D5E6F7G8H9JKMN"),
        ("bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoyfQ.c2lo"),
        ("no pods (took 1m2.5s)", "no pods (took 2h3m4s)"),
        ("file log_2026-11-21T10:00:00Z", "file log_2026-11-22T11:30:01Z"),
    ],
)
def test_volatile_parts_are_masked(left: object, right: object) -> None:
    """Time stamps, ids, addresses and durations do not make another result, also far behind the cap."""
    assert canonical_result(left) == canonical_result(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("3 hits", "4 hits"),
        ("12 minutes left", "9 minutes left"),
        ("4 msecs to go", "3 msecs to go"),
        ("5 musicians", "6 musicians"),
        ("page 12", "page 13"),
        ("deadbeefdeadbeef", "beefdeadbeefdead"),
        ({"a": 1}, {"a": 2}),
        ("on 2026-11-21", "on 2026-11-22"),
        ({"customerId": "c1"}, {"customerId": "c2"}),
        ("sequence 5 of the genome", "sequence 6 of the genome"),
        ("the session about pythons", "the session about snakes"),
        ("x" * 9000, "x" * 9000 + "y"),
    ],
)
def test_what_a_result_says_is_kept(left: object, right: object) -> None:
    """Numbers and words are content; a long word without digits is no id."""
    assert canonical_result(left) != canonical_result(right)


def test_errors_of_one_kind_share_a_key() -> None:
    """Paths, quotes and numbers of an error name the call, not the failure."""
    first = "FileNotFoundError: no file '/a/b.txt' at line 3 of /home/x/main.py"
    second = 'FileNotFoundError: no file "/c.txt" at line 71 of /home/y/other.py'

    assert error_key(first) == error_key(second)
    assert error_key(first) != error_key("FileNotFoundError: no such table")
    assert len(error_key("word " * 400)) == 300


@given(st.text())
def test_any_text_has_a_bounded_result_and_key(text: str) -> None:
    """No text makes masking fail, and masking twice changes nothing."""
    assert len(canonical_result(text).encode()) <= 4096
    assert len(error_key(text)) <= 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ToolResultClass.EMPTY),
        (" [] ", ToolResultClass.EMPTY),
        ("None", ToolResultClass.EMPTY),
        ("ValueError: no such row", ToolResultClass.ERROR),
        ('{"error":"no such row"}', ToolResultClass.ERROR),
        ("exit code: 2", ToolResultClass.ERROR),
        ("Error: unexpected keyword argument 'go'", ToolResultClass.REJECTED),
        ("{'error': 'no such row'}", ToolResultClass.ERROR),
        ('{"error":null,"rows":3}', None),
        ('{"failed":false,"rows":3}', None),
        ("nothing else", None),
        ("exit code: 0", None),
        ("1 validation error for Shift", ToolResultClass.REJECTED),
        ("Unknown tool: find", ToolResultClass.REJECTED),
        ("bash: /etc/key.pem: Permission denied", ToolResultClass.ERROR),
        ("pending", ToolResultClass.PENDING),
        ("ContainerCreating", ToolResultClass.PENDING),
        ('{"job":7,"status":"IN_PROGRESS"}', ToolResultClass.PENDING),
        ('{"done":false,"percent":0}', ToolResultClass.PENDING),
        ('{"done":true}', None),
        ("syncing", ToolResultClass.PENDING),
        ("scanning, about 4 minutes left", ToolResultClass.PENDING),
        ('{"state":"awaiting approval"}', ToolResultClass.PENDING),
        ("nothing", None),
        ("missing", None),
        ("string, empty", None),
        ('{"items":[],"has_more":true}', ToolResultClass.MORE),
        ('{"pageInfo":{"hasNextPage":true}}', ToolResultClass.MORE),
        ('{"data":[],"nextPageToken":"c8"}', ToolResultClass.MORE),
        ('{"data":[],"nextPageToken":""}', None),
        ('{"items":[],"has_more":false}', None),
        ("a rerunning show", None),
        ("running " + "and running " * 40, None),
        ("403 – please sign in first", ToolResultClass.ERROR),
        ("HTTP/1.1 404 Not Found", ToolResultClass.ERROR),
        ("status code 400: bad cursor", ToolResultClass.ERROR),
        ("Permission denied", ToolResultClass.ERROR),
        ("Access to the ledger is denied for this role", ToolResultClass.ERROR),
        ("Operation not permitted", ToolResultClass.ERROR),
        ("404 rows", None),
        ("2026-05-13T08:14:08Z", ToolResultClass.MOMENT),
        ("1778659200", ToolResultClass.MOMENT),
        ("550e8400-e29b-41d4-a716-446655440000", ToolResultClass.ID),
        ("2026-05-13T08:14:08Z 9f41c2d07e3a", ToolResultClass.ID),
        ("12.5 ms", ToolResultClass.ID),
        ("queued since 2026-05-13T08:14:08Z", ToolResultClass.PENDING),
        ("access log of May: 3 denied", None),
        ("not found", None),
        ("404: 3", None),
        ("429 Too Many Requests", None),
        ("the error was found " + "and explained " * 40, None),
    ],
)
def test_a_special_answer_is_told(text: str, expected: ToolResultClass | None) -> None:
    """Nothing at all, an error in words, a call that was refused; a long answer may speak of errors."""
    assert result_class(text) is expected


def test_an_error_may_name_what_it_is_about() -> None:
    """In quotes or by a path; an exit code names nothing."""
    assert names_something('column "begin" does not exist')
    assert names_something("cat: /etc/ssl/key.pem: Permission denied")
    assert not names_something("Command failed with exit code 2")


def test_a_refusal_is_known_by_its_words() -> None:
    """For its arguments, or for a tool that there is not; a missing file is another thing."""
    assert is_rejection("Unknown tool 'find'")
    assert is_rejection("field 'path' is required")
    assert not is_rejection("no such file: x")


@pytest.mark.parametrize(
    "wrapped",
    [
        "found",
        '"found"',
        {"result": "found"},
        [{"type": "text", "text": "found"}],
        {"content": [{"type": "text", "text": "found"}]},
        {"blocks": [{"text": "found"}]},
        {"output": {"kwargs": {"content": "found", "tool_call_id": "c7"}}},
        {"data": {"content": "found", "tool_call_id": "c8"}},
        {"output": {"content": "found"}},
        [{"toolResult": {"toolUseId": "c9", "status": "success", "content": [{"text": "found"}]}}],
    ],
)
def test_a_wrapper_around_a_result_is_no_part_of_it(wrapped: object) -> None:
    """The shapes that instrumentations were recorded with lead to one result."""
    assert unwrap_result(wrapped) == "found"


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ('{"state": "refused", "ticket": 71}', True),
        ("order 17 rejected: no stock", True),
        ('{"state": "accepted"}', False),
        ("2 rejected offers in the list", False),
        ("3 failed, 40 passed", False),
    ],
)
def test_what_was_not_done_is_told(text: str, undone: bool) -> None:
    """By a state, or by a verb with its reason behind it; a count of what failed is a measure."""
    assert is_undone(text) is undone


def test_receipts_and_names_are_masked_and_measures_are_not() -> None:
    """A number behind a name for it is what an answer is called; one that says how much is content."""
    assert without_receipts("job 71 refused") == without_receipts("job 9412 refused")
    assert without_receipts("71 left") != without_receipts("9 left")
    assert without_receipts("shelf a71") != without_receipts("shelf a9")
    assert without_names("shelf a71") == without_names("shelf a9")
    assert without_names("-" * 4000) == "-" * 4000


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: x",
        "** Exception **",
        "(failed) to open",
        "UNABLE TO connect",
        "Exited (1) 3 minutes ago",
        "exit_code: 2",
        "return status = 3",
        "404 - no page",
        "HTTP/1.1 403: forbidden area",
        "status_code: 410 gone",
        "2 validation errors for Order",
        "Unrecognised option",
        "./run.sh: permission denied",
        "~/x: cannot open",
        "Access to the share was denied",
        "operation not permitted",
        "no such file",
        "Unauthorized",
        '{"error": "out of stock"}',
    ],
)
def test_a_failure_is_known_by_how_it_begins(text: str) -> None:
    """By its first word, a status, or as a shell and JSON say it."""
    assert is_failure(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "0 errors",
        "Found 404 pages",
        "All went well: nothing failed",
        "errors.log written",
        '{"error":null}',
        '{"error": null}',
    ],
)
def test_an_answer_that_mentions_failures_is_none(text: str) -> None:
    """What comes later in a sentence may be a count, a name, or good news."""
    assert not is_failure(text)
