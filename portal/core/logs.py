"""Lines of the log as JSON, without what people wrote: of an error its kind and its way, not its words (R37).

The words of an error quote values: a database names the address that was there already, a parser the text it
could not read.
"""

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure() -> None:
    """Set the processors; called once by the application."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            errors_without_words,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def errors_without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into the kinds of the errors and the places they passed, cause last."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()[1]
    if isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["exception"] = [
            {
                "error": _kind(problem),
                "at": [_place(frame) for frame in traceback.extract_tb(problem.__traceback__)],
            }
            for problem in _chain(info)
        ]
    return event


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)


def _kind(problem: BaseException) -> str:
    return f"{type(problem).__module__}.{type(problem).__qualname__}"


def _place(frame: traceback.FrameSummary) -> str:
    return f"{frame.filename}:{frame.lineno} {frame.name}"
