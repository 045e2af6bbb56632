"""What can be measured without a server: statements, query times, growth, the share of translation.

Runs in a process of its own over one database of the bench and prints JSON (`python -m tests.bench.inside 1000`).
Times are CPU of this process, the best of several runs: what other programs do distorts the least that way.
"""

import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from io import BytesIO
from types import FrameType
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event, func, insert, select

from initiatives import queries
from initiatives.models import Author, Initiative, Place, finest_cell
from portal.accounts.models import LoginSession, User
from portal.accounts.rules import SessionKind
from portal.core import clock, tenancy
from portal.core.actor import Channel
from portal.core.db import db
from portal.core.paging import Cursor, Direction, encode
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.core.tokens import digest, new_secret
from portal.search import queries as search
from tests.bench.bare import hello
from tests.bench.dataset import COMMON_WORD, RARE_WORD, SENTENCES, folder_of
from tests.factories.actors import make_actor, make_session

TOWN = "lublin"
FRESH = "bench"
"""A query key no route lists: such a request goes past the page cache, and nothing else changes."""
TRANSLATING = ("/portal/core/i18n.py", "/babel/", "/flask_babel/", "/gettext.py")
QUERY_RUNS = 40


def environ(path: str, query: str = "", cookie: str = "") -> dict[str, Any]:
    """A GET request as a server would hand it over."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def get(app: Flask, path: str, query: str = "", cookie: str = "") -> bytes:
    """Ask the application. Raises RuntimeError for anything but 200."""
    told: list[str] = []

    def ask() -> bytes:
        answer = app(environ(path, query, cookie), lambda status, _headers, _exc=None: told.append(status))  # type: ignore[arg-type,return-value]
        body = b"".join(answer)
        close = getattr(answer, "close", None)
        if close:
            close()
        return body

    # In an empty context, as under a server: else the request would live in the measurer's own.
    body = Context().run(ask)
    if not told[0].startswith("200"):
        raise RuntimeError(f"{path}?{query} answers {told[0]}")
    return body


def best_ms(act: Callable[[], object], times: int = 20, rounds: int = 7) -> float:
    """CPU of one call in ms: the best round's mean."""
    act()
    found = []
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(times):
            act()
        found.append((time.process_time() - started) / times)
    return min(found) * 1000


@contextmanager
def listening() -> Iterator[list[tuple[str, Any]]]:
    """The statements sent meanwhile, with their parameters; BEGIN is none."""
    told: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.startswith("BEGIN"):
            told.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def sql_ms(act: Callable[[], object]) -> float:
    """Time the database alone takes for what `act` asks: each statement again on the bare driver, the least of 40."""
    with listening() as told:
        act()
    raw = db.engine.raw_connection()
    total = 0.0
    for statement, parameters in told:
        runs = []
        for _ in range(QUERY_RUNS):
            started = time.perf_counter()
            raw.cursor().execute(statement, parameters).fetchall()
            runs.append(time.perf_counter() - started)
        total += min(runs)
    raw.close()
    return total * 1000


def translation_share(act: Callable[[], object], seconds: float = 3.0) -> float:
    """Share of the samples of a profile in which something is being translated."""
    hits = [0, 0]

    def sample(_signal: int, frame: FrameType | None) -> None:
        hits[0] += 1
        while frame is not None:
            if any(part in frame.f_code.co_filename for part in TRANSLATING):
                hits[1] += 1
                return
            frame = frame.f_back

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    until = time.process_time() + seconds
    while time.process_time() < until:
        act()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return hits[1] / max(hits[0], 1)


def places_in_list(count: int) -> list[str]:
    """Cursors of pages all over the list, none of which shows a card of another."""
    size = queries.PAGE_SIZE
    newest_first = (Initiative.listed_at.desc(), Initiative.id.desc())
    statement = select(Initiative.listed_at, Initiative.id).where(Initiative.listed_at.is_not(None))
    rows = db.session.execute(statement.order_by(*newest_first)).all()
    db.session.rollback()
    starts = list(range(size, len(rows) - 2 * size, size))
    random.Random(1).shuffle(starts)
    return [
        encode(Cursor(Direction.OLDER, rows[start].listed_at, rows[start].id)) for start in starts[:count]
    ]


