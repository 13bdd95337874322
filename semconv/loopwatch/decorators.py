"""``@agent`` and ``@tool``: a function is a run of an agent, or a tool; both serve ``def`` and ``async def``."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, cast, overload

from loopwatch._safely import safely, warn_once
from loopwatch.session import session
from loopwatch.tool import ToolCall, tool_call

P = ParamSpec("P")
T = TypeVar("T")


@overload
def tool(function: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def tool(
    *,
    name: str | None = None,
    side_effect: str | None = None,
    identity: Sequence[str] | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    side_effect: str | None = None,
    identity: Sequence[str] | None = None,
) -> Any:
    """Make every call of the decorated function a tool call: its arguments by name, its return value the result.

    *name* is the function's own by default; the rest as in :func:`loopwatch.tool_call`. Raises, when it is
    called: BudgetExceeded, where the session has a limit without room for it.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        label = name or str(getattr(function, "__name__", "tool"))
        arguments_of = _argument_reader(function)

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> ToolCall:
            arguments = safely(arguments_of, args, kwargs)
            return tool_call(label, arguments, side_effect=side_effect, identity=identity)

        return _wrapped(function, begin, ToolCall.result)

    return decorate if function is None else decorate(function)


@overload
def agent(function: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def agent(*, name: str | None = None, **options: Any) -> Callable[[Callable[P, T]], Callable[P, T]]: ...
def agent(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Make every call of the decorated function one run of an agent.

    *name* is the function's own by default; *options* as in :func:`loopwatch.session`.
    """
    label = name

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        session(label or "agent", **options)  # an unknown option is an error here, not in the first call
        own = label or str(getattr(function, "__name__", "agent"))
        return _wrapped(function, lambda *_: session(own, **options), None)

    return decorate if function is None else decorate(function)


def _wrapped(
    function: Callable[..., Any],
    begin: Callable[[tuple[Any, ...], dict[str, Any]], Any],
    record: Callable[[Any, Any], None] | None,
) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        name = getattr(function, "__qualname__", repr(function))
        warn_once(
            f"generator:{name}",
            f"loopwatch: {name} is a generator function and is not watched: "
            "put with tool_call(…) or with session(…) around its use",
        )
        return function
    return _async(function, begin, record) if inspect.iscoroutinefunction(function) else _sync(function, begin, record)


def _sync(function: Callable[..., Any], begin: Any, record: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with begin(args, kwargs) as opened:
            result = function(*args, **kwargs)
            if record is not None:
                record(opened, result)
            return result

    return call


def _async(function: Callable[..., Any], begin: Any, record: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with begin(args, kwargs) as opened:
            result = await function(*args, **kwargs)
            if record is not None:
                record(opened, result)
            return result

    return call


def _argument_reader(
    function: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, Any]]:
    signature = safely(inspect.signature, function)

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        if signature is None:
            return {"args": args, **kwargs} if args else kwargs
        bound = signature.bind_partial(*args, **kwargs)
        flat: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                flat.update(cast("Mapping[str, Any]", value))
            elif name not in ("self", "cls"):
                flat[name] = value
        return flat

    return read
