"""Demo data of the API: a key of the registry and a webhook of the open-data portal, which is stopped."""

from datetime import timedelta

from portal.api.models import ApiKey, Webhook
from portal.api.services import PREFIX
from portal.core import clock, tenancy
from portal.core.db import db
from portal.core.sealed import new_row_id
from portal.core.tokens import digest, new_secret

TOWN = "lublin"


def plant() -> None:
    """Plant both; nobody knows the secret of the key."""
    town = tenancy.town(TOWN)
    now = clock.now()
    with tenancy.within(town.id):
        secret = PREFIX + new_secret()
        db.session.add(
            ApiKey(
                municipality_id=town.id,
                name="Elektroniczny obieg dokumentów",
                hash=digest(secret),
                tail=secret[-4:],
                roles=["operator"],
                scopes=["initiative.desk", "initiative.take"],
                created_at=now - timedelta(days=40),
                created_by_user_id=0,
                expires_at=now + timedelta(days=325),
            )
        )
        # Stopped, since the demo sends nothing to anybody.
        hook = Webhook(
            id=new_row_id(),
            municipality_id=town.id,
            name="Portal otwartych danych",
            address="https://otwarte-dane.example.org/portal",
            events=["initiative"],
            created_at=now - timedelta(days=40),
            stopped_at=now - timedelta(days=2),
        )
        hook.secret = new_secret()
        db.session.add(hook)
        db.session.flush()
