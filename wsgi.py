"""The one WSGI entry: `granian --interface wsgi wsgi:app`, `gunicorn wsgi:app`, `flask`."""

import ctypes
import gc
import signal
import sys

from portal.app import create_app

PR_SET_PDEATHSIG = 1
SERVERS = frozenset({"granian", "gunicorn", "waitress"})

if sys.platform == "linux" and "granian" in sys.modules:
    # A killed granian leaves workers that keep the port and serve old code: they go with their parent.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

serves = not SERVERS.isdisjoint(sys.modules)
app = create_app(commands=not serves)

if serves:
    # What stands after the start stays: the collector of garbage need not look through it time and again.
    gc.collect()
    gc.freeze()
