"""``@job_submitter`` and ``@job_worker``: the two ends of a queue; both serve ``def`` and ``async def``."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from loopwatch._safely import safely
from loopwatch.job import Job, job, job_queued

P = ParamSpec("P")
T = TypeVar("T")


def job_submitter(
    type: str,  # noqa: A002 - the attribute's name
    *,
    id: Callable[[Any], Any],  # noqa: A002 - the attribute's name
    queue: str | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Say, whenever the decorated function returns, that a job of the kind *type* was put into *queue*.

    *id* takes what the function returned and tells the job's id, such as ``lambda result: result.id``; where that is
    None nothing was queued. A function that raises has queued nothing.
    """

    def queued(result: Any) -> None:
        own = safely(id, result)
        if own is not None:
            job_queued(type, str(own), queue)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            def submit(*args: Any, **kwargs: Any) -> Any:
                result = function(*args, **kwargs)
                queued(result)
                return result

            return submit

        @functools.wraps(function)
        async def submit_async(*args: Any, **kwargs: Any) -> Any:
            result = await function(*args, **kwargs)
            queued(result)
            return result

        return submit_async

    return decorate


def job_worker(
    type: str,  # noqa: A002 - the attribute's name
    *,
    id: Callable[..., Any],  # noqa: A002 - the attribute's name
    queue: str | None = None,
    attempt: Callable[..., int | None] | None = None,
    flush_s: float = 0.0,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make every call of the decorated function the work on one job, as :func:`loopwatch.job` does.

    *id* and *attempt* are called with the function's own arguments and tell the job's id, and which try this is.
    """

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Job:
        own = safely(lambda: id(*args, **kwargs))
        tried = None if attempt is None else safely(lambda: attempt(*args, **kwargs))
        return job(type, id=None if own is None else str(own), queue=queue, attempt=tried, flush_s=flush_s)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            def work(*args: Any, **kwargs: Any) -> Any:
                with begin(args, kwargs):
                    return function(*args, **kwargs)

            return work

        @functools.wraps(function)
        async def work_async(*args: Any, **kwargs: Any) -> Any:
            async with begin(args, kwargs):
                return await function(*args, **kwargs)

        return work_async

    return decorate
