"""`${env:NAME}` and `${file:PATH}`: secrets come from where they are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwatch_processor.config import load
from loopwatch_processor.config.references import resolved
from loopwatch_processor.errors import ConfigError

FORWARD = "forward={endpoint: 'http://h:1', headers: {authorization: '%s'}}"


def header(text: str) -> str:
    """What is sent where *text* stands in the configuration."""
    forward = load(None, [FORWARD % text]).forward
    assert forward is not None
    return forward.plain_headers()["authorization"]


def test_a_value_may_be_or_hold_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a variable or to a file, whose line end is not part of it."""
    (tmp_path / "token").write_text("of-a-file\n")
    monkeypatch.setenv("MY_TOKEN", "of-a-variable")
    assert header("Bearer ${env:MY_TOKEN}") == "Bearer of-a-variable"
    assert header("${file:" + str(tmp_path / "token") + "}") == "of-a-file"
    assert header("$${env:MY_TOKEN} ${NOT} $5") == "${env:MY_TOKEN} ${NOT} $5"


def test_a_reference_that_leads_nowhere_is_named_with_its_setting() -> None:
    """Both at once; who needs no secret of the service's is not asked for it, but for the journal's."""
    settings = [FORWARD % "${env:NOT_SET_HERE}", "journal.url=${file:/no/such/file}"]
    with pytest.raises(ConfigError) as raised:
        load(None, settings)
    assert raised.value.problems == [
        "forward.headers.authorization: the environment variable NOT_SET_HERE is not set (--set forward)",
        "journal.url: the file /no/such/file cannot be read: No such file or directory (--set journal.url)",
    ]
    with pytest.raises(ConfigError) as raised:
        load(None, settings, sends=False)
    assert len(raised.value.problems) == 1
    assert load(None, settings[:1], sends=False).forward is not None


def test_what_came_from_elsewhere_is_not_shown_in_a_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where it is no number nor where it is no choice."""
    monkeypatch.setenv("MY_TOKEN", "hunter2")
    for setting in ("receive.grpc_port", "notify.min_severity"):
        with pytest.raises(ConfigError, match=setting) as raised:
            load(None, [f"{setting}=${{env:MY_TOKEN}}"])
        assert "hunter2" not in str(raised.value)


def test_a_variable_that_a_setting_names_may_begin_as_settings_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOOPWATCH_INGEST_TOKEN is no misspelt setting where it is the place of a token."""
    monkeypatch.setenv("LOOPWATCH_INGEST_TOKEN", "0123456789abcdef")
    with pytest.raises(ConfigError, match="LOOPWATCH_INGEST_TOKEN: there is no such setting"):
        load()
    assert load(None, ["access.ingest.token_envs=[LOOPWATCH_INGEST_TOKEN]"])
    assert load(None, ["notify.heartbeat_url=https://h/${env:LOOPWATCH_INGEST_TOKEN}"])


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("${env:}") | st.just("${file:\0}"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    )
)
def test_any_settings_are_resolved_or_told_about(data: object) -> None:
    """Nothing raises, and what has no reference is what it was."""
    found = resolved({"top": data})
    assert found.problems or found.data == {"top": data}
