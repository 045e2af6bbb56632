"""What is held of a person: the export holds it all, the erasure takes the person out and keeps the record."""

from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select

from initiatives import privacy, queries, services
from initiatives.models import Initiative, Support
from initiatives.services import forgetting
from portal.content import services as content
from portal.content.models import (
    Attachment,
    Comment,
    CommentReport,
    CommentState,
    CommentStep,
    CommentUseful,
    FileRole,
    Follow,
    Stance,
    StateChange,
)
from portal.core import files, tenancy
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.tenancy import Town
from portal.notify.outbox import recipient_key
from tests.factories.initiatives import CODE, TEXT, make_initiative

ActorAs = Callable[..., Actor]


def act_everywhere(ewa: Actor, town: Town, other_town: Town) -> tuple[Initiative, Initiative]:
    """Ewa files in one town, and says, supports and follows something in another."""
    own = make_initiative(town, author=ewa)
    with writing():
        author = queries.case(own.id).author
        assert author is not None
        author.name, author.email, author.phone = "Ewa Sadowa", "ewa@poczta.example", "+48602123456"
        author.original, author.shows_name, author.person = "Ewa, Lipowa 3", True, "pseudonym"
    there = make_initiative(other_town)
    with tenancy.within(other_town.id):
        services.support(ewa, there.id)
        services.follow(ewa, there.id, "pl")
        services.comment(ewa, there.id, Stance.FOR, "Popieram.", "pl", "k", shows_name=True)
    return own, there


