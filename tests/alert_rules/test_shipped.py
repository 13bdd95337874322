"""What ships beside the code is found."""

from __future__ import annotations

import pytest

from loopwatch_processor.shipped import shipped


def test_folders_that_ship_are_found() -> None:
    """In this installation, whichever it is."""
    assert (shipped("alert_rules") / "alertmanager.yaml").is_file()
    assert (shipped("dashboards") / "loopwatch-fleet.json").is_file()


def test_a_folder_that_does_not_ship_is_told_with_what_to_do() -> None:
    """An installation that is broken, or that somebody thinned out."""
    with pytest.raises(FileNotFoundError, match="install it again"):
        shipped("no_such_folder")
