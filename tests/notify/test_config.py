"""What cannot notify anybody is refused when it is read, in words that show no secret."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from loopwatch_processor.config import Config, load
from loopwatch_processor.errors import ConfigError
from tests.notify.incidents import KEY


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Reads settings of `notify` as a file has them."""

    def read(**notify: Any) -> Config:
        file = tmp_path / "loopwatch.yaml"
        file.write_text(yaml.safe_dump({"notify": notify}))
        return load(file)

    return read


def problem(read: Any, **notify: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        read(**notify)
    (found,) = caught.value.problems
    return str(found)


def test_a_key_in_a_file_or_a_variable_is_found(read: Any, tmp_path: Path) -> None:
    """Either is fine, with a line end or without."""
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    config = read(routes=[{"routing_key_file": str(file)}, {"routing_key_env": "PAGERDUTY_KEY"}])
    assert [route.key_source.read() for route in config.notify.routes] == [KEY, KEY]


@pytest.mark.parametrize("route", [{}, {"routing_key_file": "/run/key", "routing_key_env": "PAGERDUTY_KEY"}])
def test_a_route_needs_one_place_for_its_key(read: Any, route: dict[str, str]) -> None:
    """Neither none nor two."""
    found = problem(read, routes=[route])
    assert found.startswith("notify.routes.0: ")
    assert "either routing_key_file or routing_key_env" in found


def test_a_file_that_is_absent_is_named(read: Any) -> None:
    """With the reason of the system."""
    assert "the file /nowhere/key cannot be read: No such file" in problem(
        read, routes=[{"routing_key_file": "/nowhere/key"}]
    )


def test_a_variable_that_is_not_set_is_named(read: Any) -> None:
    """With what to do."""
    assert "the environment variable NO_KEY is not set" in problem(read, routes=[{"routing_key_env": "NO_KEY"}])


@pytest.mark.parametrize("content", ["hunter2", f"{KEY}0", f"key={KEY}", ""])
def test_what_is_no_routing_key_is_refused_without_being_shown(read: Any, tmp_path: Path, content: str) -> None:
    """Only its length is told."""
    file = tmp_path / "key"
    file.write_text(content)
    found = problem(read, routes=[{"routing_key_file": str(file)}])
    assert f"it holds {len(content)} characters" in found
    assert not content or content not in found


@pytest.mark.parametrize("where", ["routing_key_file", "routing_key_env"])
def test_a_key_in_the_place_of_its_file_is_not_repeated(read: Any, where: str) -> None:
    """The mistake that would put it into every log."""
    found = problem(read, routes=[{where: "f" * 32}])
    assert "looks like the routing key itself" in found
    assert "f" * 32 not in found


def test_pagerduty_directly_and_through_alertmanager_is_refused(read: Any) -> None:
    """Every incident would page twice."""
    routes = [{"routing_key_env": "PAGERDUTY_KEY"}]
    alertmanager = {"urls": ["http://alertmanager:9093"]}
    found = problem(read, routes=routes, alertmanager=alertmanager)
    assert "would page twice" in found
    assert "Take out routes" in found
    assert read(routes=routes).notify.routes
    assert read(alertmanager=alertmanager).notify.alertmanager.urls


@pytest.mark.parametrize(
    "notify",
    [
        {"pagerduty_url": "events.pagerduty.com"},
        {"heartbeat_url": "ping-me"},
        {"heartbeat_url": "ftp://host/x"},
        {"alertmanager": {"urls": ["alertmanager:9093"]}},
        {"pagerduty_url": "https://host:99999/"},
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused(read: Any, notify: dict[str, Any]) -> None:
    """When it is read, and not at night."""
    assert "is no URL to send to" in problem(read, **notify)


@pytest.mark.parametrize("value", ["nosuchservice://token-abc", "slack//token-abc"])
def test_an_apprise_url_that_apprise_does_not_know_is_refused_without_being_shown(read: Any, value: str) -> None:
    """Its place in the list is told."""
    found = problem(read, apprise=["json://localhost/", value])
    assert found.startswith("notify.apprise.1: is no URL that Apprise knows")
    assert "token-abc" not in found


def test_one_apprise_url_that_is_no_list_is_not_shown(read: Any) -> None:
    """A mistake that is easily made."""
    found = problem(read, apprise="slack://token-abc")
    assert "should be a list" in found
    assert "token-abc" not in found


def test_a_missing_extra_is_said(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setattr("loopwatch_processor.config.notify.find_spec", lambda _name: None)
    assert "pip install 'loopwatch[apprise]'" in problem(read, apprise=["json://localhost/"])


def test_apprise_is_loaded_only_where_it_is_used(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert read(min_severity="warning").notify.apprise == ()


def test_secrets_are_not_in_what_is_printed(read: Any) -> None:
    """Neither Apprise URLs nor that of the heartbeat."""
    config = read(apprise=["json://user:token-abc@localhost/"], heartbeat_url="https://hc.example.com/token-abc")
    assert "token-abc" not in repr(config) + config.model_dump_json()


def test_who_notifies_nobody_needs_no_key(tmp_path: Path) -> None:
    """Who mutes an agent at night has the configuration, and not the service's keys."""
    file = tmp_path / "loopwatch.yaml"
    file.write_text("notify: {routes: [{routing_key_file: /nowhere/key}, {routing_key_env: NOT_SET}]}")

    assert len(load(file, sends=False).notify.routes) == 2
    with pytest.raises(ConfigError):
        load(file)
