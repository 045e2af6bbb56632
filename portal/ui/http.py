"""Requests: routes from the registry, language and municipality from the address, permissions at the door,
security headers, and one page for every error. Views never decide on headers or status codes of refusals.
"""

import secrets
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import BaseConverter, IntegerConverter, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from portal.core import actor as actors
from portal.core import i18n, metrics, taking, tenancy
from portal.core.config import Settings
from portal.core.db import db, is_busy, is_full, refuse_writing
from portal.core.errors import (
    Busy,
    Full,
    Invalid,
    Missing,
    NotAllowed,
    PortalError,
    ReadOnly,
    TooMany,
    Unexplained,
)
from portal.core.i18n import DEFAULT_LOCALE, LOCALES, Text, gettext
from portal.core.i18n import lazy_gettext as _l
from portal.core.policy import Help, can
from portal.core.registry import PUBLIC, Module, Place, Route
from portal.ui import api
from portal.ui.gateway import host_of
from portal.ui.page_cache import ENDPOINT, NOTE
from portal.ui.pages import manifest, page

log = structlog.get_logger(__name__)

PREFIX = {Place.TOWN: "/<lang:lang>/<slug:town>", Place.PORTAL: "/<lang:lang>", Place.BARE: ""}
CACHE_NOTE = NOTE
"""Private header by which a view tells the page cache that its answer may be kept; never sent."""
JSON_PLACES = ("/api/", "/open311/", "/map/")
READING = ("GET", "HEAD", "OPTIONS")
YEAR = 365 * 24 * 3600
LARGEST_ID = 2**63 - 1
NOT_KEPT = frozenset({"csrf_token", "password", "new_password", "code"})
"""Fields a page that sends a form again does not repeat: the token is made anew, secrets are typed anew."""
NOT_TYPED = frozenset({"form_key", "website", "version", "go", "wanted", "next"})
"""Fields our own pages fill."""


class LangConverter(BaseConverter):
    """One of the portal's languages."""

    regex = "(?:" + "|".join(LOCALES) + ")"
    part_isolating = True


class SlugConverter(BaseConverter):
    """A short name in an address: letters, digits and hyphens; capitals are typed, never linked."""

    regex = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
    part_isolating = True


class NumberConverter(IntegerConverter):
    """A whole number that a database can hold: anything larger names nothing."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number. Ids may have 63 bits, so the count of digits alone does not tell."""
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


MOST_HEARD = 8 * 1024 * 1024
"""Bytes of a refused body that are read all the same."""


def prepare(app: Flask, settings: Settings) -> None:
    """Hang everything below on the application; before any route is added."""
    app.url_map.converters.update(lang=LangConverter, slug=SlugConverter, int=NumberConverter)
    app.url_map.strict_slashes = False
    app.url_value_preprocessor(_read_address)
    app.url_defaults(_keep_address)
    app.before_request(_start_clock)
    app.before_request(lambda: _before(settings))
    app.after_request(lambda response: _after(response, settings))
    app.teardown_request(_leave)
    app.register_error_handler(PortalError, _refused)
    app.register_error_handler(ReadOnly, closed_page)
    app.register_error_handler(Full, closed_page)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _crashed)


def add_routes(app: Flask, module: Module) -> None:
    """Put a module's URL table on the map; endpoints are `<module>.<endpoint>`."""
    for route in module.routes:
        app.add_url_rule(
            PREFIX[route.place] + route.path,
            endpoint=f"{module.name}.{route.endpoint}",
            view_func=_door(route),
            methods=list(route.methods),
        )
    for operation in module.api:
        route = api.route_of(operation)
        app.add_url_rule(
            api.ROOT + route.path,
            endpoint=f"api.{operation.name}",
            view_func=_door(route),
            methods=list(route.methods),
        )


def _door(route: Route) -> Callable[..., Any]:
    @wraps(route.view)
    def enter(**values: Any) -> Any:
        _keep_reading()
        if route.permission != PUBLIC:
            verdict = can(actors.current(), route.permission)
            if not verdict:
                raise NotAllowed(verdict.reason, verdict.would_help)
        if request.method not in READING and not (route.vital or actors.current().is_staff):
            _take_forms()
        g.on_desk = "/desk" in route.path
        answer = route.view(**values)
        if route.cache is not None and request.method == "GET" and not actors.current().signed_in:
            town: tenancy.Town | None = g.get("town")
            if isinstance(answer, BaseResponse) and set(request.args) <= set(route.cache):
                answer.headers[CACHE_NOTE] = str(town.id if town else 0)
        return answer

    enter.route = route  # type: ignore[attr-defined]
    return enter


