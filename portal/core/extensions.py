"""Flask extensions, made unbound here and bound in `portal/app.py`."""

from flask_babel import Babel
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from portal.core.db import db

babel = Babel()
login_manager = LoginManager()
csrf = CSRFProtect()

__all__ = ["babel", "csrf", "db", "login_manager"]