def second() -> str:
    """The cursor of the second page: the first that is not kept ready."""
    newest = select(Initiative.listed_at, Initiative.id).where(Initiative.listed_at.is_not(None))
    newest = newest.order_by(Initiative.listed_at.desc(), Initiative.id.desc())
    row = db.session.execute(newest.offset(queries.PAGE_SIZE - 1).limit(1)).one()
    db.session.rollback()
    return encode(Cursor(Direction.OLDER, row.listed_at, row.id))


def deepest() -> str:
    """The cursor of the last page."""
    statement = select(Initiative.listed_at, Initiative.id).where(Initiative.listed_at.is_not(None))
    oldest = statement.order_by(Initiative.listed_at, Initiative.id).offset(queries.PAGE_SIZE).limit(1)
    row = db.session.execute(oldest).one()
    db.session.rollback()
    return encode(Cursor(Direction.OLDER, row.listed_at, row.id))


def some_twenty() -> str:
    """Query of the filter that finds about as many cases as a page shows: a file holds all that its filter finds."""
    pair = (Initiative.phase, Initiative.category)
    statement = select(*pair, func.count()).where(Initiative.listed_at.is_not(None)).group_by(*pair)
    rows = db.session.execute(statement).all()
    db.session.rollback()
    phase, category, _count = min(rows, key=lambda row: abs(row[2] - queries.PAGE_SIZE))
    return f"phase={phase}&category={category}"


def numbers(count: int) -> list[str]:
    """Numbers of cases all over the town."""
    top = db.session.scalar(select(func.max(Initiative.id)).where(Initiative.listed_at.is_not(None))) or 0
    chance = random.Random(2)
    wanted = {chance.randrange(1, top) for _ in range(count)}
    # A withdrawn case shows its title only and takes no support.
    seen = Initiative.listed_at.is_not(None), Initiative.state != "withdrawn"
    statement = select(Initiative.number).where(Initiative.id.in_(wanted), *seen)
    found = [number.lower() for number in db.session.scalars(statement) if number]
    db.session.rollback()
    return found


def drafts(app: Flask, town: Town, count: int, user_id: int) -> list[dict[str, str]]:
    """Complete drafts ready to be sent, each with a session of its own: filing renews the session's cookie."""
    now = clock.now()
    ids = [new_row_id() for _ in range(count)]
    cases = [
        {
            "id": key,
            "municipality_id": town.id,
            "title": "Ławka przy przystanku",
            "folded": "lawka przy przystanku",
            "text": " ".join(SENTENCES[:4]),
            "language": "pl",
            "category": "greenery",
            "place": Place.POINT,
            "lat": town.centre[0],
            "lon": town.centre[1],
            "cell": finest_cell(*town.centre),
            "currency": town.currency,
            "channel": Channel.WEB,
            "state": "draft",
            "phase": "draft",
            "created_at": now,
            "updated_at": now,
            "author_user_id": user_id,
        }
        for key in ids
    ]
    authors = [
        {
            "id": new_row_id(),
            "municipality_id": town.id,
            "initiative_id": key,
            "locale": "pl",
            "user_id": user_id,
        }
        for key in ids
    ]
    with db.engine.begin() as connection:
        connection.execute(insert(Initiative), cases)
        connection.execute(insert(Author), authors)
    found = sessions(app, count, user_id)
    return [
        {"path": f"/pl/{TOWN}/initiatives/new/{queries.draft_token(key)}/preview"} | one
        for key, one in zip(ids, found, strict=True)
    ]


def supports(app: Flask, count: int, user_id: int) -> list[dict[str, str]]:
    """Cases ready to be supported, each from a session of its own."""
    found = numbers(2 * count)[:count]  # Some of those drawn are not public.
    return [
        {"path": f"/pl/{TOWN}/initiatives/{number}/support"} | one
        for number, one in zip(found, sessions(app, len(found), user_id), strict=True)
    ]


def sessions(app: Flask, count: int, user_id: int) -> list[dict[str, str]]:
    """Sessions of one account, straight into the table; `token` is what a form of that session carries."""
    now = clock.now()
    user = db.session.get_one(User, user_id)
    signed_in = {"_user_id": f"{user.id}.{user.session_version}", "strong": False}
    secret = [(new_secret(), secrets.token_hex(20)) for _ in range(count)]
    rows = [
        {
            "digest": digest(cookie),
            "kind": SessionKind.RESIDENT,
            "user_id": user_id,
            "data": {**signed_in, "csrf_token": csrf},
            "agent": "",
            "created_at": now,
            "seen_at": now,
        }
        for cookie, csrf in secret
    ]
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(insert(LoginSession), rows)
    signer = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token")
    return [{"cookie": cookie, "token": str(signer.dumps(csrf))} for cookie, csrf in secret]