def test_an_export_holds_what_one_did_in_every_town(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident", name="Ewa Sadowa")
    own, there = act_everywhere(ewa, town, other_town)
    found = {row["kind"]: row for row in privacy.export(ewa.user_id or 0)}
    assert sorted(found) == ["comment", "follow", "initiative", "support"]
    filed = found["initiative"]
    assert (filed["number"], filed["text"], filed["phone"]) == (own.number, TEXT, "+48602123456")
    assert (found["comment"]["text"], found["comment"]["name"]) == ("Popieram.", "Ewa Sadowa")
    assert found["comment"]["number"] == there.number
    assert (found["support"]["initiative"], found["support"]["number"]) == (there.id, there.number)
    assert (found["follow"]["of"], found["follow"]["number"]) == (f"initiative:{there.id}", there.number)


def test_an_export_holds_nothing_of_others(town: Town, other_town: Town, actor_as: ActorAs) -> None:
    act_everywhere(actor_as("resident"), town, other_town)
    assert privacy.export(actor_as("resident").user_id or 0) == []


def test_an_erasure_takes_the_person_out_and_keeps_words_and_counts(
    town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    ewa, jan = actor_as("resident"), actor_as("resident", name="Jan Kot")
    own, there = act_everywhere(ewa, town, other_town)
    with tenancy.within(other_town.id):
        services.comment(jan, there.id, Stance.FOR, "Ja też.", "pl", "j", shows_name=True)
        services.follow(jan, there.id, "pl")
    with writing():
        assert privacy.erase(ewa.user_id or 0) == 4
    case = queries.case(own.id)
    assert (case.text, case.author_user_id) == (TEXT, None)
    author = case.author
    assert author is not None
    assert {author.name, author.email, author.phone, author.postal, author.original, author.person} == {None}
    assert (author.user_id, author.shows_name) == (None, False)
    with tenancy.within(other_town.id):
        assert queries.case(there.id).support_count == 1
        assert db.session.scalars(select(Support.user_id)).all() == [None]
        said = db.session.execute(select(Comment.text, Comment.name, Comment.user_id).order_by(Comment.id))
        assert said.all() == [("Popieram.", "", None), ("Ja też.", "Jan Kot", jan.user_id)]
        assert db.session.scalars(select(Follow.user_id)).all() == [jan.user_id]
    assert privacy.export(ewa.user_id or 0) == []


def test_words_of_the_author_at_a_step_are_in_the_copy_and_the_step_names_no_account(
    town: Town, actor_as: ActorAs
) -> None:
    ewa = actor_as("resident")
    case = make_initiative(town, author=ewa)
    services.withdraw(ewa, case.id, "Już mi niepotrzebne.")
    (step,) = [row for row in privacy.export(ewa.user_id or 0) if row["kind"] == "step"]
    assert (step["number"], step["text"]) == (case.number, "Już mi niepotrzebne.")
    kept = db.session.scalars(select(StateChange).where(StateChange.verb == "withdraw")).one()
    assert (kept.user_id, kept.who) == (None, "author")


def test_the_audit_log_holds_no_words_of_a_comment(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town)
    services.comment(actor_as("resident"), case.id, Stance.FOR, "Mieszkam obok.", "pl", "k", shows_name=False)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.commented")).one()
    assert "Mieszkam" not in str(entry.details)


def test_number_and_code_lead_to_the_messages_too(town: Town) -> None:
    """Whoever has no account is known by them alone; messages are found by the address they went to."""
    case = make_initiative(town, email="anna@people.example", with_code=True)
    keys = privacy.locate(case.number or "", CODE)
    assert recipient_key("anna@people.example") in keys


def test_an_erasure_takes_the_names_of_files_as_well(town: Town, actor_as: ActorAs) -> None:
    ewa = actor_as("resident")
    case = make_initiative(town, author=ewa)
    raw = BytesIO()
    Image.new("RGB", (40, 30), "red").save(raw, "JPEG")
    with writing():
        stored = files.store_photo(raw.getvalue(), "ewa-sadowa.jpg")
        content.attach(queries.case(case.id), stored, FileRole.PHOTO)
    (filed,) = privacy.export(ewa.user_id or 0)
    assert filed["files"] == ["ewa-sadowa.jpg"]
    with writing():
        privacy.erase(ewa.user_id or 0)
    row = db.session.scalars(select(Attachment)).one()
    assert row.name == f"{row.id}.webp"


def test_an_erasure_touches_nobody_else(town: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town, email="anna@people.example")
    with writing():
        assert privacy.erase(actor_as("resident").user_id or 0) == 0
    author = queries.case(case.id).author
    assert author is not None
    assert author.email == "anna@people.example"


def test_an_erasure_reaches_the_talk_and_keeps_its_counts(town: Town, actor_as: ActorAs) -> None:
    ewa, jan, reviewer = actor_as("resident"), actor_as("resident"), actor_as("reviewer")
    case = make_initiative(town)
    theirs = services.comment(jan, case.id, Stance.FOR, "Popieram.", "pl", "j", shows_name=False).id
    services.mark_useful(ewa, case.id, theirs, wanted=True)
    services.report_comment(ewa, case.id, theirs, "other", "Stoi tam moje nazwisko.")
    hidden = services.comment(
        ewa, case.id, Stance.FOR, "Mieszkam pod piątką.", "pl", "e", shows_name=False
    ).id
    held = services.comment(ewa, case.id, Stance.FOR, "www.ewa.example", "pl", "h", shows_name=False).id
    services.moderate(reviewer, case.id, hidden, "hide", "personal")
    services.object_to(ewa, case.id, hidden, "To mój własny adres.")
    kinds = Counter(row["kind"] for row in privacy.export(ewa.user_id or 0))
    assert kinds == {"comment": 2, "comment_report": 1, "comment_useful": 1, "objection": 1}
    with writing():
        privacy.erase(ewa.user_id or 0)
    assert privacy.export(ewa.user_id or 0) == []
    kept = db.session.get_one(Comment, theirs, populate_existing=True)
    assert (kept.text, kept.useful_count, kept.reports) == ("Popieram.", 1, 1)
    for gone in (hidden, held):
        row = db.session.get_one(Comment, gone, populate_existing=True)
        assert (row.text, row.state, row.queued_at) == ("", CommentState.TAKEN_BACK, None)
    words = [*db.session.scalars(select(CommentReport.words)), *db.session.scalars(select(CommentStep.words))]
    assert not any(words)
    people = [
        *db.session.scalars(select(CommentReport.person)),
        *db.session.scalars(select(CommentUseful.person)),
    ]
    assert all(person.startswith("erased:") for person in people)


def test_marks_and_reports_end_with_the_case(town: Town, actor_as: ActorAs, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    ewa, jan, leader = actor_as("resident"), actor_as("resident"), actor_as("leader")
    case = make_initiative(town)
    said = services.comment(jan, case.id, Stance.FOR, "Popieram.", "pl", "j", shows_name=False).id
    services.mark_useful(ewa, case.id, said, wanted=True)
    services.report_comment(ewa, case.id, said, "insult", "")
    services.transfer(leader, case.id, "powiat", "Droga jest powiatowa.")
    assert forgetting.how_many(forgetting.with_old_supports()) == 0
    frozen("2026-05-02 10:00")
    assert forgetting.how_many(forgetting.with_old_supports()) == 1
    with writing():
        assert forgetting.end_supports(10) == 1
    row = db.session.get_one(Comment, said, populate_existing=True)
    assert (row.useful_count, row.reports, row.queued_at) == (1, 0, None)
    assert db.session.scalars(select(CommentUseful)).all() == []
    assert forgetting.how_many(forgetting.with_old_supports()) == 0


def test_of_a_case_referred_within_the_portal_both_municipalities_hand_out_and_erase_what_they_hold(
    town: Town, other_town: Town, actor_as: ActorAs, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    ewa = actor_as("resident")
    case = make_initiative(town, author=ewa)
    services.transfer(actor_as("leader"), case.id, "", "To nie nasze.", other_town.slug)
    copies = [row["number"] for row in privacy.export(ewa.user_id or 0) if row["kind"] == "initiative"]
    assert copies == [case.number, case.number]
    assert privacy.is_busy(ewa.user_id or 0)
    # A year after the referral the contact ends here, and stays where the case goes on.
    frozen("2027-03-05 10:00")
    due = {}
    for place in (town, other_town):
        with tenancy.within(place.id):
            due[place.slug] = forgetting.how_many(forgetting.with_old_contacts())
    assert due == {town.slug: 1, other_town.slug: 0}
    privacy.erase(ewa.user_id or 0)
    for place in (town, other_town):
        with tenancy.within(place.id):
            found = queries.case_by_number(case.number or "")
            assert (found.author_user_id, found.author and found.author.user_id) == (None, None)


def test_number_and_code_lead_to_what_each_municipality_holds(
    town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, with_code=True)
    services.transfer(actor_as("leader"), case.id, "", "To nie nasze.", other_town.slug)
    for place in (town, other_town):
        with tenancy.within(place.id):
            assert privacy.locate(case.number or "", CODE)


def test_whoever_takes_a_referred_case_over_is_found_in_both_municipalities(
    town: Town, other_town: Town, actor_as: ActorAs
) -> None:
    case, ewa = make_initiative(town, with_code=True), actor_as("resident")
    services.transfer(actor_as("leader"), case.id, "", "To nie nasze.", other_town.slug)
    services.claim_by_code(ewa, case.number or "", CODE)
    copies = [row["number"] for row in privacy.export(ewa.user_id or 0) if row["kind"] == "initiative"]
    assert copies == [case.number, case.number]
