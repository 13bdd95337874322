"""The files that ship beside the code: alert rules, runbooks and dashboards."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_REPOSITORY = _PACKAGE.parent.parent


def shipped(folder: str) -> Path:
    """Where *folder* ("alert_rules", "dashboards") is: inside the package of a wheel, else in the repository.

    Raises:
        FileNotFoundError: The installation lacks it.
    """
    # A wheel holds them below the package; an editable install runs from the repository, where they stand on top.
    for path in (_PACKAGE / "files" / folder, _REPOSITORY / folder):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"this installation of loopwatch lacks its folder {folder}: install it again from a wheel")
