"""Where settings come from, which wins, and what is said about the wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import ConfigError

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("LOOPWATCH_CONFIG", "LOOPWATCH_SKETCH_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file."""

    def _write(text: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def problems(path: Path | None = None, *overrides: str) -> list[str]:
    """What loading says is wrong."""
    with pytest.raises(ConfigError) as raised:
        load(path, overrides)
    return raised.value.problems


def test_without_any_source_the_defaults_hold() -> None:
    """Nothing has to be configured."""
    assert load() == Config()


def test_override_wins_over_variable_over_file_over_default(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source is laid over the one before, key by key."""
    path = write("sessions: {max_sessions: 1, max_traces: 1, max_chains: 1}")
    monkeypatch.setenv("LOOPWATCH_SESSIONS__MAX_TRACES", "2")
    monkeypatch.setenv("LOOPWATCH_SESSIONS__MAX_CHAINS", "2")
    sessions = load(path, ["sessions.max_chains=3"]).sessions
    assert (sessions.max_sessions, sessions.max_traces, sessions.max_chains) == (1, 2, 3)
    assert sessions.idle_s == Config().sessions.idle_s


def test_the_file_is_found_by_argument_then_variable_then_name(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config beats LOOPWATCH_CONFIG, which beats ./loopwatch.yaml."""
    (tmp_path / "loopwatch.yaml").write_text("sessions: {idle_s: 1}")
    assert load().sessions.idle_s == 1
    named = tmp_path / "named.yaml"
    named.write_text("sessions: {idle_s: 2}")
    monkeypatch.setenv("LOOPWATCH_CONFIG", str(named))
    assert load().sessions.idle_s == 2
    assert load(write("sessions: {idle_s: 3}")).sessions.idle_s == 3


def test_variables_hold_lists_and_mappings_as_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container can be configured without a file."""
    monkeypatch.setenv("LOOPWATCH_TOOLS", "[{match: get_*, polling: true}]")
    monkeypatch.setenv("LOOPWATCH_FORWARD__ENDPOINT", "http://collector:4317")
    config = load()
    assert config.tools[0].polling
    assert config.forward is not None
    assert config.forward.endpoint == "http://collector:4317"


def test_an_override_may_be_a_mapping_and_adds_to_the_others() -> None:
    """`--set` takes any YAML value, and several meet in one section."""
    config = load(None, ["detectors.stream={max_gap_s: 1.0}", "detectors.stream.max_ttft_s=2", "forward=null"])
    assert (config.detectors.stream.max_gap_s, config.detectors.stream.max_ttft_s) == (1.0, 2.0)


def test_every_problem_is_told_at_once_with_its_place(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run shows all there is to mend, by dotted path and by file line, variable or flag."""
    path = write(
        "receive:\n  grcp_port: 1\n  http_port: many\nwindows: {x: -1}\nagents:\n  - type: batch\nsesions: {}\n"
    )
    monkeypatch.setenv("LOOPWATCH_RECEIVE__HOTS", "x")
    monkeypatch.setenv("LOOPWATCH_FORWRD", "x")
    told = problems(path, "detectors.streem.x=1", "no_value")
    expected = {
        "receive.grcp_port: unknown key, did you mean grpc_port? (": ":2)",
        "receive.http_port: should be a whole number": "not 'many' (",
        "receive.hots: unknown key, did you mean host? (LOOPWATCH_RECEIVE__HOTS)": "",
        "windows.x: should be greater than 0, not -1 (": ":4)",
        "agents.0.match: is required (": ":6)",
        "sesions: unknown key, did you mean sessions? (": ":7)",
        "LOOPWATCH_FORWRD: there is no such setting, did you mean LOOPWATCH_FORWARD?": "",
        "detectors.streem: unknown key, did you mean stream? (--set detectors.streem.x)": "",
        "--set no_value: write it as key.key=value": "",
    }
    for start, part in expected.items():
        assert any(problem.startswith(start) and part in problem for problem in told), start
    assert len(told) == len(expected)


def test_an_unknown_key_without_a_near_one_lists_what_there_is(write: Write) -> None:
    """Somebody who guesses wildly is told the choices."""
    (problem,) = problems(write("sinks: {json_lines: {qqqq: 1}}"))
    assert "unknown key, there are path" in problem


def test_a_rules_threshold_is_told_as_the_rules_and_a_shared_one_once(write: Write) -> None:
    """What a rule inherits is wrong in one place only."""
    told = problems(
        write(
            "detectors:\n  stream: {max_gap: 1}\nagents:\n  - match: {agent: a}\n    detectors:\n"
            "      context: {warning: 0.5}\n"
        )
    )
    assert [problem.partition(" (")[0] for problem in told] == [
        "detectors.stream.max_gap: unknown key, did you mean max_gap_s?",
        "agents.0.detectors.context.warning: unknown key, did you mean warning_ratio?",
    ]


def test_a_rule_that_contradicts_what_it_inherits_is_told(write: Write) -> None:
    """Thresholds are checked as they will hold, not as they are written."""
    text = "detectors: {{context: {{info_ratio: 0.1, warning_ratio: 0.2}}}}\n{}"
    rule = "agents: [{match: {}, detectors: {context: {%s}}}]"
    assert load(write(text.format(rule % "warning_ratio: 0.15"))).agents[0].detectors.context.info_ratio == 0.1
    (problem,) = problems(write(text.format(rule % "info_ratio: 0.3")))
    assert problem.startswith("agents.0.detectors.context: info_ratio 0.3 is above warning_ratio 0.2")


def test_a_key_written_twice_is_a_problem(write: Write) -> None:
    """YAML would take the last one without a word."""
    (problem,) = problems(write("receive:\n  host: localhost\n  host: localhost\n"))
    assert problem.startswith("receive.host: is set twice: ")
    assert problem.endswith(":3")


@pytest.mark.parametrize(
    ("text", "part"),
    [("receive: [", ":1: is not YAML"), ("- a", "must be a mapping"), ("a: !!python/none x", "is not YAML")],
)
def test_a_file_that_is_no_settings_file_is_told(write: Write, text: str, part: str) -> None:
    """A broken file names itself and its line."""
    path = write(text)
    (problem,) = problems(path)
    assert problem.startswith(str(path))
    assert part in problem


def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    """A wrong --config is one sentence."""
    assert problems(tmp_path / "missing.yaml") == [
        f"{tmp_path / 'missing.yaml'}: cannot be read: No such file or directory"
    ]


def test_values_that_are_not_yaml_name_their_variable_and_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of a bad value is the place where it was typed."""
    monkeypatch.setenv("LOOPWATCH_AGENTS", "[x")
    told = problems(None, "receive.host=[")
    assert any(problem.startswith("LOOPWATCH_AGENTS: the value is not YAML") for problem in told)
    assert any(problem.startswith("--set receive.host: the value is not YAML") for problem in told)


def test_variables_that_are_not_settings_are_let_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes sets some beside a service named loopwatch; helpers, Collector files and the stack have theirs."""
    of_kubernetes = ("LOOPWATCH_SERVICE_HOST", "LOOPWATCH_PORT", "LOOPWATCH_PORT_4317_TCP_ADDR")
    of_helpers = ("LOOPWATCH_SKETCH_KEY", "LOOPWATCH_INFLIGHT", "LOOPWATCH_INFLIGHT_ENDPOINT")
    of_others = ("LOOPWATCH_GRPC", "LOOPWATCH_OTELCOL", "LOOPWATCH_PROMETHEUS", "LOOPWATCH_ALERTMANAGER")
    for name in (*of_kubernetes, *of_helpers, *of_others):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("LOOPWATCH_RECEIVE__HOST", "")
    assert load() == Config()


def test_secrets_are_neither_told_nor_shown(write: Write) -> None:
    """A header's value appears in no message and no representation."""
    (problem,) = problems(write("forward: {endpoint: 'http://a:1', headers: {authorization: [hunter2]}}"))
    assert "hunter2" not in problem
    config = load(write("forward: {endpoint: 'http://a:1', headers: {authorization: hunter2}}"))
    assert "hunter2" not in repr(config)
    assert config.forward is not None
    assert config.forward.plain_headers() == {"authorization": "hunter2"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("forward: {endpoint: 'ftp://a'}", "forward.endpoint: cannot send to 'ftp://a'"),
        ("forward: {endpoint: abc}", "forward.endpoint: cannot send to 'abc': write it as http://host:4317"),
        ("forward: {endpoint: 'http://a b:1'}", "forward.endpoint: cannot send to 'http://a b:1'"),
        ("forward: {endpoint: 'http://:4317'}", "forward.endpoint: cannot send to 'http://:4317'"),
        ("forward: {endpoint: 'http://a/b'}", "forward: gRPC has no paths: leave out '/b'"),
        (
            "forward: {endpoint: 'https://a', tls: {ca_file: no.pem}}",
            "forward.tls.ca_file: cannot read no.pem (No",
        ),
        (
            "forward: {endpoint: 'https://a', tls: {cert_file: a.pem}}",
            "forward.tls.key_file: is required: a",
        ),
        ("receive: {grpc_port: 9, http_port: 9}", "receive: grpc_port and http_port are both 9"),
        ("sinks: {prometheus: {max_label_values_by_label: {tol: 1}}}", "no metric has a label tol"),
        ("detectors: {stream: 3}", "detectors.stream: should be a mapping of settings, not 3"),
        ("agents: {}", "agents: should be a list, not a mapping"),
        ("budgets: {fleet_usd_per_30d: 0}", "budgets.fleet_usd_per_30d: should be greater than 0, not 0"),
        (
            "agents: [{match: {agent: a}, budgets: {fleet_usd_per_30d: 3}}]",
            "agents.0.budgets: fleet_usd_per_30d: holds for all agents together; write it in the top-level budgets",
        ),
        ("receive: {host: 3}", "receive.host: should be text, not 3"),
        ("sinks: {log: {enabled: maybe}}", "sinks.log.enabled: should be true or false, not 'maybe'"),
        ("detectors: {stream: {max_gap_s: 0}}", "detectors.stream.max_gap_s: should be greater than 0, not 0"),
    ],
)
def test_values_that_make_no_sense_are_told(write: Write, text: str, part: str) -> None:
    """What would fail later, or silently do nothing, fails at the start."""
    assert part in problems(write(text))[0]


@pytest.mark.parametrize("endpoint", ["collector:4317", "http://[::1]:4317", "https://a.b", "http://10.0.0.1:1"])
def test_endpoints_that_make_sense_are_taken(endpoint: str) -> None:
    """With a scheme, or as host and port."""
    config = load(None, [f"forward.endpoint={endpoint}"])
    assert config.forward is not None
    assert config.forward.endpoint == endpoint


def test_a_bare_dash_is_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line and in a variable, though YAML reads it as a list."""
    assert load(None, ["sinks.json_lines.path=-"]).sinks.json_lines.path == "-"
    monkeypatch.setenv("LOOPWATCH_SINKS__JSON_LINES__PATH", "-")
    assert load().sinks.json_lines.path == "-"


_WORDS = ["receive", "agents", "tools", "match", "detectors", "stream", "host", "forward", "x", "", "_env_file"]
_KEYS: st.SearchStrategy[object] = st.sampled_from([*_WORDS, 1, None])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_yaml_is_taken_or_told_about(write: Write, data: object) -> None:
    """Whatever is in the file, the user gets a configuration or a list of problems."""
    told: list[str] | None = None
    try:
        load(write(yaml.safe_dump(data)))
    except ConfigError as error:
        told = error.problems
    assert told is None or (told and all(told))


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("links.trace_url=https://jaeger.example.com/trace/{trace}", ["{trace}", "{trace_id}"]),
        ("links.runbook_url=https://wiki.example.com/{session}", ["{session}", "{alert}"]),
    ],
)
def test_a_link_names_only_what_is_filled_in(setting: str, names: list[str]) -> None:
    """A page that leads to a literal brace is noticed by day, not at night."""
    (problem,) = problems(None, setting)
    assert all(name in problem for name in names)


def test_a_link_may_hold_other_braces(write: Write) -> None:
    """As those of Grafana's Explore do."""
    url = 'https://grafana.example.com/explore?left={"query":"{trace_id}","range":{"from":"now-1h"}}'
    assert load(write(f"links: {{trace_url: '{url}'}}")).links.trace_url == url
