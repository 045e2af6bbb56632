"""Demo data of pages, news and alerts: in three languages, in every state, with each standing of a translation.

The words stand in `data.json`. A text given as {language: words} is translated, any other value is the same in all
languages. Nothing here goes through the use cases, which know no past.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from portal.accounts import queries as accounts
from portal.articles import rules
from portal.articles.kinds import BY_KEY, Block, Item, Level, Standing
from portal.articles.models import MODELS, Alert, Article, ArticleText, ArticleVersion, Spot
from portal.articles.seed.files import document, picture
from portal.content import move
from portal.content import services as content
from portal.content.models import FileRole, StateChange
from portal.core import clock, events, jobs, tenancy
from portal.core.db import db
from portal.core.i18n import LOCALES
from portal.core.tenancy import Town
from portal.core.workflow import Lane

DATA = Path(__file__).with_name("data.json")
Record = Mapping[str, Any]
STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "private": (),
    "pending": (("submit", "pending"),),
    "scheduled": (("schedule", "scheduled"),),
    "published": (("publish", "published"),),
    "withdrawn": (("publish", "published"), ("withdraw", "withdrawn")),
}
"""How each state was reached."""


def plant() -> None:
    """Write everything. Called inside the one transaction of the demo data, after the municipalities."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    known = tenancy.towns()
    for town in known.values():
        records = [record for record in data["articles"] if record["town"] == town.slug]
        with tenancy.within(town.id):
            made: dict[str, Article] = {}
            for place, record in enumerate(records, 1):
                made[record["slug"]] = _article(town, record, made, place)
            for kind in MODELS:
                events.tell("content.arrived", [one for one in made.values() if one.kind == kind])
            for record in data["alerts"]:
                if record["town"] == town.slug:
                    _alert(record)
            db.session.flush()  # While the town is in scope.


def _article(town: Town, record: Record, made: Mapping[str, Article], place: int) -> Article:
    now = clock.now()
    written = now - timedelta(days=record["days_ago"])
    people = accounts.colleagues(town.id, record.get("by", "editor"))
    author = people[0].user_id if people else None
    was_public = record["state"] in ("published", "withdrawn")
    language = record["language"]
    thing = MODELS[record["kind"]](
        slug=record["slug"],
        spot=Spot(record.get("spot", "page")),
        parent_id=made[record["parent"]].id if "parent" in record else None,
        in_menu=record.get("in_menu", False),
        position=place if record["kind"] == "page" else 0,
        wanted=[code for code in LOCALES if code != language],
        language=language,
        author_user_id=author,
        created_at=written - timedelta(days=1),
        updated_at=written,
        published_at=written if was_public else None,
        publish_at=now + timedelta(days=record["ahead"]) if "ahead" in record else None,
    )
    move.place(thing, record["state"])
    db.session.add(thing)
    db.session.flush()  # Files and versions name it.
    files = _files(thing, record)
    _languages(thing, record, files, author, written)
    _history(thing, record, author, written)
    if thing.publish_at is not None:
        jobs.enqueue(
            "article.publish",
            {"article": thing.id, "at": thing.publish_at.isoformat()},
            due_at=thing.publish_at,
            dedupe=f"article.publish:{thing.id}:{thing.publish_at.isoformat()}:{thing.version}",
        )
    return thing


def _files(thing: Article, record: Record) -> dict[str, str]:
    """Draw the pictures and documents a record names: name → id as blocks hold it."""
    found: dict[str, str] = {}
    for block in record["blocks"]:
        for part in (block, *block.get("items", ())):
            name = part.get("file")
            if not name or name in found:
                continue
            is_picture = block["kind"] == "image"
            ids = []
            for one in name.split(","):
                stored = picture(one) if is_picture else document(one)
                row = content.attach(thing, stored, FileRole.PHOTO if is_picture else FileRole.DOCUMENT)
                db.session.flush()  # Blocks name it.
                ids.append(str(row.id))
            found[name] = ",".join(ids)
    return found


def _languages(
    thing: Article, record: Record, files: Mapping[str, str], author: int | None, written: datetime
) -> None:
    translators = accounts.colleagues(thing.municipality_id, "translator")
    translator = translators[0].user_id if translators else None
    was_public = record["state"] in ("published", "withdrawn", "scheduled")
    drafts = 2 if record.get("outdated") or record.get("corrected") else 1
    languages = {thing.language: "original", **record.get("status", {})}
    for language, status in languages.items():
        is_own = language == thing.language
        numbers = drafts if is_own else 1
        based_on = 0 if is_own else 1 if language in record.get("outdated", ()) else drafts
        db.session.add(
            ArticleText(
                article_id=thing.id,
                language=language,
                status=Standing(status),
                latest=numbers,
                public=numbers if was_public and status != "machine" else None,
                due=drafts if is_own and was_public else 0,
                based_on=based_on,
                updated_at=written,
            )
        )
        for number in range(1, numbers + 1):
            # The first version of what was changed later lacks the last block.
            parts = record["blocks"][:-1] if is_own and number < numbers else record["blocks"]
            if not is_own and based_on < drafts:
                parts = record["blocks"][:-1]
            db.session.add(
                ArticleVersion(
                    article_id=thing.id,
                    language=language,
                    number=number,
                    title=_in(record["title"], language),
                    summary=_in(record.get("summary", ""), language),
                    blocks=rules.packed(_blocks(parts, language, files)),
                    based_on=based_on,
                    at=written - timedelta(hours=numbers - number),
                    user_id=author if is_own else translator,
                    note="",
                )
            )
    db.session.flush()  # The search reads them.


def _blocks(parts: Any, language: str, files: Mapping[str, str]) -> list[Block]:
    return [_block(part, f"b{number:03d}", language, files) for number, part in enumerate(parts, 1)]


def _block(part: Record, id_: str, language: str, files: Mapping[str, str]) -> Block:
    kind = BY_KEY[part["kind"]]

    def values(fields: Any, given: Record) -> dict[str, str]:
        found = {field.name: _in(given.get(field.name, field.first), language) for field in fields}
        return {name: files.get(value, value) if name == "file" else value for name, value in found.items()}

    items = tuple(
        Item(f"i{number:03d}", values(kind.items, item))
        for number, item in enumerate(part.get("items", ()), 1)
    )
    return Block(id_, kind.key, values(kind.fields, part), items)


def _in(value: Any, language: str) -> str:
    return str(value[language] if isinstance(value, dict) else value)


def _history(thing: Article, record: Record, author: int | None, written: datetime) -> None:
    before = thing.WORKFLOW.initial
    for number, (verb, state) in enumerate(STEPS[record["state"]]):
        known = thing.WORKFLOW.move(verb)
        db.session.add(
            StateChange(
                kind=thing.KIND,
                object_id=thing.id,
                at=written + timedelta(days=number),
                verb=verb,
                from_state=before,
                to_state=state,
                lane=Lane(known.lane),
                user_id=author,
                who="author" if verb == "submit" else "editor",
            )
        )
        before = state


def _alert(record: Record) -> None:
    now = clock.now()
    db.session.add(
        Alert(
            level=Level(record["level"]),
            texts=dict(record["texts"]),
            href=record.get("href", ""),
            starts_at=now + timedelta(days=record["from"]),
            ends_at=now + timedelta(days=record["until"]),
            version=1,
            created_at=now,
        )
    )
