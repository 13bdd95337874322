"""Dataclasses as mypyc wants them: a rewriting of the source before it is compiled, line by line the same.

mypyc makes a class native, with its fields at fixed places, where the class has no decorator but a plain `@dataclass`;
the `__init__` that `dataclasses` generates stays interpreted even then. `slots=True`, `frozen=True` and our own
`@value` make ordinary classes of them, slower than uncompiled ones. So each becomes
`@dataclass(init=False, ...)` with an `__init__` that says the same: 0.05 µs for a value of six fields instead of 1.1
to 1.6. They may be pickled, as they may be uncompiled. A value, which is what `replace` copies, is given a `__copy__`
of its own, too, which takes a sixth of the instructions.

No line moves, so that a traceback of compiled code names the lines of the source.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import pairwise

_OWN_VALUE = "value"
"""`loopwatch_processor.values.value`."""
_FIXED = re.compile(r"#|^ *(match|case|type)\b")
"""A line that cannot go behind another: no comment would end, and a soft keyword would be one."""
_FUTURE = "from __future__ import annotations"
_IMPORTS = "import dataclasses as _dataclasses, typing as _typing"
# Needed to compile alone: `mypy_extensions` is nothing that the service must have.
# Without subclasses a class that may be pickled is not initialised when interpreted code makes one (mypyc 2.4.1).
_PICKLED = "@_native.mypyc_attr(allow_interpreted_subclasses=True, serializable=True)"
_PICKLED_IMPORT = "if _typing.TYPE_CHECKING: import mypy_extensions as _native"


class Unfit(Exception):
    """A dataclass that cannot be rewritten: says which and why."""


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    default: str
    """As source; "" where it has none."""
    factory: str
    given: bool
    """Whether `__init__` takes it."""
    named: bool
    """Whether it takes it by name only."""


def rewritten(source: str, path: str) -> str:
    """The *source* of the module at *path* with native dataclasses.

    Raises:
        Unfit: a dataclass uses what this does not know.
    """
    lines = source.split("\n")
    module = ast.parse(source).body
    classes = [item for item in module if isinstance(item, ast.ClassDef) and _is_rewritten(item)]
    if not classes:
        return source
    for item in classes:
        _rewrite(item, lines, path)
    # Above a class are two empty lines; the second says that it may be pickled.
    first = min([classes[0].lineno, *(found.lineno for found in classes[0].decorator_list)])
    if lines[first - 3]:
        raise Unfit(f"{path}:{first}: wants two empty lines above {classes[0].name}")
    lines[first - 3] = _PICKLED_IMPORT
    after_docstring = module[0].end_lineno or 0
    at = lines.index(_FUTURE) if _FUTURE in lines else lines.index("", after_docstring)
    lines[at] = f"{lines[at]}; {_IMPORTS}".removeprefix("; ")
    return "\n".join(lines)


def _is_rewritten(item: ast.ClassDef) -> bool:
    if not item.decorator_list:  # with slots of its own it may be part of a session, and is packed with it
        return not item.bases and any("__slots__" in map(ast.unparse, _targets(part)) for part in item.body)
    return any(_is_record(found) or _has_lazy(found) for found in item.decorator_list)


def _targets(part: ast.stmt) -> list[ast.expr]:
    return part.targets if isinstance(part, ast.Assign) else []


def _with_kept(item: ast.ClassDef, lines: list[str]) -> None:
    """`@lazy` as a property and a field beside it: a native class has no `__dict__` to keep what was read."""
    methods = [part for part in item.body if isinstance(part, ast.FunctionDef) and _is_lazy(part)]
    kept = [_keep(method, lines) for method in methods]
    _keep_what_is_set(item, {method.name for method in methods}, lines)
    lines[(item.body[0].end_lineno or 0) - 1] += "; " + "; ".join(kept)
    lines[item.decorator_list[0].lineno - 1] = _PICKLED


def _keep_what_is_set(item: ast.ClassDef, names: set[str], lines: list[str]) -> None:
    """A method that sets a lazy property ahead of its reading sets the field."""
    for part in ast.walk(item):
        target = part.targets[0] if isinstance(part, ast.Assign) else None
        if isinstance(part, ast.Assign) and isinstance(target, ast.Attribute) and target.attr in names:
            line, end = lines[part.lineno - 1], part.end_col_offset
            set_to = f"{ast.unparse(target.value)}._kept_{target.attr} = ({ast.unparse(part.value)},)"
            lines[part.lineno - 1] = line[: part.col_offset] + set_to + line[end:]


def _has_lazy(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == "has_lazy"


def _is_lazy(method: ast.FunctionDef) -> bool:
    return any(isinstance(found, ast.Name) and found.id == "lazy" for found in method.decorator_list)


def _keep(method: ast.FunctionDef, lines: list[str]) -> str:
    """Turn the *method* into one that reads, with a property above it; the field that it needs."""
    kind, name = ast.unparse(method.returns or ast.Name("object")), method.name
    said, boxed = f"self._kept_{name}", f"tuple[{kind}]"  # in a tuple, so that None may be kept
    at = method.decorator_list[0].lineno - 1
    lines[at - 1] = "    @property"
    lines[at] = (
        f"    def {name}(self) -> {kind}: "
        f"{said} = (self._read_{name}(),) if {said} is None else {said}; return {said}[0]"
    )
    lines[method.lineno - 1] = lines[method.lineno - 1].replace(f"def {name}(", f"def _read_{name}(", 1)
    return f"_kept_{name}: {boxed} | None = None"


def _rewrite(item: ast.ClassDef, lines: list[str], path: str) -> None:
    decorator = next((found for found in item.decorator_list if _is_record(found)), None)
    if decorator is None and item.decorator_list:
        _with_kept(item, lines)
        return
    if not lines[(decorator or item).lineno - 2]:
        lines[(decorator or item).lineno - 2] = _PICKLED
    if decorator is None:
        return
    options = {word.arg: ast.unparse(word.value) for word in getattr(decorator, "keywords", ())}
    if unknown := options.keys() - {"frozen", "slots", "eq", "init", "order"}:
        raise Unfit(f"{path}:{item.lineno}: {item.name} is a dataclass with {', '.join(sorted(map(str, unknown)))}")
    is_frozen = options.get("frozen") == "True" and options.get("eq") != "False"
    is_value = isinstance(decorator, ast.Name) and decorator.id == _OWN_VALUE
    if is_value:
        _put_below(item, lines, _copy(item, path), path)
    if is_frozen or is_value:
        options["unsafe_hash"] = "True"
    kept = {name: text for name, text in options.items() if name not in {"frozen", "slots", "init"}}
    said = ", ".join(f"{name}={text}" for name, text in {"init": "False", **kept}.items())
    lines[decorator.lineno - 1] = f"@_dataclasses.dataclass({said})"
    if "init" in options or any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in item.body):
        return
    _put(item, lines, _init(item, path), path)


def _is_record(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id in {"dataclass", _OWN_VALUE}


def _init(item: ast.ClassDef, path: str) -> str:
    fields = [_field(part, path) for part in item.body if isinstance(part, ast.AnnAssign) and _is_field(part)]
    taken = ["self"]
    named: list[str] = []
    set_to = []
    for field in fields:
        value = field.name
        if not field.given:
            if not field.factory and not field.default:  # for `__post_init__` to set
                continue
            value = f"{field.factory}()" if field.factory else field.default
        elif field.factory:
            if field.kind.endswith("| None"):
                raise Unfit(f"{path}:{item.lineno}: {item.name}.{field.name} may be None and has a factory")
            value = f"{field.factory}() if {field.name} is None else {field.name}"
            (named if field.named else taken).append(f"{field.name}: {field.kind} | None = None")
        else:
            default = f" = {field.default}" if field.default else ""
            (named if field.named else taken).append(f"{field.name}: {field.kind}{default}")
        set_to.append(f"self.{field.name} = {value}")
    if any(isinstance(part, ast.FunctionDef) and part.name == "__post_init__" for part in item.body):
        set_to.append("self.__post_init__()")
    taken += ["*", *named] if named else []
    return f"def __init__({', '.join(taken)}) -> None: {'; '.join(set_to)}"


def _copy(item: ast.ClassDef, path: str) -> str:
    fields = [_field(part, path) for part in item.body if isinstance(part, ast.AnnAssign) and _is_field(part)]
    given = ", ".join(f"{field.name}=self.{field.name}" if field.named else f"self.{field.name}" for field in fields)
    return f"def __copy__(self) -> {item.name}: return {item.name}({given})"


def _is_field(part: ast.AnnAssign) -> bool:
    return "ClassVar" not in ast.unparse(part.annotation)


def _field(part: ast.AnnAssign, path: str) -> _Field:
    name, kind = ast.unparse(part.target), ast.unparse(part.annotation)
    if not (isinstance(part.value, ast.Call) and ast.unparse(part.value.func) == "field"):
        return _Field(name, kind, ast.unparse(part.value) if part.value else "", "", True, False)
    said = {word.arg: ast.unparse(word.value) for word in part.value.keywords}
    if unknown := said.keys() - {"default", "default_factory", "init", "repr", "compare", "kw_only"}:
        raise Unfit(f"{path}:{part.lineno}: the field {name} has {', '.join(sorted(map(str, unknown)))}")
    factory = said.get("default_factory", "")
    factory = f"({factory})" if factory.startswith("lambda") else factory
    default = said.get("default", "")
    return _Field(name, kind, default, factory, said.get("init") != "False", said.get("kw_only") == "True")


def _put_below(item: ast.ClassDef, lines: list[str], method: str, path: str) -> None:
    """Write *method* on the first of the empty lines below the class."""
    below = item.end_lineno or 0
    if lines[below]:
        raise Unfit(f"{path}:{below}: wants an empty line below {item.name}")
    lines[below] = f"    {method}"


def _put(item: ast.ClassDef, lines: list[str], method: str, path: str) -> None:
    """Write *method* into the class on a line that becomes free by joining two statements."""
    simple = [part for part in item.body if isinstance(part, ast.AnnAssign | ast.Expr)]
    for one, other in pairwise(simple):
        upper, lower = (one.end_lineno or 0) - 1, other.lineno - 1
        if (
            upper < lower
            and other.lineno == other.end_lineno
            and "#" not in lines[upper]
            and not _FIXED.search(lines[lower])
        ):
            lines[upper] += "; " + lines[lower].strip()
            lines[lower] = f"    {method}"
            return
    raise Unfit(f"{path}:{item.lineno}: no line of {item.name} is free for its __init__")
