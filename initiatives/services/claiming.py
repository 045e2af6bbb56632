"""An initiative filed without an account becomes an account's: by number and code, or by the confirmed address.

Whoever has the code, or the mailbox that gets the links, opens the case already; an account only makes that
last. The code goes on working, so nobody is locked out of what they filed, and the address left when it was
filed is told of it.
"""

from dataclasses import dataclass

from sqlalchemy import select, update

from initiatives import messages, queries
from initiatives.models import Author, Initiative
from initiatives.services.author import open_by_code
from initiatives.services.joining import user_of
from portal.content import services as content
from portal.core import audit, consent, tenancy, tokens
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Invalid, Missing
from portal.core.i18n import lazy_gettext as _l
from portal.core.registry import Claimable
from portal.core.usecase import use_case

OFFERED_MAX = 50


@dataclass(frozen=True, slots=True)
class Proof:
    """Why somebody says that a case is theirs: its secret code, or an address their account has confirmed."""

    code: str = ""
    email: str = ""


def claimable(email: str) -> list[Claimable]:
    """Cases without an account that were filed with this confirmed address, in every town, newest first."""
    with tenancy.unscoped("somebody's own cases in every town"):
        rows = db.session.execute(
            select(Initiative.id, Initiative.municipality_id, Initiative.number, Initiative.title)
            .join(Author, Author.initiative_id == Initiative.id)
            .where(
                Author.person == content.person_of_email(email),
                Author.user_id.is_(None),
                Initiative.number.is_not(None),
            )
            .order_by(Initiative.created_at.desc(), Initiative.id.desc())
            .limit(OFFERED_MAX)
        ).all()
    return [Claimable(row.id, row.municipality_id, row.number or "", row.title) for row in rows]


def claim_by_code(actor: Actor, number: str, code: str) -> Claimable:
    """Take over the case that number and code open. Raises Missing, the same for every mistake; Invalid."""
    case = open_by_code(number, code)
    return _claim_in(actor, case.municipality_id, case.id, Proof(code=code))


def claim_by_email(actor: Actor, email: str, case_id: int) -> Claimable:
    """Take over one of the cases offered for the account's confirmed address. Raises Missing for any other."""
    for found in claimable(email):
        if found.id == case_id:
            return _claim_in(actor, found.municipality_id, case_id, Proof(email=email))
    raise Missing


def _claim_in(actor: Actor, municipality_id: int, case_id: int, proof: Proof) -> Claimable:
    with tenancy.within(municipality_id):
        return claim(actor, case_id, proof)


@use_case("initiative.claim", code="initiative.claimed", load=queries.case)
def claim(actor: Actor, case: Initiative, proof: Proof) -> Claimable:
    """Make a case an account's. Raises Missing without a proof that fits, Invalid when it is another account's."""
    author = case.author
    if author is None or not _fits(author, proof):
        raise Missing
    user_id = user_of(actor)
    found = Claimable(case.id, case.municipality_id, case.number or "", case.title)
    if author.user_id == user_id:
        return found
    if author.user_id is not None:
        raise Invalid(_l("This case belongs to another account already."))
    # Before the account counts as the author: the address that was left is told, not the new one.
    messages.to_author(case, "initiative.claimed")
    author.user_id = case.author_user_id = user_id
    consent.take_over(case.about, consent.Purpose.NAME, user_id)
    _claim_elsewhere(case, user_id, proof)
    audit.note(f"initiative:{case.id}", by="code" if proof.code else "address")
    return found


def _claim_elsewhere(case: Initiative, user_id: int, proof: Proof) -> None:
    """The rows of the same case in other municipalities as well, so that "My data" reaches what each of them holds."""
    theirs = (
        select(Author)
        .join(Initiative, Initiative.id == Author.initiative_id)
        .where(Initiative.number == case.number, Initiative.id != case.id, Author.user_id.is_(None))
    )
    with tenancy.unscoped("the rows of one case in several municipalities"):
        for author in db.session.scalars(theirs).all():
            if not _fits(author, proof):
                continue
            for statement in (
                update(Author).where(Author.id == author.id).values(user_id=user_id),
                update(Initiative)
                .where(Initiative.id == author.initiative_id)
                .values(author_user_id=user_id),
            ):
                db.session.execute(statement.execution_options(synchronize_session=False))
            consent.take_over((Initiative.KIND, author.initiative_id), consent.Purpose.NAME, user_id)


def _fits(author: Author, proof: Proof) -> bool:
    if proof.code:
        return author.code_hash is not None and author.code_hash == tokens.code_hash(proof.code)
    return bool(proof.email) and author.person == content.person_of_email(proof.email)
