"""In-line, when something stands still: what was taken is on disk, and what cannot be taken the sender hears."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.stack.inline import CONFIG, Inline, inline_running
from tests.stack.processes import until
from tests.stack.sending import model_call, request_of, send

TRACE = b"a trace on disk."
KIBIBYTE = "lorem ipsum dolo" * 64
SECRET = "sk-thisisnotakeybutlookslikeone"


def sent(inline: Inline, numbers: range) -> list[int]:
    """Send a request of one span for each of *numbers*; the status codes of the answers."""
    bodies = [request_of([model_call(TRACE, number, text=KIBIBYTE)]) for number in numbers]
    return [send(inline.url, body).status_code for body in bodies]


def arrived(inline: Inline, count: int) -> Callable[[], bool]:
    """Whether the backend has *count* spans."""
    return lambda: len(inline.spans()) == count


def unavailable(inline: Inline) -> float:
    """How often the second pipeline has told loopwatch to try again."""
    return inline.loopwatch.metric("loopwatch_forward_unavailable_total")


def test_what_a_killed_collector_had_taken_is_delivered(otelcol_contrib: Path, tmp_path: Path) -> None:
    """With loopwatch away and the Collector killed, both started again: the backend has every span."""
    with inline_running(otelcol_contrib, tmp_path) as inline:
        until("its health check", lambda: inline.collector.healthy)
        inline.loopwatch.end(signal.SIGKILL)
        assert sent(inline, range(1, 51)) == [200] * 50
        inline.collector.end(signal.SIGKILL)
        inline.collector.start()
        inline.loopwatch.start()
        until("all spans", arrived(inline, 50))


def test_a_full_queue_is_told_to_the_sender(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Once the disk's share is used up agents are told to try again; they do, and nothing is lost."""
    with inline_running(otelcol_contrib, tmp_path, QUEUE_BYTES=str(20 * 1024)) as inline:
        inline.loopwatch.end(signal.SIGKILL)
        answers = sent(inline, range(1, 51))
        refused = [number for number, status in enumerate(answers, start=1) if status == 503]
        assert set(answers) == {200, 503}
        counted = "otelcol_exporter_enqueue_failed_spans"
        until("each to be counted", lambda: inline.collector.metric(counted) == len(refused))

        inline.loopwatch.start()
        for number in refused:
            until("the queue to have room", lambda number=number: sent(inline, range(number, number + 1)) == [200])
        until("all spans", arrived(inline, 50))


def test_a_second_pipeline_without_memory_is_heard_by_the_sender(otelcol_contrib: Path, tmp_path: Path) -> None:
    """It refuses, loopwatch passes that on, the queue fills, agents are told to try again; later nothing is missing."""
    config = tmp_path / "collector.yaml"
    config.write_text(without_memory(CONFIG.read_text()))
    with inline_running(otelcol_contrib, tmp_path, config, QUEUE_BYTES=str(20 * 1024)) as inline:
        # What comes before the limiter's first look at the memory goes through, some of it only later.
        until("a refusal", lambda: sent(inline, range(51, 52)) and unavailable(inline))
        answers = sent(inline, range(1, 51))
        refused = [number for number, status in enumerate(answers, start=1) if status == 503]
        assert set(answers) == {200, 503}
        assert set(inline.spans()) <= {(51).to_bytes(8, "big")}

        inline.collector.end()
        config.write_text(CONFIG.read_text())
        inline.collector.start()
        for number in refused:
            until("the queue to have room", lambda number=number: sent(inline, range(number, number + 1)) == [200])
        until("all spans", arrived(inline, 51))
        assert inline.loopwatch.metric("loopwatch_forward_refused_total") == 0


def without_memory(shipped: str) -> str:
    """The shipped file, whose second pipeline is always at the limit of its memory."""
    config = yaml.safe_load(shipped)
    config["processors"]["memory_limiter/full"] = {"check_interval": "100ms", "limit_mib": 1}
    config["service"]["pipelines"]["traces/scored"]["processors"][0] = "memory_limiter/full"
    return yaml.safe_dump(config)


def test_no_secret_reaches_the_disk_or_the_backend(otelcol_contrib: Path, tmp_path: Path) -> None:
    """Keys go by their form, and by their name; the attributes beside them stay, numbers of tokens above all."""
    with inline_running(otelcol_contrib, tmp_path) as inline:
        inline.loopwatch.end(signal.SIGKILL)
        told = {
            "gen_ai__prompt": f"use {SECRET} for it",
            "http__request__header__authorization": "nobody's business",
        }
        send(inline.url, request_of([model_call(TRACE, 1, input_tokens=77, **told)])).raise_for_status()
        on_disk = b"".join(path.read_bytes() for path in inline.queue.iterdir() if path.is_file())
        assert b"gpt-4o-mini" in on_disk
        assert SECRET.encode() not in on_disk
        assert b"business" not in on_disk

        inline.loopwatch.start()
        until("the span", arrived(inline, 1))
        (span,) = inline.spans().values()
    values = {pair.key: pair.value for pair in span.attributes}
    assert values["gen_ai.prompt"].string_value == "use **** for it"
    assert values["http.request.header.authorization"].string_value == "****"
    assert values["gen_ai.usage.input_tokens"].int_value == 77
