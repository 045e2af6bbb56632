"""The one WSGI entry: `granian --interface wsgi wsgi:app`, `gunicorn wsgi:app`, `flask`."""

import ctypes
import gc
import signal
import sys

from portal.app import create_app
from portal.core.config import ConfigError

PR_SET_PDEATHSIG = 1
SERVERS = frozenset({"granian", "gunicorn", "waitress"})
BOOT_ERROR = 3  # with which gunicorn's workers tell it not to try for ever

if sys.platform == "linux" and "granian" in sys.modules:
    # A killed granian leaves workers that keep the port and serve old code: they go with their parent.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

serving = not SERVERS.isdisjoint(sys.modules)
try:
    app = create_app(commands=not serving)
except ConfigError as problem:
    # Whoever starts the portal or types a command needs the list, not where in our code it was made.
    sys.stderr.write(f"{problem}\n")
    sys.exit(BOOT_ERROR if serving else 1)

if serving:
    # What stands after the start stays: the collector of garbage need not look through it time and again.
    gc.collect()
    gc.freeze()
