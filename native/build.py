"""Compile the hot path with mypyc, from the very source that runs uncompiled.

    python -m native.build FOLDER      # puts both packages there, ready for PYTHONPATH

Wheels are built by the hook in hatch_build.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from native.constants import with_final
from native.modules import AGENT_SIDE, SERVICE
from native.records import rewritten

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"loopwatch": ROOT / "semconv", "loopwatch_processor": ROOT / "processor"}
_LIBRARY = "loopwatch_hot_path"
_OPTIMISATION = "1"
_MYPY = ("--explicit-package-bases", "--namespace-packages", "--config-file=")


def build(folder: Path, scratch: Path) -> list[Path]:
    """Copy both packages into *folder* and compile the hot path there; return what was compiled, relative to it.

    *scratch* keeps what a next build of nearly the same source can use again.

    Raises:
        ImportError: mypyc is not installed.
        OSError, subprocess.CalledProcessError: there is no C compiler, or it failed.
        SystemExit: the types of the source are wrong.
    """
    generated = scratch / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    for name, above in PACKAGES.items():
        for place in (folder, scratch / "source"):
            shutil.rmtree(place / name, ignore_errors=True)
            shutil.copytree(above / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    extensions = _generated(scratch / "source", generated)
    parts = [(extension, scratch / "source" / part) for extension in extensions for part in extension.sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_compile, parts))
        return list(pool.map(lambda extension: _link(extension, folder, scratch / "source"), extensions))


def sources(folder: Path) -> list[Path]:
    """The modules to compile, of the packages in *folder*."""
    return sorted({path for pattern in _patterns() for path in folder.glob(pattern) if _is_plain(path)})


def _patterns() -> Iterator[str]:
    yield from (f"loopwatch/{name}.py" for name in AGENT_SIDE)
    yield from (f"loopwatch_processor/{name}.py" for name in SERVICE)


def _is_plain(path: Path) -> bool:
    text = path.read_text("utf-8")
    return bool(text) and "from pydantic import" not in text


def _generated(source: Path, generated: Path) -> list[Any]:
    """The extensions that mypyc makes of *source*, as C in *generated*."""
    import setuptools  # type: ignore[import-untyped]  # noqa: F401 - before mypyc, which else wants distutils of the standard library
    from mypyc.build import mypycify

    modules = sources(source)
    for path in modules:
        text = path.read_text("utf-8")
        path.write_text(with_final(rewritten(text, str(path.relative_to(source)))), "utf-8")
    options = [*_MYPY, f"--cache-dir={generated.parent / 'cache'}"]
    os.environ["MYPYPATH"] = str(source)
    before = Path.cwd()
    os.chdir(source)  # mypyc names modules, and lines of tracebacks, by where they are from here
    try:
        return mypycify(
            [*options, *(str(path.relative_to(source)) for path in modules)],
            opt_level=_OPTIMISATION,
            debug_level="0",
            multi_file=True,  # a file for each module: the compiler can take several at once
            target_dir=str(generated),
            group_name=_LIBRARY,
        )
    finally:
        os.chdir(before)


def _compile(part: tuple[Any, Path]) -> None:
    """Unless nothing that goes into it has changed since an earlier build."""
    extension, source = part
    made, newest = source.with_suffix(".o"), max(Path(name).stat().st_mtime for name in [source, *extension.depends])
    if not made.exists() or made.stat().st_mtime <= newest:
        folders = [sysconfig.get_paths()["include"], *extension.include_dirs]
        flags = ["-fPIC", "-DNDEBUG", "-w", *extension.extra_compile_args, *(f"-I{folder}" for folder in folders)]
        _run([*_compiler(), *flags, "-c", source, "-o", made])


def _link(extension: Any, folder: Path, source: Path) -> Path:
    made = Path(f"{extension.name.replace('.', '/')}{sysconfig.get_config_var('EXT_SUFFIX')}")
    parts = [(source / part).with_suffix(".o") for part in extension.sources]
    _run([*_compiler(), "-shared", "-o", folder / made, *parts])
    return made


def _compiler() -> list[str]:
    return (os.environ.get("CC") or "cc").split()


def _run(command: Iterable[str | Path]) -> None:
    subprocess.run(list(map(str, command)), check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    print(f"compiled {len(build(target, target / '.scratch')) - 1} modules into {target}")  # noqa: T201
