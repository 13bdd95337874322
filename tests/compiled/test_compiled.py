"""The compiled hot path does what its source does: equal steps, findings, changes and state of sessions."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import islice, zip_longest
from pathlib import Path

import pytest

from native.build import PACKAGES, ROOT, sources
from native.constants import with_final
from native.records import Unfit, rewritten
from tests.compiled.requests import sequences

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loopwatch" / "compiled"
_KEPT_BUILDS = 4


@pytest.fixture(scope="module")
def compiled() -> Path:
    """A folder with both packages, compiled once for each state of the source."""
    absent = pytest.fail if os.environ.get("LOOPWATCH_REQUIRE_STACK") == "1" else pytest.skip
    if find_spec("mypyc") is None or find_spec("setuptools") is None:
        absent("mypyc or setuptools is absent: pip install 'mypy[mypyc]'")
    if shutil.which((os.environ.get("CC") or "cc").split()[0]) is None:
        absent("there is no C compiler")
    folder = _CACHE / f"{sys.implementation.cache_tag}-{_state_of_the_source()}"
    if not (folder / "built").exists():
        subprocess.run([sys.executable, "-m", "native.build", str(folder)], cwd=ROOT, check=True)
        (folder / "built").touch()
    (folder / "built").touch()
    for old in sorted(_CACHE.glob("*/built"), key=lambda mark: mark.stat().st_mtime)[:-_KEPT_BUILDS]:
        shutil.rmtree(old.parent)
    return folder


def _state_of_the_source() -> str:
    paths = [path for name, above in PACKAGES.items() for path in sorted((above / name).rglob("*.py"))]
    paths += sorted((ROOT / "native").glob("*.py"))
    state = hashlib.sha256()
    for path in paths:
        state.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return state.hexdigest()[:16]


def _came_of(requests: Path, packages: str) -> list[str]:
    """What a process with *packages* makes of *requests*, line by line."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([packages, str(ROOT)]), "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.compiled.behaviour", str(requests)],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout.split("\n")


def test_everything_is_equal(compiled: Path, tmp_path: Path) -> None:
    """On recorded traffic, labelled sessions, odd and damaged spans."""
    requests = tmp_path / "requests"
    requests.write_bytes(pickle.dumps(list(sequences(scale=40))))

    pure = _came_of(requests, os.pathsep.join(map(str, PACKAGES.values())))
    fast = _came_of(requests, str(compiled))

    assert (pure[0], fast[0]) == ("pure", "compiled")
    assert any(line.startswith("found ") for line in pure)
    unlike = ((one, other) for one, other in zip_longest(pure[1:], fast[1:]) if one != other)
    assert not list(islice(unlike, 3))


def test_what_is_compiled_is_packed_as_its_source_is(compiled: Path) -> None:
    """Compiled classes tell their attributes in another way, so a deep trace could be too deep for them alone."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(compiled), str(ROOT)])}
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/cold/test_cooling.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def test_no_line_moves_in_what_is_compiled() -> None:
    """So a traceback of compiled code names the lines of the source."""
    for above in PACKAGES.values():
        for path in sources(above):
            source = path.read_text("utf-8")
            assert with_final(rewritten(source, path.name)).count("\n") == source.count("\n")


def test_a_dataclass_that_cannot_be_rewritten_is_named() -> None:
    """The build stops there, in place of compiling something else."""
    source = (
        "from dataclasses import dataclass\n\n\n@dataclass(weakref_slot=True, slots=True)\nclass Odd:\n    name: str\n"
    )

    with pytest.raises(Unfit, match=r"odd\.py:5: Odd is a dataclass with weakref_slot"):
        rewritten(source, "odd.py")


def test_what_is_written_in_capitals_and_set_once_becomes_final() -> None:
    """So it is not looked up; members of enumerations and what is set again stay as they are."""
    source = "\n".join(
        (
            "from __future__ import annotations",
            "LIMIT = 5",
            '_WORDS: Final = ("a", "b")',
            "_TABLE: dict[str, int] = {}",
            "_JOB = StepKind.JOB",
            "_COUNT = 0",
            "_COUNT = 1",
            "_Value = TypeVar('_Value')",
        )
    )

    assert with_final(source).split("\n")[1:] == [
        "LIMIT: _constants.Final = 5",
        '_WORDS: _constants.Final[tuple[str, ...]] = ("a", "b")',
        "_TABLE: _constants.Final[dict[str, int]] = {}",
        "_JOB = StepKind.JOB",
        "_COUNT = 0",
        "_COUNT = 1",
        "_Value = TypeVar('_Value')",
    ]


def test_constants_become_final_beside_a_dataclass_too() -> None:
    """What is written for dataclasses goes into the same line as the import for constants."""
    source = (PACKAGES["loopwatch_processor"] / "loopwatch_processor/bounds.py").read_text("utf-8")

    assert "_BOXES: _constants.Final = 16_384" in with_final(rewritten(source, "bounds.py"))


def test_a_value_is_copied_by_a_method_of_its_own() -> None:
    """In the place of one that looks its fields up."""
    source = (
        '\nfrom x import value\n\n\n@value\nclass Place:\n    """Of a call."""\n    name: str\n    line: int = 0\n\n'
    )

    assert "    def __copy__(self) -> Place: return Place(self.name, self.line)" in rewritten(source, "place.py").split(
        "\n"
    )
