"""Personal data of initiatives: what is held of a person, its export and its erasure."""

from typing import Any

from sqlalchemy import delete, select, update

from initiatives.models import Author, Initiative, Support
from portal.content.models import Comment, Follow
from portal.core import tenancy
from portal.core.db import db
from portal.core.i18n import iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData


def export(user_id: int) -> list[dict[str, Any]]:
    """Everything an account filed, said, supports and follows."""
    with tenancy.unscoped("a person's own data in every town"):
        found: list[dict[str, Any]] = []
        for author, case in db.session.execute(
            select(Author, Initiative)
            .join(Initiative, Initiative.id == Author.initiative_id)
            .where(Author.user_id == user_id)
        ):
            found.append(
                {
                    "kind": "initiative",
                    "number": case.number,
                    "title": case.title,
                    "text": case.text,
                    "submitted": iso(case.submitted_at),
                    "name": author.name,
                    "email": author.email,
                    "phone": author.phone,
                    "postal": author.postal,
                    "as_sent": author.original,
                }
            )
        found += [
            {"kind": "comment", "at": iso(said.at), "text": said.text, "name": said.name}
            for said in db.session.scalars(select(Comment).where(Comment.user_id == user_id))
        ]
        found += [
            {"kind": "support", "at": iso(row.at), "initiative": row.initiative_id}
            for row in db.session.scalars(select(Support).where(Support.user_id == user_id))
        ]
        found += [
            {"kind": "follow", "at": iso(row.created_at), "of": f"{row.kind}:{row.object_id}"}
            for row in db.session.scalars(select(Follow).where(Follow.user_id == user_id))
        ]
        return found


def erase(user_id: int) -> int:
    """Take the person out of everything; texts stay as a public record, counts stay. How many rows."""
    with tenancy.unscoped("a person's own data in every town"):
        rows = 0
        for author in db.session.scalars(select(Author).where(Author.user_id == user_id)):
            author.name = author.email = author.phone = author.postal = author.original = None
            author.shows_name, author.user_id, author.person = False, None, None
            rows += 1
        for statement in (
            update(Initiative).where(Initiative.author_user_id == user_id).values(author_user_id=None),
            update(Support).where(Support.user_id == user_id).values(user_id=None),
            update(Comment).where(Comment.user_id == user_id).values(user_id=None, name=""),
            delete(Follow).where(Follow.user_id == user_id),
        ):
            rows += int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
        return rows


PERSONAL = PersonalData(
    title=_l("Initiatives, comments, supports and what you follow"),
    columns={
        "initiative": ("title", "text", "folded", "address", "lat", "lon", "cell", "details"),
        "initiative_author": (
            "name_sealed",
            "email_sealed",
            "phone_sealed",
            "postal_sealed",
            "original_sealed",
            "code_hash",
        ),
        "initiative_support": ("person",),
        "comment": ("name",),
        "follow": ("person", "email_sealed"),
        "attachment": ("name", "alt"),
    },
    export=export,
    erase=erase,
)
