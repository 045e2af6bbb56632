"""The worker process: `python -m portal.worker` takes due rows until it is told to stop.

SIGTERM and Ctrl-C end it after the row in hand; a killed worker's lease runs out by itself.
"""

import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import structlog

from portal.app import create_app
from portal.core import jobs
from portal.core.config import ConfigError

log = structlog.get_logger(__name__)


def main() -> None:
    """Run until told to stop."""
    stop = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)

    def stopping() -> Iterator[bool]:
        while True:
            yield stop

    try:
        app = create_app(commands=False)
    except ConfigError as problem:
        sys.exit(str(problem))
    log.info("worker started", pid=os.getpid())
    with app.app_context():
        jobs.loop(stopping())
    log.info("worker stopped", pid=os.getpid())


if __name__ == "__main__":
    main()
