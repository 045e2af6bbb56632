"""Flask extensions, made unbound here and bound in `portal/app.py`."""

from flask import request
from flask_babel import Babel
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from portal.core.db import db, refuse_writing


class FormProtection(CSRFProtect):  # type: ignore[misc]
    """Tokens against forged forms, without the loss of what was typed.

    A page that was open for too long, or over a sign-in, sends a token that is no longer good. Where the same
    address shows the form, the view goes on: the form finds its token wrong, so it is shown again with
    everything typed and a new token. Nothing can be written meanwhile, whatever the view does.
    """

    def protect(self, **options: bool) -> None:
        """Check the token of this request. Raises CSRFError where no form can be shown again."""
        try:
            super().protect(**options)
        except CSRFError as problem:
            rule = request.url_rule
            if rule is None or "GET" not in (rule.methods or ()):
                raise
            refuse_writing(problem)


babel = Babel()
login_manager = LoginManager()
csrf = FormProtection()

__all__ = ["babel", "csrf", "db", "login_manager"]
