"""Demo data of data protection: readings with reasons, requests of people. Demo and test mode only.

Where a municipality has an officer: everyday readings by the team, one operator who read very many after letters
came back, and two requests, one open and one answered long ago.
"""

import json
from datetime import timedelta

from sqlalchemy import select

from portal.accounts import queries as accounts
from portal.accounts.queries import Colleague
from portal.accounts.roles import Role
from portal.core import audit, clock, readings, tenancy
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.readings import Reason, Why
from portal.core.sealed import new_row_id
from portal.core.tenancy import Town
from portal.privacy import queries, rules
from portal.privacy.models import DataRequest
from portal.privacy.queries import Known
from portal.search.models import SearchDocument

EVERYDAY = 9
RETURNED = {
    "pl": "listy wróciły z poczty, sprawdzam adresy",
    "cs": "dopisy se vrátily z pošty, ověřuji adresy",
}


def plant() -> None:
    """Plant it in every municipality with an officer."""
    for town in tenancy.towns().values():
        with tenancy.within(town.id):
            officers = accounts.colleagues(town.id, Role.DPO)
            if officers:
                _readings(town)
                _requests(town, officers[0])
                db.session.flush()  # While this municipality is the one in scope.


def _readings(town: Town) -> None:
    team = accounts.colleagues(town.id, Role.REVIEWER, Role.LEADER)
    operators = accounts.colleagues(town.id, Role.OPERATOR)
    cases = db.session.execute(
        select(SearchDocument.kind, SearchDocument.object_id, SearchDocument.number)
        .where(SearchDocument.number != "")
        .order_by(SearchDocument.id)
        .limit(rules.MANY_A_DAY + 4)
    ).all()
    for index, (kind, object_id, number) in enumerate(cases[:EVERYDAY]):
        why = Why((Reason.CONTACT, Reason.CHECK, Reason.WISH)[index % 3])
        _read(team[index % len(team)], f"{kind}:{object_id}", why, number.split()[0])
    for kind, object_id, number in cases if operators else ():
        why = Why(Reason.FAULT, RETURNED.get(town.language, ""))
        _read(operators[0], f"{kind}:{object_id}", why, number.split()[0])


def _read(person: Colleague, subject: str, why: Why, number: str) -> None:
    audit.begin(Actor(user_id=person.user_id, name=person.name), "initiative.contact_read")
    readings.record(subject, why, number)
    audit.seal()
    db.session.flush()  # The next link of the chain reads this one.


def _requests(town: Town, officer: Colleague) -> None:
    now = clock.now()
    db.session.add(
        DataRequest(
            id=new_row_id(),
            municipality_id=town.id,
            created_at=now - timedelta(days=70),
            created_by_id=officer.user_id,
            proof="document",
            keys=[],
            counts={"initiatives": 2, "notify": 5},
            copied_at=now - timedelta(days=69),
            copied_by_id=officer.user_id,
            erased_at=now - timedelta(days=66),
            erased_by_id=officer.user_id,
        )
    )
    people = [person for person in accounts.demo_accounts() if not person.roles]
    found = ((person.email, queries.find(Known(email=person.email), town.country)) for person in people)
    for email, whom in found:
        if any(part.records for part in queries.kept_of(whom)):
            row = DataRequest(
                id=new_row_id(),
                municipality_id=town.id,
                created_at=now - timedelta(days=2),
                created_by_id=officer.user_id,
                proof="answer",
                keys=sorted(whom.keys),
                person_id=whom.user_id,
                counts={},
            )
            row.who = json.dumps([email])
            db.session.add(row)
            return
