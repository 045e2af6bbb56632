"""Personal data of the API: who made which key. Secrets of keys and webhooks are no data of a person, but are as secret."""

from typing import Any

from sqlalchemy import select

from portal.api.models import ApiKey
from portal.core import tenancy
from portal.core.db import db
from portal.core.i18n import iso
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import PersonalData


def export(user_id: int) -> list[dict[str, Any]]:
    """The keys an account made."""
    with tenancy.unscoped("a person's own acts in every town"):
        rows = db.session.scalars(select(ApiKey).where(ApiKey.created_by_user_id == user_id)).all()
    return [{"kind": "key", "name": row.name, "made": iso(row.created_at)} for row in rows]


def erase(_user_id: int) -> int:
    """Nothing goes: who handed a key out is part of the office's record."""
    return 0


PERSONAL = PersonalData(
    title=_l("Keys made for other programs"),
    columns={"api_key": ("hash",), "webhook": ("secret_sealed",)},
    export=export,
    erase=erase,
)
