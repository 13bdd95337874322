"""What the processor writes, verdicts on spans and findings as log records, is what the convention declares."""

from __future__ import annotations

import re
from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from loopwatch_processor.config.settings import Config
from loopwatch_processor.finding import Severity
from loopwatch_processor.session import Session
from loopwatch_processor.sinks.otlp_findings import as_request
from loopwatch_processor.verdict import verdict_of
from registry import NAME
from tests.semconv.wire import MODEL, decoded, misfits, missing, undeclared
from tests.sinks.findings import raised

DETECTORS = sorted(type(Config().detectors).model_fields)
FINDING = MODEL.items["events"]["loopwatch.finding"]
VERDICT = {key for key in MODEL.attributes if MODEL.files[key].endswith("verdict.yaml")} - {
    ref["ref"] for ref in MODEL.refs(FINDING)
}


def sick(*severities: Severity, **fields: Any) -> Session:
    """A session in which every detector found something of each severity."""
    session = Session("s")
    for detector in DETECTORS:
        for severity in severities:
            session.keep(raised(severity, detector=detector, pattern=severity.label, **fields))
    return session


def written(session: Session) -> dict[str, Any]:
    """The attributes of the session's verdict."""
    verdict = verdict_of(session)
    assert verdict is not None
    return decoded(verdict.attributes())


def record(**fields: Any) -> LogRecord:
    """The log record of one finding."""
    return as_request(raised(**fields)).resource_logs[0].scope_logs[0].log_records[0]


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("score", [0.5, 1])
def test_verdicts_hold_what_is_declared_and_nothing_else(severity: Severity, score: float) -> None:
    """Health, findings and one score for each detector that found something, with the declared types."""
    found = written(sick(severity, score=score))
    scores = {f"loopwatch.score.{detector}" for detector in DETECTORS}
    assert found.keys() == (VERDICT - {"loopwatch.score"}) | scores
    assert misfits(found) == {}


def test_only_detectors_that_found_something_have_a_score() -> None:
    """A detector that is silent writes nothing."""
    session = Session("s")
    session.keep(raised(detector="loop"))
    assert [key for key in written(session) if key.startswith("loopwatch.score.")] == ["loopwatch.score.loop"]


def test_findings_of_a_verdict_have_the_declared_form() -> None:
    """`severity detector/pattern`, sorted, without duplicates, 16 at most: what tail sampling matches on."""
    named = written(sick(*Severity))["loopwatch.findings"]
    assert all(re.fullmatch(r"(info|warning|critical) [a-z_]+/[a-z_]+", item) for item in named)
    assert list(named) == sorted(set(named))
    assert len(named) == min(16, 3 * len(DETECTORS))
    assert all(
        re.fullmatch(r"(info|warning|critical) [a-z_]+/[a-z_]+", item)
        for example in MODEL.attributes["loopwatch.findings"]["examples"]
        for item in example
    )


@pytest.mark.parametrize("detector", DETECTORS)
def test_detectors_can_name_a_score(detector: str) -> None:
    """A detector's name is a word that an attribute can end with."""
    assert NAME.fullmatch(detector)
    assert "." not in detector


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize(
    "fields", [{}, {"agent": "", "stop_reason": "", "session_key": "ab" * 16}, {"score": 1}, {"score": 0}]
)
def test_finding_records_hold_what_is_declared(severity: Severity, fields: dict[str, Any]) -> None:
    """All that is required, nothing else, with the declared types, however little is known."""
    found = decoded(record(severity=severity, **fields).attributes)
    assert undeclared(found, FINDING) == set()
    assert missing(found, FINDING, "required") == set()
    assert misfits(found) == {}


def test_finding_records_say_all_that_is_known() -> None:
    """With nothing missing only the agent's type, which a finding does not know, is not there."""
    found = decoded(record().attributes)
    assert missing(found, FINDING, "required", "recommended", "conditionally_required") == {"loopwatch.agent.type"}


@pytest.mark.parametrize(("severity", "text"), list(zip(Severity, ("INFO", "WARN", "ERROR"), strict=True)))
def test_finding_records_have_the_declared_name_and_severity(severity: Severity, text: str) -> None:
    """The event name is the model's; info, warning and critical are INFO, WARN and ERROR."""
    written_as = record(severity=severity)
    assert written_as.event_name == FINDING["name"]
    assert written_as.severity_text == text
    assert text in FINDING["note"]


def test_the_resource_of_a_finding_holds_official_names() -> None:
    """Whose finding it is, by the names that every backend knows."""
    resource = decoded(as_request(raised()).resource_logs[0].resource.attributes)
    assert resource.keys() == {"service.name", "deployment.environment.name"}
    assert misfits(resource) == {}
