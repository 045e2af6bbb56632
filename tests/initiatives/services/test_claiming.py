"""Cases filed without an account become an account's, by code or by the confirmed address."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select, update

from initiatives import queries, services
from initiatives.models import Author, Initiative
from portal.accounts.models import User
from portal.accounts.services import claims
from portal.content.services import person_of_email
from portal.core import consent, tenancy
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.consent import Purpose
from portal.core.db import db, writing
from portal.core.errors import Invalid, Missing, NotAllowed, TooMany
from portal.core.tenancy import Town
from portal.privacy.services import consents
from tests.factories.accounts import make_resident, path_in
from tests.factories.browser import Browser
from tests.factories.initiatives import CODE, make_initiative

Outbox = Callable[[], list[Any]]
EWA = "ewa@poczta.example"
PAGE = "/en/account/claim"


def filed_with(town: Town, email: str, **more: Any) -> Initiative:
    """A case whose author left this address."""
    case = make_initiative(town, email=email, **more)
    with tenancy.within(town.id), writing():
        db.session.execute(
            update(Author).where(Author.initiative_id == case.id).values(person=person_of_email(email))
        )
        db.session.expunge(case)  # Its values stay readable whatever the test does next.
    return case


def owner(case: Initiative, town: Town) -> tuple[int | None, int | None]:
    db.session.close()
    with tenancy.within(town.id):
        found = queries.case(case.id)
        assert found.author is not None
        return found.author_user_id, found.author.user_id


def acting(user: User, town: Town | None = None) -> Actor:
    return Actor(user_id=user.id, municipality_id=town.id if town else None, locale="en")


def test_number_and_code_make_a_case_ones_own_and_the_address_is_told(town: Town, outbox: Outbox) -> None:
    case, user = filed_with(town, "old@poczta.example", with_code=True), make_resident(EWA)
    tenancy.enter(None)
    claims.by_code(acting(user), (case.number or "").lower(), CODE.lower(), "192.0.2.0/24")
    assert owner(case, town) == (user.id, user.id)
    assert [(n.code, n.email) for n in outbox()] == [("initiative.claimed", "old@poczta.example")]
    assert [card.id for card in queries.of_author(user.id)] == [case.id]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.claimed")).one()
    assert (entry.user_id, entry.chain) == (user.id, town.id)
    # A second time is harmless, and the code goes on working.
    claims.by_code(acting(user), case.number or "", CODE, "192.0.2.0/24")
    assert services.open_by_code(case.number or "", CODE).id == case.id
    assert len(outbox()) == 1


def test_consents_given_before_are_the_accounts_too(town: Town) -> None:
    case, user = filed_with(town, EWA, with_code=True), make_resident(EWA)
    with tenancy.within(town.id), writing():
        consent.record(acting(user, town), Purpose.NAME, case.about, given=True, person="k1")
        consent.record(acting(user, town), Purpose.NAME, ("initiative", case.id + 1), given=True, person="k2")
        consent.record(acting(user, town), Purpose.COMMENT_NAME, case.about, given=True, person="k3")
    tenancy.enter(None)
    assert consents.own(user.id) == []
    claims.by_code(acting(user), case.number or "", CODE, "192.0.2.0/24")
    assert [(event.purpose, event.person) for event in consents.own(user.id)] == [(Purpose.NAME, "k1")]


def test_case_of_another_account_stays_theirs(town: Town) -> None:
    case = filed_with(town, EWA, with_code=True)
    first, second = make_resident(EWA), make_resident("jan@poczta.example")
    tenancy.enter(None)
    claims.by_code(acting(first), case.number or "", CODE, "192.0.2.0/24")
    with pytest.raises(Invalid):
        claims.by_code(acting(second), case.number or "", CODE, "192.0.2.0/24")
    assert owner(case, town) == (first.id, first.id)
    assert claims.offered(second.id) == []


def test_wrong_code_or_number_is_the_same_mistake_and_guessing_is_slowed(town: Town, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    case, user = filed_with(town, EWA, with_code=True), make_resident(EWA)
    tenancy.enter(None)
    reasons = set()
    for number, code in ((case.number, "7QK2-M9XD-R4TH-B8W0"), ("LUB-I-1999-0001", CODE), ("x", "y")):
        with pytest.raises(Missing) as refusal:
            claims.by_code(acting(user), number or "", code, "192.0.2.0/24")
        reasons.add(str(refusal.value.reason))
    assert len(reasons) == 1
    for _ in range(9):
        with suppress(Missing):
            claims.by_code(acting(user), case.number or "", "7QK2-M9XD-R4TH-B8W0", "192.0.2.0/24")
    with pytest.raises(TooMany):
        claims.by_code(acting(user), case.number or "", CODE, "192.0.2.0/24")


def test_cases_of_the_confirmed_address_are_offered_in_every_town(town: Town, other_town: Town) -> None:
    mine, theirs = filed_with(town, EWA), filed_with(other_town, EWA)
    other = filed_with(town, "jan@poczta.example")
    user = make_resident(EWA)
    tenancy.enter(None)
    assert {found.id for _key, found in claims.offered(user.id)} == {mine.id, theirs.id}
    chosen = [f"initiative:{n}" for n in (mine.id, theirs.id, other.id)]
    assert claims.take(acting(user), user.id, chosen) == 2
    assert owner(mine, town) == owner(theirs, other_town) == (user.id, user.id)
    assert owner(other, town) == (None, None)
    with pytest.raises(Missing):
        services.claim_by_email(acting(user), EWA, other.id)


def test_somebody_without_account_or_proof_takes_nothing(town: Town) -> None:
    case, user = filed_with(town, EWA), make_resident("jan@poczta.example")
    with pytest.raises(NotAllowed):
        services.claim_by_email(Actor(municipality_id=town.id), EWA, case.id)
    from initiatives.services.claiming import Proof, claim

    for proof in (Proof(), Proof(code=CODE), Proof(email="jan@poczta.example")):
        with pytest.raises(Missing):
            claim(acting(user, town), case.id, proof)


def test_new_account_is_led_to_its_earlier_cases(client: Browser, town: Town, outbox: Outbox) -> None:
    case = filed_with(town, EWA)
    client.submit("/en/sign-in", {"email": EWA})
    answer = client.submit(path_in(outbox()[-1]), {"form_key": "one-key-for-one-form"})
    assert answer.headers["Location"] == PAGE
    text = client.get(PAGE).get_data(as_text=True)
    assert case.number in text
    assert client.submit(PAGE, {"number": ""}).status_code == 422
    assert client.submit(PAGE, {"number": "LUB-I-1999-0001", "code": CODE}).status_code == 422
    answer = client.submit(PAGE, {"cases": [f"initiative:{case.id}"]})
    assert answer.status_code == 303
    assert case.title in client.get("/en/account/initiatives").get_data(as_text=True)
    client.submit("/en/account")
    client.submit("/en/sign-in", {"email": EWA})
    answer = client.submit(path_in(outbox()[-1]), {"form_key": "one-key-for-one-form"})
    assert answer.headers["Location"] == "/en/account"


def test_ticked_case_that_is_not_offered_is_refused(
    client: Browser, town: Town, outbox: Outbox, sign_in: Any, actor_as: Any
) -> None:
    filed_with(town, EWA)
    sign_in(client, actor_as("resident", email=EWA))
    assert client.submit(PAGE, {"cases": ["initiative:999"]}).status_code == 422