def _people(town: Town) -> dict[str, str]:
    """Session cookies of a resident and of a leader."""
    found = {}
    for role in ("resident", "leader"):
        actor = make_actor(role, town, email=f"{role}-{secrets.token_hex(6)}@people.example")
        found[role] = make_session(actor)
        found[f"{role}_id"] = str(actor.user_id)
    return found


def measure(app: Flask, size: int, filings: int) -> dict[str, Any]:
    """Everything at once; keys are read by `bench.py`."""
    town = tenancy.town(TOWN)
    place = f"/pl/{TOWN}"
    people = _people(town)
    cookie = f"{app.config['SESSION_COOKIE_NAME']}="
    everything = queries.Wanted()
    box = town.box
    lat, lon = town.centre
    small = (lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01)
    pages = {
        "list": (f"{place}/initiatives", f"{FRESH}=1"),
        "detail": (f"{place}/initiatives/{numbers(1)[0]}", f"{FRESH}=1"),
        "search": (f"{place}/initiatives", f"{FRESH}=1&q={COMMON_WORD}"),
        "results": (f"{place}/search", f"q={COMMON_WORD}"),
        "map": (f"{place}/initiatives/map", f"{FRESH}=1"),
        "town": (place, f"{FRESH}=1"),
    }
    found: dict[str, Any] = {
        "size": size,
        "people": people,
        "cookie": cookie,
        "cursors": places_in_list(6000),
        "second": second(),
        "deepest": deepest(),
        "details": [f"{place}/initiatives/{number}" for number in numbers(400)],
        "drafts": drafts(app, town, filings, int(people["resident_id"])) if filings else [],
        "supports": supports(app, filings, int(people["resident_id"])) if filings else [],
        "file": some_twenty(),
        "box": ",".join(map(str, box)),
        "small_box": ",".join(f"{edge:.5f}" for edge in small),
    }
    statements, weights = {}, {}
    for name, (path, query) in pages.items():
        for _ in range(3):  # What is kept until the next public change is kept from the second on.
            get(app, path, query)
        with listening() as told:
            weights[name] = len(get(app, path, query))
        statements[name] = len(told)
    with listening() as told:
        get(app, f"{place}/desk/initiatives", cookie=cookie + people["leader"])
    statements["desk"] = len(told)
    found |= {"statements": statements, "bytes": weights}
    found["cpu"] = {
        "hello": best_ms(lambda: get(hello, "/"), 500),
        "list": best_ms(lambda: get(app, *pages["list"])),
        "second": best_ms(lambda: get(app, pages["list"][0], f"{FRESH}=1&at={found['second']}")),
        "deepest": best_ms(lambda: get(app, pages["list"][0], f"{FRESH}=1&at={found['deepest']}")),
    }
    found["translation"] = translation_share(lambda: get(app, *pages["list"]))
    with tenancy.within(town.id):
        found["sql"] = {
            "list": sql_ms(lambda: queries.listing(everything, None)),
            "map whole": sql_ms(lambda: queries.map_data(everything, 11, box)),
            "map small": sql_ms(lambda: queries.map_data(everything, 15, small)),
            "search common": sql_ms(lambda: search.find(COMMON_WORD, town.id)),
            "search rare": sql_ms(lambda: search.find(RARE_WORD, town.id)),
            "search list": sql_ms(lambda: queries.listing(queries.Wanted(text=COMMON_WORD), None)),
            "similar": sql_ms(
                lambda: queries.similar("Ławka przy przystanku", " ".join(SENTENCES[:3]), lat, lon)
            ),
        }
        data = queries.map_data(everything, 11, box)
        found["features"] = len(data.cells) + len(data.points)
    return found


def main() -> None:
    """Print what was measured on one database."""
    size, filings = int(sys.argv[1]), int(sys.argv[2])
    os.environ |= {"PORTAL_DATA": str(folder_of(size)), "PORTAL_MODE": "demo"}
    os.environ.pop("PORTAL_DATABASE_URL", None)
    from portal.app import create_app

    app = create_app()
    with app.app_context():
        with tenancy.unscoped("the bench measures in one municipality and prepares drafts in it"):
            tenancy.towns()
        with tenancy.within(tenancy.town(TOWN).id):
            found = measure(app, size, filings)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
