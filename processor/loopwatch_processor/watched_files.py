"""Files whose content may be replaced while the service runs: certificates and tokens are, long before a restart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_Stamp = tuple[int, int, int]


class WatchedFiles:
    """Says whether any of *paths* changed. A look costs a system call a file, so it may be had at every request."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._seen = self._stamps()

    def changed(self) -> bool:
        """Whether something changed since the last look, or since this was made."""
        now = self._stamps()
        before, self._seen = self._seen, now
        return now != before

    def _stamps(self) -> list[_Stamp | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> _Stamp | None:
    """A link is followed: Kubernetes replaces a mounted secret by pointing a link elsewhere."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
