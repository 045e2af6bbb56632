"""Several people at the same instant, each with a thread and a session of their own."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from portal.core import tenancy
from portal.core.db import db
from portal.core.errors import PortalError
from portal.core.tenancy import Town


def at_once(app: Flask, town: Town, *acts: Callable[[], Any]) -> list[str]:
    """Run the acts at the same instant; how each fared."""
    barrier, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        with app.app_context():
            tenancy.enter(town.id)
            barrier.wait()
            try:
                act()
                results.append("done")
            except PortalError as problem:
                results.append(type(problem).__name__)
            finally:
                db.session.remove()

    db.session.close()
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
