"""The base install alone: what imports, what the command says, what configure() sets up."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

import loopwatch
from loopwatch.inflight import InFlightReporter

ROOT = Path(__file__).resolve().parents[2]
BLOCK = """
import importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        blocked = {blocked!r}
        if any(name == part or name.startswith(part + ".") for part in blocked):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""
NOT_IN_BASE = [
    "google.protobuf",
    "grpc",
    "numpy",
    "orjson",
    "pydantic",
    "pydantic_settings",
    "rich",
    "typer",
    "yaml",
    "genai_prices",
    "opentelemetry.exporter",
    "opentelemetry.proto",
]


def _python(code: str, blocked: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BLOCK.format(blocked=blocked) + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_the_base_install_imports_loopwatch() -> None:
    """Without protobuf, grpc, numpy, pydantic or an exporter the helpers work, and configure() says what is missing."""
    done = _python(
        """
import loopwatch
loopwatch.configure(service_name="s")
with loopwatch.session("a"), loopwatch.tool_call("t", {"q": "x"}) as call:
    assert call.span.is_recording()
    call.result("y")
""",
        NOT_IN_BASE,
    )

    assert done.returncode == 0, done.stderr
    assert "pip install 'loopwatch[otlp]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_of_a_base_install_says_what_to_install() -> None:
    """One line on standard error, exit code 2, no traceback."""
    done = _python("from loopwatch.__main__ import main\nmain()", NOT_IN_BASE)

    assert done.returncode == 2
    assert done.stderr == "the loopwatch command needs the processor: pip install 'loopwatch[processor]'\n"
    assert done.stdout == ""


def test_a_fault_in_our_own_code_is_not_hidden() -> None:
    """A module of ours that is missing is a broken install, not a missing extra."""
    done = _python("from loopwatch.__main__ import main\nmain()", ["loopwatch_processor.cli"])

    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_the_public_names_are_all_there() -> None:
    """Every name in __all__ exists, and the list is sorted."""
    assert sorted(loopwatch.__all__) == loopwatch.__all__
    assert all(hasattr(loopwatch, name) for name in loopwatch.__all__)


@pytest.mark.usefixtures("no_provider", "no_logger_provider")
def test_configure_sets_up_both_signals_where_there_is_nothing() -> None:
    """Spans leave sketched, to the endpoint that was given, under the service's name."""
    loopwatch.configure("http://localhost:1/", service_name="svc")
    traces, logs = trace.get_tracer_provider(), _logs.get_logger_provider()

    assert isinstance(traces, TracerProvider)
    assert isinstance(logs, LoggerProvider)
    assert traces.resource.attributes["service.name"] == "svc"
    processor, reporter = traces._active_span_processor._span_processors
    assert isinstance(reporter, InFlightReporter)
    exporter = processor.span_exporter  # type: ignore[attr-defined]
    assert isinstance(exporter, loopwatch.SketchingExporter)
    assert exporter._exporter._endpoint == "http://localhost:1/v1/traces"  # type: ignore[attr-defined]
    traces.shutdown()


@pytest.mark.usefixtures("no_logger_provider")
def test_configure_joins_what_is_there(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An existing provider is kept as it is, and the user is told that the arguments were not used."""
    provider = TracerProvider()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    with caplog.at_level(logging.WARNING, logger="loopwatch"):
        loopwatch.configure("http://localhost:1", service_name="svc")
        loopwatch.configure("http://localhost:1", service_name="svc")
    logs = _logs.get_logger_provider()

    assert trace.get_tracer_provider() is provider
    assert provider._active_span_processor._span_processors == ()
    assert len([record for record in caplog.records if "already set" in record.getMessage()]) == 1
    assert isinstance(logs, LoggerProvider)
