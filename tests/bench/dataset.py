"""Databases of generated initiatives for the bench: built once under the data folder, then reused.

A database of N initiatives lies in `<data>/bench/<N>/`. It holds a city with 19 of 20 cases and a second
town with the rest, so that the wall between towns has something to hold back. Rows are written in batches of
10,000 straight into the tables; search, counters and map cells are made by the portal's own functions at the
end. A build that was interrupted goes on after the last batch that was kept.

    python -m tests.bench.dataset 1000      builds one by hand
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import Insert, String, case, cast, event, func, insert, literal, null, select

from initiatives import services
from initiatives.models import Initiative, Place, Support, finest_cell
from initiatives.rules import SUPPORT_PHASES
from initiatives.states import CATEGORIES, STATES_OF_PHASE, WORKFLOW
from portal.content.models import Attachment, Comment, CommentState, FileRole, Stance, StateChange
from portal.core import clock, tenancy
from portal.core.actor import Channel
from portal.core.collate import fold
from portal.core.config import ROOT
from portal.core.db import Base, db, writing
from portal.core.tokens import CaseCounter
from portal.core.workflow import Lane
from portal.search import ddl
from portal.search.models import SearchDocument
from portal.search.rules import document_id, excerpt_of, index_words, scopes, slot_of
from tests.factories.towns import make_town

BASE = Path(os.environ.get("PORTAL_DATA") or ROOT / "var") / "bench"
FORM = "2"
"""Raised when the rows below change their shape, so that older databases are built anew."""
BATCH = 10_000
SMALL_TOWN_SHARE = 20
SPREAD = timedelta(days=3 * 365)
SUPPORTS_MOST = 300
"""With these many at most a case has between eleven and twelve supports in the mean: above ten million at a million cases."""
DISTRICTS = ("Bronowice", "Czuby", "Dziesiąta", "Kalinowszczyzna", "Rury", "Sławin", "Wieniawa", "Zemborzyce")
RARE_EVERY = 5_000
RARE_WORD = "ławostop"
"""A word that one case of 5,000 holds."""
COMMON_WORD = "przystanku"
"""A word that every third case holds."""

WHAT = (
    "Ławka",
    "Zielony przystanek",
    "Bezpieczne przejście",
    "Plac zabaw",
    "Drzewa",
    "Stojaki na rowery",
    "Oświetlenie",
    "Naprawa chodnika",
    "Ogród deszczowy",
    "Siłownia plenerowa",
    "Próg zwalniający",
    "Kosze na śmieci",
)
WHERE = (
    "przy szkole",
    "na osiedlu",
    "koło przychodni",
    "nad zalewem",
    "przy dworcu",
    "w parku",
    "przy bibliotece",
    "na skwerze",
    "obok przedszkola",
    "przy pętli autobusowej",
)
SENTENCES = (
    "Codziennie chodzi tędy wiele osób, także z wózkami dziecięcymi i o kulach.",
    "Po deszczu stoi woda i trzeba schodzić na jezdnię, co jest niebezpieczne.",
    "Latem nie ma tu cienia, a najbliższe drzewo rośnie po drugiej stronie ulicy.",
    "Wieczorem jest zupełnie ciemno i sąsiedzi omijają to miejsce szerokim łukiem.",
    "Proponuję zacząć od małej zmiany i po roku sprawdzić, czy się sprawdziła.",
    "Mieszkańcy zebrali podpisy i są gotowi zadbać o to miejsce w ramach dyżurów.",
    "Na przystanku w godzinach szczytu czeka po kilkadziesiąt osób.",
    "Koszt nie powinien być duży, bo część rzeczy można przenieść z innego miejsca.",
    "Podobne rozwiązanie działa już w sąsiedniej dzielnicy i jest chwalone.",
    "Zarządca drogi odpowiedział, że teren należy do gminy i trzeba zgłosić pomysł tutaj.",
    "Dzieci przechodzą tędy do szkoły, a kierowcy nie zwalniają przed zakrętem.",
    "Chodnik jest wąski, popękany i zastawiony samochodami od rana do nocy.",
)
NEAR_STOP = "Pomysł dotyczy otoczenia przystanku."


@dataclass(frozen=True, slots=True)
class Site:
    """A municipality of the dataset, and how many cases it has."""

    town: tenancy.Town
    cases: int


def folder_of(size: int) -> Path:
    """Where the database of this size lies."""
    return BASE / str(size)


def ensure(size: int) -> Path:
    """The data folder with that many initiatives; built by a process of its own if it is not there yet."""
    folder = folder_of(size)
    if not _is_ready(folder):
        done = subprocess.run([sys.executable, "-m", "tests.bench.dataset", str(size)], cwd=ROOT, check=False)
        if done.returncode:
            sys.exit(f"The database of {size:,} could not be built; call again to go on.")
    return folder


def _is_ready(folder: Path) -> bool:
    ready = folder / "ready"
    return ready.exists() and ready.read_text() == _form()


def build(size: int) -> None:
    """Build the database of this size, or go on where an earlier build stopped."""
    folder = folder_of(size)
    form = _form()
    if _is_ready(folder):
        return
    if (folder / "form").exists() and (folder / "form").read_text() != form:
        print(f"  The database of {size:,} was built for an older portal and is built anew.", flush=True)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "form").write_text(form)
    started = time.monotonic()
    _build(folder, size)
    (folder / "ready").write_text(form)
    print(f"  Built {size:,} initiatives in {time.monotonic() - started:.0f} s: {folder}", flush=True)


def _form() -> str:
    """Changes with the tables and with this file's rows."""
    total = sha256(FORM.encode())
    for path in sorted((ROOT / "portal" / "migrations" / "versions").glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _build(folder: Path, size: int) -> None:
    from portal.app import create_app

    os.environ |= {"PORTAL_DATA": str(folder), "PORTAL_MODE": "demo"}
    os.environ.pop("PORTAL_DATABASE_URL", None)
    app = create_app()
    with app.app_context():
        # Nothing here need survive a power cut: an interrupted build goes on or begins anew.
        event.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        upgrade()
        with tenancy.unscoped("the bench founds its municipalities once"):
            known = db.session.scalar(select(func.count()).select_from(tenancy.Municipality)) or 0
        if not known:
            make_town("lublin")
            make_town("ostrava-jih")
        with tenancy.unscoped("the bench fills a database of its own"):
            _fill(size)
        for site in sites(size):
            _finish(site)
        db.session.close()
        db.engine.dispose()


def sites(size: int) -> tuple[Site, Site]:
    """The two municipalities; asked inside an app context."""
    small = size // SMALL_TOWN_SHARE
    return Site(tenancy.town("lublin"), size - small), Site(tenancy.town("ostrava-jih"), small)


def _fill(size: int) -> None:
    started_at = datetime.fromisoformat("2023-11-01T08:00:00+00:00")
    db.session.rollback()
    done = db.session.scalar(select(func.count()).select_from(Initiative)) or 0
    db.session.rollback()  # An open reader would keep the log from being folded in.
    begun = time.monotonic()
    if done < size:
        with db.engine.begin() as connection:
            ddl.drop_index_tables(connection)  # Filled in one go at the end.
    for first in range(done, size, BATCH):
        batch: dict[type[Base], list[dict[str, Any]]] = {}
        for model, values in rows(first, min(first + BATCH, size), size, started_at):
            batch.setdefault(model, []).append(values)
        write(batch, first)
        _progress("initiatives", min(first + BATCH, size), size, begun)
    print("\r  Building the search index …" + " " * 40, end="", flush=True)
    with db.engine.begin() as connection:
        ddl.drop_index_tables(connection)
        ddl.create_index_tables(connection)
    print(f"\r  Search index after {time.monotonic() - begun:.0f} s" + " " * 30, flush=True)


def write(batch: dict[type[Base], list[dict[str, Any]]], supports_after: int | None = None) -> None:
    """Put rows straight into their tables, with the supports of the cases above an id, in one transaction."""
    with db.engine.begin() as connection:
        for model, values in batch.items():
            connection.execute(insert(model), values)
        if supports_after is not None:
            connection.execute(_supports(supports_after))


def _supports(after: int) -> Insert:
    """As many supports as each case above this id counts: every tenth by one of 100,000 accounts."""
    counting = select(literal(0).label("n")).cte("counting", recursive=True)
    counting = counting.union_all(select(counting.c.n + 1).where(counting.c.n < SUPPORTS_MOST - 1))
    n = counting.c.n
    account = (Initiative.id * 7919 + n) % 100_000 + 1
    given = (
        select(
            Initiative.municipality_id,
            Initiative.id,
            # As long as the digest of a confirmed address.
            literal("bench" + "0" * 24) + cast(Initiative.id * 1000 + n, String),
            case((n % 10 == 0, account), else_=null()),
            Initiative.listed_at,
        )
        .join_from(Initiative, counting, n < Initiative.support_count)
        .where(Initiative.id > after)
    )
    columns = ["municipality_id", "initiative_id", "person", "user_id", "at"]
    return insert(Support).from_select(columns, given)


def _progress(what: str, done: int, total: int, begun: float) -> None:
    print(
        f"\r  {what}: {done:,} of {total:,} ({time.monotonic() - begun:.0f} s)",
        end="",
        file=sys.stdout,
        flush=True,
    )


def rows(
    first: int, beyond: int, size: int, started_at: datetime
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """The rows of the cases numbered from `first`; the same however often it is asked."""
    chance = random.Random(first)
    city, small = sites(size)
    step = SPREAD / size
    for index in range(first, beyond):
        town = (small if index % SMALL_TOWN_SHARE == 0 else city).town
        yield from _case(index, town, started_at + step * index, chance)


def _case(
    index: int, town: tenancy.Town, at: datetime, chance: random.Random
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    key = index + 1
    phase = chance.choices(list(STATES_OF_PHASE), (30, 20, 8, 10, 22, 10))[0]
    state = chance.choice([key for key in STATES_OF_PHASE[phase] if WORKFLOW.state(key).public])
    number = f"{town.code}-I-{at.year}-{key:04d}"
    title = f"{chance.choice(WHAT)} {chance.choice(WHERE)} ({chance.choice(DISTRICTS)} {chance.randrange(1, 400)})"
    said = chance.sample(SENTENCES, chance.randint(3, 8))
    if index % 3 == 0:
        said.append(NEAR_STOP)
    if index % RARE_EVERY == 1:
        said.append(f"Nazwa robocza: {RARE_WORD}.")
    text = " ".join(said)
    west, south, east, north = town.box
    lat, lon = _place(chance, south, north), _place(chance, west, east)
    comments = 2 if index % 10 == 0 else 0
    yield (
        Initiative,
        {
            "id": key,
            "municipality_id": town.id,
            "number": number,
            "title": title,
            "folded": fold(title),
            "text": text,
            "language": town.language,
            "category": chance.choice(list(CATEGORIES)),
            "district": chance.choice(DISTRICTS),
            "place": Place.POINT,
            "lat": lat,
            "lon": lon,
            "cell": finest_cell(lat, lon),
            "address": "",
            "currency": town.currency,
            "channel": Channel.WEB,
            "state": state,
            "phase": phase,
            "created_at": at - timedelta(days=2),
            "submitted_at": at - timedelta(days=1),
            "listed_at": at,
            "updated_at": at,
            "support_count": min(int(3 * chance.paretovariate(1.2)), SUPPORTS_MOST),
            "takes_support": phase in SUPPORT_PHASES,
            "comment_count": comments,
        },
    )
    href = f"/{town.slug}/initiatives/{number.lower()}"
    yield (
        SearchDocument,
        {
            "id": document_id(at, slot_of(at)),
            "municipality_id": town.id,
            "kind": "initiative",
            "object_id": key,
            "number": number,
            "title": title,
            "excerpt": excerpt_of(text),
            "href": href,
            "language": town.language,
            "public": True,
            "at": at,
            "scope": scopes(town.id, "initiative", public=True),
            "words": index_words(title, text, number),
        },
    )
    about = {"municipality_id": town.id, "kind": "initiative", "object_id": key}
    for verb, before, after, lane in (
        ("submit", "draft", "submitted", Lane.AUTHOR),
        ("publish", "submitted", "published", Lane.PUBLIC),
    ):
        yield (
            StateChange,
            {
                **about,
                "at": at,
                "verb": verb,
                "from_state": before,
                "to_state": after,
                "lane": lane,
                "who": "author" if verb == "submit" else "reviewer",
                "note": "",
                "internal_note": "",
            },
        )
    for _ in range(comments):
        yield (
            Comment,
            {
                **about,
                "at": at + timedelta(hours=5),
                "stance": Stance.FOR,
                "state": CommentState.VISIBLE,
                "name": "",
                "text": chance.choice(SENTENCES),
                "language": town.language,
                "official": False,
            },
        )
    if index % 4 == 0:
        yield (
            Attachment,
            {
                **about,
                "role": FileRole.PHOTO,
                "key": f"bench/{key}.jpg",
                "media_type": "image/jpeg",
                "size": 100_000,
                "name": "photo.jpg",
                "alt": "",
                "public": True,
                "created_at": at,
            },
        )


def _place(chance: random.Random, low: float, high: float) -> float:
    """More in the middle, as in a city; five decimals are a metre."""
    return round(low + (high - low) * (chance.random() + chance.random()) / 2, 5)


def _finish(site: Site) -> None:
    """What the portal keeps beside its cases: counters, map cells, the last number given."""
    begun = time.monotonic()
    with tenancy.within(site.town.id), writing():
        services.rebuild_counts(site.town.id)
        year = clock.today(site.town.zone).year
        counter = db.session.scalar(select(CaseCounter).where(CaseCounter.year == year))
        if counter is None:
            counter = CaseCounter(municipality_id=site.town.id, kind="I", year=year, last=0)
            db.session.add(counter)
        # Above all generated ones, so that a case filed by the bench takes nobody's number.
        counter.last = max(counter.last, 10_000_000)
    print(f"  Counters and map of {site.town.slug} in {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    build(int(sys.argv[1]))
