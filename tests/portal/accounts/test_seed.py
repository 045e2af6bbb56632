"""Demo people: who they are, and that they are the same each time."""

from sqlalchemy import select

from portal.accounts import queries
from portal.accounts.models import Membership, OperatorAccess, RecoveryCode, User
from portal.accounts.roles import Role
from portal.accounts.seed import role_of, seed_people
from portal.core.actor import PORTAL
from portal.core.db import db, writing
from tests.factories.accounts import PEOPLE


def test_people_get_their_roles_and_towns(app, town, other_town):
    with writing():
        found = seed_people(PEOPLE)
    assert len(found) == 6
    reviewer = queries.person(found["reviewer@ostrava-jih.example"])
    assert reviewer is not None
    assert reviewer.roles == {town.id: {"reviewer"}, other_town.id: {"reviewer"}}
    assert reviewer.language == "cs"
    operator = queries.person(found["portal-operator@portal.example"])
    assert operator is not None
    assert operator.roles == {PORTAL: {"portal_operator"}}
    assert [c.name for c in queries.colleagues(town.id, heads=True)] == ["Jerzy Próbny"]
    assert not queries.is_staff(found["ewa.sadowa@poczta.example"])


def test_numbers_of_people_are_the_same_each_time(app, town, other_town):
    with writing():
        first = seed_people(PEOPLE)
    with writing():
        for model in (Membership, RecoveryCode, OperatorAccess, User):
            for row in db.session.scalars(select(model)):
                db.session.delete(row)
            db.session.flush()
    with writing():
        assert seed_people(PEOPLE) == first


def test_demo_list_names_staff_by_town_and_residents_last(app, town, other_town):
    with writing():
        seed_people(PEOPLE)
    listed = queries.demo_accounts()
    assert next(a.email for a in listed if a.municipality_id == town.id) == "reviewer@ostrava-jih.example"
    assert listed[-1].email == "ewa.sadowa@poczta.example"
    assert listed[-1].code == ""
    assert sum(a.email == "reviewer@ostrava-jih.example" for a in listed) == 2


def test_roles_are_read_from_addresses():
    assert role_of("decision-maker2") is Role.DECISION_MAKER
    assert role_of("dpo") is Role.DPO