def _keep_reading() -> None:
    """While the portal is looked after, forms are refused and nothing is written by reading. Raises ReadOnly."""
    until = taking.now().read_only_until
    if until is None:
        return
    if request.method not in READING:
        raise ReadOnly(until)
    refuse_writing(ReadOnly(until))


def _take_forms() -> None:
    """Raise Full while the disk has no room for what residents send."""
    if not taking.now().forms:
        raise Full


def _read_address(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take language and municipality out of the view's arguments and set them for the request."""
    g.address_values = {}
    if not values:
        return
    for name in ("lang", "town"):
        if name in values:
            g.address_values[name] = values.pop(name)


def _keep_address(endpoint: str, values: dict[str, Any]) -> None:
    """Fill language and municipality into `url_for` where the address has them."""
    if endpoint not in current_app.view_functions:
        return  # No module offers this page; `url_for` says so in its own words.
    known = g.get("address_values", {})
    from_app = current_app.url_map
    for name in ("lang", "town"):
        if name not in values and from_app.is_endpoint_expecting(endpoint, name):
            value = known.get(name) or (i18n.current_locale() if name == "lang" else None)
            if value:
                values[name] = value


def _before(settings: Settings) -> None:
    g.shows_demo = settings.shows_demo
    lang = g.address_values.get("lang") if "address_values" in g else None
    i18n.speak(lang or _language_of(request.path))
    if host_of(request.host) not in settings.hosts:
        raise Missing(_l("This address does not belong to the portal."))
    if request.method not in READING:
        if not _same_site():
            raise NotAllowed(_l("This form was sent from another site. Open the page here and try again."))
        _need_a_forms_size()
    slug = g.address_values.get("town") if "address_values" in g else None
    if slug:
        g.town = tenancy.town(slug)
        tenancy.enter(g.town.id)
        i18n.speak(i18n.current_locale(), g.town.zone)


def _need_a_forms_size() -> None:
    """Only what carries files may be large; the framework itself counts the parts of that alone (R43)."""
    if request.mimetype == "multipart/form-data":
        return
    most: int = current_app.config["MAX_FORM_MEMORY_SIZE"]
    request.max_content_length = most
    if (request.content_length or 0) > most:
        _hear_out()
        raise RequestEntityTooLarge
    # Other bodies stay unread: a view may take less than this.
    if request.mimetype != "application/x-www-form-urlencoded":
        return
    if sum(map(len, request.form.listvalues())) > current_app.config["MAX_FORM_PARTS"]:
        raise RequestEntityTooLarge


def _hear_out() -> None:
    """Read what is being sent and keep nothing: who is hung up on in the middle never sees the answer."""
    body, left = request.environ["wsgi.input"], MOST_HEARD
    while left > 0 and (piece := body.read(min(left, 1 << 16))):
        left -= len(piece)


def _start_clock() -> None:
    g.began = time.perf_counter()


def _same_site() -> bool:
    """Whether the browser says the request comes from our own pages (R14); clients that say nothing may."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


def _language_of(path: str) -> str:
    first = path.strip("/").partition("/")[0]
    if first in LOCALES:
        return first
    return request.accept_languages.best_match(LOCALES) or DEFAULT_LOCALE


def _leave(_error: BaseException | None) -> None:
    tenancy.enter(None)
    actors.become(actors.NOBODY)


def _after(response: Response, settings: Settings) -> Response:
    # A refused or failing view may leave a transaction open; the session's own write must not wait for it.
    if db.session.registry.has():
        db.session.rollback()
    headers = response.headers
    for name, value in security_headers(secure=settings.secure, framed=g.get("framed", False)).items():
        headers.setdefault(name, value)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = _cache_control()
    if "Vary" not in headers and not headers["Cache-Control"].startswith("public"):
        headers["Vary"] = "Cookie"
    seconds = time.perf_counter() - g.began if "began" in g else None
    metrics.count(request.endpoint, response.status_code, seconds=seconds)
    if CACHE_NOTE in headers:
        request.environ[ENDPOINT] = request.endpoint
    return response


def _cache_control() -> str:
    """By kind of page (docs/performance.md): personal and form pages are never stored."""
    if g.get("on_desk") or "csrf_token" in g or request.method not in ("GET", "HEAD"):
        return "no-store"
    if actors.current().signed_in or actors.current().cases:
        return "private, no-cache"
    return "no-cache"


@lru_cache
def security_headers(*, secure: bool, framed: bool = False) -> dict[str, str]:
    """The same headers for every answer, cached or live (R15).

    `framed`: other sites may show it inside a page of theirs. Such a page holds no form and nothing of who reads it.
    """
    switch = manifest().get("inline-sha256", "")
    script = f"script-src 'self'{f' {switch!r}' if switch else ''}"
    forms, frames = ("'none'", "*") if framed else ("'self'", "'none'")
    policy = (
        f"default-src 'none'; {script}; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; base-uri 'none'; "
        f"form-action {forms}; frame-ancestors {frames}; "
        "object-src 'none'; report-uri /csp-report"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    if framed:
        del headers["X-Frame-Options"]  # It knows no way to allow everybody.
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
    return headers


_TITLES: dict[int, tuple[Text, Text]] = {
    401: (_l("Who are you?"), _l("Send a key of the municipality: Authorization: Bearer …")),
    400: (_l("The request could not be read"), _l("Go back, reload the page and try again.")),
    403: (_l("You cannot do this"), _l("You do not have the rights for this.")),
    404: (_l("Page not found"), _l("There is no such page, or it is not public.")),
    405: (_l("This page does not work that way"), _l("Go back, reload the page and try again.")),
    409: (_l("Somebody else changed this meanwhile"), _l("Open the page again and repeat your change.")),
    410: (_l("This link no longer works"), _l("Ask for a new one.")),
    413: (_l("This is too large"), _l("A file may have 10 MB at most. Go back and choose a smaller one.")),
    422: (_l("Something is missing or not right"), _l("Go back, check what you wrote and send it again.")),
    429: (_l("Too many attempts"), _l("Wait a little and try again.")),
    500: (
        _l("Something went wrong on our side"),
        _l(
            "What you had already sent is safe. Try again in a moment; if it happens again, tell us the number below."
        ),
    ),
    503: (
        _l("We are very busy right now"),
        _l("Nothing was lost. Wait a few seconds and send it again."),
    ),
}


def error_page(
    status: int,
    reason: Text = "",
    incident: str = "",
    retry_after: int | None = None,
    title: Text = "",
) -> Response:
    """The answer for a refusal: a page, or a problem document where machines ask."""
    usual, help_text = _TITLES.get(status, _TITLES[400 if status < 500 else 500])
    title = title or usual
    g.failed = status >= 500
    if request.path.startswith(JSON_PLACES):
        response = api.problem(status, str(title), str(reason or help_text))
    else:
        try:
            response = page(
                "ui/error.html",
                status,
                title=title,
                reason=reason or help_text,
                incident=incident,
                code=status,
                back_href=_page_before(),
            )
        except Exception:
            log.exception("the error page failed")
            response = Response(f"{status} {title}", status, mimetype="text/plain")
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page_before() -> str:
    """The page of ours that led here, such as the case whose move was refused; empty if there was none."""
    try:
        before = urlsplit(request.referrer or "")
    except ValueError:  # Whoever asks writes this header as they like.
        return ""
    # Two slashes would name another host.
    if before.netloc != request.host or before.path == request.path or before.path.startswith("//"):
        return ""
    return f"{before.path}?{before.query}" if before.query else before.path


def _helped(problem: PortalError) -> BaseResponse | None:
    """The way to what would turn a refusal into a yes, with everything typed kept; None where nothing would."""
    would_help = problem.would_help if isinstance(problem, NotAllowed | Missing) else None
    back = request.full_path.rstrip("?") if request.method == "GET" else request.path
    if would_help == Help.OPEN_CASE and _typed():
        # A case opened by its code closes after a while (R13), also while somebody is still writing.
        title = _l("Open your case again, then send it")
        follow_href, sign_in_href = url_for("initiatives.follow"), url_for("accounts.sign_in")
        return _send_again(problem.status, title, sign_in_href=sign_in_href, follow_href=follow_href)
    if isinstance(problem, Unexplained):
        if _typed():
            return _send_again(problem.status, problem.reason, ask_href=problem.ask_href)
        return redirect(f"{problem.ask_href}?{urlencode({'next': back})}", 303)
    if isinstance(problem, NotAllowed) and would_help in (Help.SIGN_IN, Help.SIGN_IN_AGAIN, Help.OPEN_CASE):
        return _to_sign_in(problem, back)
    return None


def _to_sign_in(problem: NotAllowed, back: str) -> BaseResponse:
    again = problem.would_help == Help.SIGN_IN_AGAIN
    enter = "accounts.sign_in_staff" if "/desk" in request.path else "accounts.sign_in"
    endpoint = "accounts.confirm" if again else enter
    if request.path.startswith(JSON_PLACES):
        response = error_page(401, problem.reason)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if _typed():
        title = _l("Confirm that it is you, then send it") if again else _l("Sign in, then send it")
        return _send_again(403, title, sign_in_href=url_for(endpoint))
    return redirect(url_for(endpoint, next=back), 303)


def _refused(problem: PortalError) -> BaseResponse:
    if (helped := _helped(problem)) is not None:
        return helped
    if isinstance(problem, Invalid) and request.path.startswith(JSON_PLACES):
        title = _TITLES[problem.status][0]
        return api.problem(problem.status, str(title), str(problem.reason), problem.fields)
    if not isinstance(problem, TooMany | Busy):
        return error_page(problem.status, problem.reason)
    if _typed():
        response = _send_again(
            problem.status, _TITLES[problem.status][0], minutes=-(-problem.retry_after // 60)
        )
        response.headers["Retry-After"] = str(problem.retry_after)
        return response
    return error_page(problem.status, problem.reason, retry_after=problem.retry_after)


def closed_page(problem: ReadOnly | Full) -> Response:
    """A calm answer for a form that cannot be taken now: why, until when, and everything typed."""
    if isinstance(problem, ReadOnly):
        title, reason, wait = (
            _l("The portal is being updated"),
            gettext(
                "Everything can be read. Forms open again by themselves at about %(hour)s.",
                hour=(hour := i18n.hour(problem.until)),
            ),
            gettext("Wait until about %(hour)s.", hour=hour),
        )
    else:
        title, reason, wait = (
            _l("We cannot take forms just now"),
            gettext(
                "Our disk is nearly full. Everything can be read, and those who run the portal can see it."
            ),
            gettext("Try again later today."),
        )
    if _typed() and not request.path.startswith(JSON_PLACES):
        response = _send_again(problem.status, title, reason=reason, wait=wait)
        response.headers["Retry-After"] = str(problem.retry_after)
        return response
    return error_page(problem.status, reason, retry_after=problem.retry_after, title=title)


def _typed() -> list[tuple[str, str]]:
    """The fields of a form that was sent, if somebody filled any; passwords are not among them."""
    if request.method != "POST":
        return []
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]
    return fields if any(value.strip() for name, value in fields if name not in NOT_TYPED) else []


def _send_again(
    status: int,
    title: Text,
    *,
    sign_in_href: str = "",
    follow_href: str = "",
    ask_href: str = "",
    minutes: int = 0,
    reason: Text = "",
    wait: Text = "",
) -> Response:
    """What somebody typed, kept on a page that sends it again, for a refusal that passes."""
    fields = _typed()
    response = page(
        "ui/again.html",
        status,
        title=title,
        fields=fields,
        texts=[value for name, value in fields if name not in NOT_TYPED and " " in value.strip()],
        action=request.full_path.rstrip("?"),
        sign_in_href=sign_in_href,
        follow_href=follow_href,
        ask_href=ask_href,
        minutes=minutes,
        reason=reason,
        wait=wait,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _csrf(_problem: CSRFError) -> BaseResponse:
    return error_page(400, _l("The page was open for too long. Go back, reload it and send the form again."))


def _page_above() -> str:
    """The nearest page above an address that only takes forms, for whoever reads it; empty if there is none.

    A form that was refused is shown at that address: reloaded there, or read in another language, it is asked
    for as a page.
    """
    if request.method not in ("GET", "HEAD") or request.path.startswith(JSON_PLACES):
        return ""
    adapter, path = current_app.create_url_adapter(request), request.path
    while adapter is not None and (path := path.rpartition("/")[0]):
        if adapter.test(path, "GET"):
            return path
    return ""


def _http(problem: HTTPException) -> BaseResponse:
    if problem.response is not None:
        return problem.response  # type: ignore[return-value]
    if problem.code is not None and 300 <= problem.code < 400:
        return problem.get_response()
    if isinstance(problem, MethodNotAllowed) and (above := _page_above()):
        return redirect(above, 303)
    response = error_page(problem.code or 500)
    for name, value in problem.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _database(problem: OperationalError) -> BaseResponse:
    db.session.rollback()
    if is_busy(problem):
        return error_page(503, retry_after=Busy.retry_after)
    if is_full(problem):
        return closed_page(Full())
    return _crashed(problem)


def _crashed(problem: Exception) -> BaseResponse:
    """An incident number for the reader, the trace for us; no value of the request in either (R37)."""
    db.session.rollback()
    incident = secrets.token_hex(4).upper()
    log.error("request failed", incident=incident, endpoint=request.endpoint, exc_info=problem)
    if request.environ.get("portal.raise"):
        raise problem
    return error_page(500, incident=incident)
