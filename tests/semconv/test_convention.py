"""The content of the convention in semconv/model."""

from pathlib import Path

import pytest
from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes
from opentelemetry.semconv.schemas import Schemas

from loopwatch import attributes
from loopwatch.attributes import Health, StopReason, ToolErrorClass
from registry import Model, load

SEMCONV = Path(__file__).parents[2] / "semconv"

STOP_REASONS = [
    "completed",
    "cancelled",
    "step_budget",
    "tool_budget",
    "time_budget",
    "token_budget",
    "cost_budget",
    "context_exhausted",
    "loop_detected",
    "no_progress",
    "retry_limit",
    "circuit_open",
    "model_error",
    "model_rate_limited",
    "content_filtered",
    "output_truncated",
    "tool_failed",
    "tool_denied",
    "tool_timeout",
    "tool_rate_limited",
    "tool_output_invalid",
    "tool_auth_failed",
    "tool_schema_error",
    "stream_stalled",
    "timeout",
    "worker_lost",
    "user_paused",
    "user_killed",
    "approval_denied",
    "invalid_input",
    "internal_error",
    "unknown",
]


@pytest.fixture(scope="module")
def ours() -> Model:
    return load(SEMCONV)


def carried_by(ours: Model, *kinds: str) -> set[str]:
    """The attributes that signals of these kinds carry."""
    return {ref["ref"] for kind in kinds for item in ours.items[kind].values() for ref in ours.refs(item)}


def test_stop_reasons_are_the_closed_set() -> None:
    """No reason more, none less, in the order of the set."""
    assert [reason.value for reason in StopReason] == STOP_REASONS


def test_small_sets() -> None:
    """The sets that other modules decide by."""
    assert [health.value for health in Health] == ["ok", "warning", "critical"]
    classes = [
        "schema",
        "auth",
        "denied",
        "rate_limit",
        "timeout",
        "not_found",
        "invalid_output",
        "unavailable",
        "other",
    ]
    assert [error.value for error in ToolErrorClass] == classes


def test_no_name_is_official_ground(ours: Model) -> None:
    """All our names are under loopwatch, so none can collide with gen_ai or a later official name."""
    names = [name for kind in ("attributes", "spans", "events", "metrics") for name in ours.items[kind]]
    assert names
    assert [name for name in names if not name.startswith("loopwatch.")] == []


def test_official_names_exist_in_the_release(ours: Model) -> None:
    """Each gen_ai name marked 1.41 is one that the published package of that generation holds."""
    published = {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    marked = {i["key"] for i in ours.official["attributes"] if i["generation"] == "1.41"}
    assert {key for key in marked if key.startswith("gen_ai.")} <= published
    assert error_attributes.ERROR_TYPE in marked


def test_official_operations_are_those_of_the_release() -> None:
    """The operation names are the published ones, all of them."""
    published = [operation.value for operation in gen_ai_attributes.GenAiOperationNameValues]
    assert [operation.value for operation in attributes.GenAiOperationName] == published


def test_schema_url_is_a_published_one(ours: Model) -> None:
    """The schema URL on our spans is one that OpenTelemetry serves."""
    assert attributes.SCHEMA_URL == ours.official["schema_url"] == Schemas.V1_41_0.value


def test_every_attribute_is_carried_by_a_signal(ours: Model) -> None:
    """No attribute is defined that nothing carries; verdicts are added to spans of any kind."""
    carried = carried_by(ours, "spans", "events", "metrics")
    verdict = {key for key in ours.attributes if ours.files[key].endswith("verdict.yaml")}
    assert ours.attributes.keys() - verdict <= carried


def test_every_attribute_that_hides_content_says_so(ours: Model) -> None:
    """A hash or sketch of what an agent works on is never described as anonymous."""
    hiding = [item for key, item in ours.attributes.items() if key.endswith((".sketch", ".hash"))]
    silent = [item["key"] for item in hiding if "not anonymous" not in item["note"]]
    assert silent == ["loopwatch.tool.schema.hash"]


def test_ids_are_kept_out_of_metrics(ours: Model) -> None:
    """No metric carries a session, conversation, job or checkpoint id, a hash or a sketch."""
    carried = carried_by(ours, "metrics")
    assert carried
    assert [ref for ref in carried if ref.endswith((".id", ".hash", ".sketch", "_key", ".summary"))] == []


def test_only_what_metrics_alone_carry_has_no_constant(ours: Model) -> None:
    """Whoever writes spans finds a constant for each of their attributes, and no others."""
    missing = {key for key in ours.attributes if not hasattr(attributes, key.upper().replace(".", "_"))}
    assert missing == {key for key in ours.attributes if ours.files[key].endswith("/metric.yaml")}
    assert missing & carried_by(ours, "spans", "events") == set()


def test_constants_have_the_value_of_their_name() -> None:
    """Every constant's value, upper-cased, is its name; so a reader may go from one to the other."""
    constants = {k: v for k, v in vars(attributes).items() if k.isupper() and isinstance(v, str)}
    odd = {k for k, v in constants.items() if v.upper().replace(".", "_") != k}
    assert odd == {"SCHEMA_URL", *(k for k in constants if k.startswith("EVENT_"))}
