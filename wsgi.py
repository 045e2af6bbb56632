"""The one WSGI entry: `granian --interface wsgi wsgi:app`, `gunicorn wsgi:app`, `flask`."""

from portal.app import create_app

app = create_app()
