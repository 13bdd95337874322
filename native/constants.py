"""Constants as mypyc wants them: final, so that they are read from where the C compiler puts them.

Any other name of a module is looked up in its dictionary each time. A tuple of texts is given as one of any length:
one of a known length is kept as its parts, and made anew wherever a tuple is asked for.

No line moves, as in `native.records`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]+$")
_FUTURE = "from __future__ import annotations"
_TEXTS = "_constants.Final[tuple[str, ...]]"


def with_final(source: str) -> str:
    """The *source* of a module with `Final` for what is written in capitals and assigned once.

    Members of enumerations are left as they are: the type checker would take what is compared with one for settled.
    """
    lines, tree = source.split("\n"), ast.parse(source)
    # `native.records` may have put something behind it already.
    future = next((at for at, line in enumerate(lines) if line.startswith(_FUTURE)), None)
    if future is None:
        return source
    lines[future] += "; import typing as _constants"
    assigned = Counter(part.id for part in ast.walk(tree) if isinstance(part, ast.Name) and _is_set(part))
    for part in tree.body:
        target = part.targets[0] if isinstance(part, ast.Assign) else getattr(part, "target", None)
        if isinstance(target, ast.Name) and _CONSTANT.match(target.id) and assigned[target.id] == 1:
            _finalise(part, target.id, lines)
    return "\n".join(lines)


def _is_set(part: ast.Name) -> bool:
    return isinstance(part.ctx, ast.Store)


def _finalise(part: ast.stmt, name: str, lines: list[str]) -> None:
    line = lines[part.lineno - 1]
    if isinstance(part, ast.Assign):
        if len(part.targets) == 1 and not isinstance(part.value, ast.Attribute):
            kind = _TEXTS if _is_texts(part.value) else "_constants.Final"
            lines[part.lineno - 1] = f"{name}: {kind}{line[len(name) :]}"
    elif isinstance(part, ast.AnnAssign) and part.annotation.end_lineno == part.lineno and part.value is not None:
        start, end = part.annotation.col_offset, part.annotation.end_col_offset
        said = line[start:end]
        if _is_texts(part.value) and said in {"Final", "tuple[str, ...]"}:
            lines[part.lineno - 1] = f"{line[:start]}{_TEXTS}{line[end:]}"
        elif not said.startswith("Final"):
            lines[part.lineno - 1] = f"{line[:start]}_constants.Final[{said}]{line[end:]}"


def _is_texts(value: ast.expr) -> bool:
    return (
        isinstance(value, ast.Tuple)
        and len(value.elts) > 1
        and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in value.elts)
    )
