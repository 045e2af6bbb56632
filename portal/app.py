"""`create_app()`: settings → extensions → requests → modules → commands. Nothing else wires the portal."""

from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from portal.core import actor, logs, metrics, policy, proof, throttle
from portal.core.config import PACKAGE, Mode, Settings, read
from portal.core.db import db, engine_options, prepare_engine
from portal.core.extensions import babel, csrf, login_manager
from portal.core.i18n import CATALOGUES, TEMPLATE_FILTERS, TEMPLATE_GLOBALS, current_locale
from portal.core.registry import registry
from portal.core.sealed import ring
from portal.core.taking import Watch
from portal.core.tokens import signer
from portal.modules import MODULES
from portal.ui import http
from portal.ui.gateway import Gateway
from portal.ui.page_cache import PageCache
from portal.ui.pages import STATIC, asset
from portal.ui.templating import PageEnvironment, kept, url_for

MAX_BODY = 90 * 1024 * 1024
MAX_FORM_MEMORY = 1024 * 1024
MAX_FORM_PARTS = 1000


def create_app(settings: Settings | None = None, *, commands: bool = True) -> Flask:
    """The portal as a WSGI application. Raises ConfigError for weak or missing settings.

    Without `commands` it only serves: a process that answers requests carries no migrations and no catalogues.
    """
    settings = settings or read()
    settings.data.mkdir(parents=True, exist_ok=True)
    app = Flask("portal", static_folder=None, template_folder=None)
    app.jinja_environment = PageEnvironment  # Before any extension asks for it.
    _configure(app, settings)
    # The check of where a request comes from stands before the one of its token.
    http.prepare(app, settings)
    _extensions(app, settings)
    _modules(app)
    _templates(app, settings)
    _static(app, settings)
    if commands:
        from portal.core import cli  # noqa: PLC0415 - 10 MB and a fifth of the start

        cli.register(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    ring.load(settings.seal_keys, settings.secret_key)
    signer.load(settings.secret_key)
    throttle.relax(off=settings.relaxed)
    proof.ask(settings.proof_bits, settings.proof_pause)
    app.extensions["portal.settings"] = settings
    app.extensions["portal.taking"] = Watch(app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_MEMORY,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        BABEL_TRANSLATION_DIRECTORIES=str(CATALOGUES),
        BABEL_DEFAULT_LOCALE="pl",
        WTF_CSRF_TIME_LIMIT=None,
        # WTForms keeps its own messages; Flask-WTF reads their file anew with each form that was sent.
        WTF_I18N_ENABLED=False,
        WTF_CSRF_SSL_STRICT=settings.secure,
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure else "portal",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PREFERRED_URL_SCHEME="https" if settings.secure else "http",
        TESTING=settings.mode is Mode.TEST,
    )
    logs.configure()
    metrics.prepare(settings)


def _extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    babel.init_app(app, locale_selector=current_locale)
    login_manager.init_app(app)
    csrf.init_app(app)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]


def _modules(app: Flask) -> None:
    registry.load(MODULES)
    for module in MODULES:
        policy.register(module.permissions)
    known = policy.permissions()
    problems = [text for m in MODULES for w in m.workflows for text in w.problems(known)]
    if problems:
        raise ValueError("Workflow tables are not sound: " + "; ".join(problems))
    for module in MODULES:
        http.add_routes(app, module)
        for route in module.routes:
            if not route.csrf:
                csrf.exempt(app.view_functions[f"{module.name}.{route.endpoint}"])
        for operation in module.api:  # They read no cookie.
            csrf.exempt(app.view_functions[f"api.{operation.name}"])
        if module.start:
            with app.app_context():
                module.start()


def _templates(app: Flask, settings: Settings) -> None:
    folders = [Path(PACKAGE / "ui" / "templates")]
    folders += [Path(module.templates) for module in MODULES if module.templates]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    app.jinja_env.auto_reload = False
    app.jinja_env.filters.update(TEMPLATE_FILTERS)
    app.jinja_env.globals.update(
        **TEMPLATE_GLOBALS,
        asset=asset,
        kept=kept,
        url_for=url_for,
        can=lambda permission, thing=None: policy.can(actor.current(), permission, thing),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.mode is not Mode.PRODUCTION:
        app.jinja_env.undefined = StrictUndefined


def _static(app: Flask, settings: Settings) -> None:
    """Page cache, clean environment, static files, and then Flask; under any server."""

    def harden(headers: object, path: str, _url: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"  # type: ignore[index]
        if path.endswith(".svg"):
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"  # type: ignore[index]

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=STATIC if STATIC.is_dir() else None,
        prefix="/static/",
        max_age=http.YEAR,
        immutable_file_test=lambda _path, url: "-" in url,
        add_headers_function=harden,
        allow_all_origins=False,
    )
    cached = PageCache(Gateway(app.wsgi_app), app, settings)
    app.extensions["portal.page_cache"] = app.wsgi_app = cached  # type: ignore[method-assign]
