"""The committed files are the generated ones, and Grafana can import them."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import build
from tests.dashboards.boards import FILES, FOLDER, UIDS, load, marks, variables

each_board = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_the_committed_json_is_what_the_builders_generate(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody edited the JSON by hand or forgot to write it anew."""
    assert build.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named_by_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check fails where a file differs or is missing, and says which."""
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    assert build.main([]) == 0
    (tmp_path / "loopwatch-fleet.json").write_text("{}")

    assert build.main(["--check"]) == 1
    assert capsys.readouterr().out == "loopwatch-fleet.json is out of date: run python -m dashboards.build\n"


def test_there_is_one_file_for_each_dashboard() -> None:
    """The uids that alerts link to exist, and each is the name of its file."""
    assert [file.stem for file in FILES] == [f"loopwatch-{name}" for name in UIDS]
    assert [load(file)["uid"] for file in FILES] == [file.stem for file in FILES]


@each_board
def test_grafana_can_import_it(file: Path) -> None:
    """What the importer needs is there: a title, the schema's version, lists where it expects lists, no database id."""
    board = load(file)

    assert board["schemaVersion"] == 42
    assert board["title"].startswith("loopwatch / ")
    assert board["tags"] == ["loopwatch"]
    assert isinstance(board["panels"], list)
    assert isinstance(board["templating"]["list"], list)
    assert set(board["time"]) == {"from", "to"}
    assert "id" not in board
    assert "__inputs" not in board, "file provisioning does not fill inputs in: the data source is a variable"


@each_board
def test_grafanas_own_types_read_it(file: Path) -> None:
    """Read into the SDK's types and written again, nothing is lost: every field is one that Grafana knows."""
    register_default_plugins()
    board = load(file)
    again = json.loads(json.dumps(Dashboard.from_json(copy.deepcopy(board)), cls=JSONEncoder))
    added = [link for holder in (again, *again["panels"]) for link in holder.get("links", ())]
    for item in (*added, *marks(again)):
        # The SDK's types add it, and it hides the item in a menu.
        item.pop("placement", None)

    assert again == board


@each_board
def test_dashboards_and_runbooks_are_a_click_away(file: Path) -> None:
    """Each dashboard links to the others, with the choice of agents and time, and to the runbooks."""
    others, runbooks = load(file)["links"]

    assert (others["type"], others["tags"], others["asDropdown"]) == ("dashboards", ["loopwatch"], True)
    assert (others["includeVars"], others["keepTime"]) == (True, True)
    assert "placement" not in others
    assert runbooks["url"].startswith("${runbooks}/")


def test_alerts_lead_to_dashboards_that_exist() -> None:
    """Each alert's dashboard is one of these, and has the variables that the link sets."""
    rules = "".join(file.read_text("utf-8") for file in (FOLDER.parent / "alert_rules").glob("*.rules.yaml"))
    links = set(re.findall(r"dashboard_url: \S+/d/([\w-]+)(\S*)", re.sub(r"\{\{.*?\}\}", "", rules)))

    assert links
    for uid, query in links:
        assert uid in {file.stem for file in FILES}
        assert set(re.findall(r"var-(\w+)=", query)) <= set(variables(load(FOLDER / f"{uid}.json")))


def test_provisioning_names_the_folder_of_the_files() -> None:
    """The provider that ships is one that Grafana reads."""
    provisioning = yaml.safe_load((FOLDER / "provisioning.yaml").read_text("utf-8"))

    (provider,) = provisioning["providers"]
    assert provisioning["apiVersion"] == 1
    assert provider["type"] == "file"
    assert provider["options"]["path"]
