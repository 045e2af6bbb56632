"""Referring within the portal: what stands there and here, who is told, where supports count, and the ways back."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from initiatives import queries, services
from initiatives.models import Audience, Initiative, Place, Support, Translation
from initiatives.states import ARRIVE, CALL_BACK
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Attachment, FileRole
from portal.core import audit, clock, consent, files, tenancy, tokens
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.consent import ConsentEvent, Purpose
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Municipality, Town
from portal.core.workflow import Lane
from portal.search import queries as search
from tests.factories.initiatives import CODE, make_initiative, merge
from tests.factories.races import at_once
from tests.factories.towns import make_town

ActorAs = Callable[..., Actor]
SHORTER = "Przy przystanku nie ma gdzie usiąść, a autobus jeździ co godzinę. Proszę o ławkę."
WHY = "Ta droga należy do sąsiedniej gminy."


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


@pytest.fixture
def swidnik(town: Town) -> Town:
    """A neighbour in the same country."""
    return make_town("swidnik")


def there(case: Initiative, place: Town) -> Initiative:
    with tenancy.within(place.id):
        return queries.case(queries.case_by_number(case.number or "").id)


def here(case: Initiative) -> Initiative:
    return queries.case(case.id)


def refer(actor: Actor, case: Initiative, place: Town, why: str = WHY) -> Initiative:
    services.transfer(actor, case.id, "", why, place.slug)
    return there(case, place)


def verbs(case: Initiative) -> list[str]:
    with tenancy.within(case.municipality_id):
        return [step.verb for step in content_queries.history(*case.about, tuple(Lane))]


def photo(colour: str = "red") -> files.Stored:
    raw = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(raw, "JPEG")
    return files.store_photo(raw.getvalue(), f"{colour}.jpg")


def files_of(case: Initiative) -> list[Attachment]:
    with tenancy.within(case.municipality_id):
        rows = db.session.scalars(select(Attachment).where(Attachment.object_id == case.id))
        return sorted(rows, key=lambda row: row.place or row.id)


# ---- what stands where ----


def test_it_ends_here_and_is_published_there_under_the_same_number(
    leader: Actor, town: Town, swidnik: Town, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "assigned", cost_minor=50_000, address="ul. Polna 3", district="Felin")
    frozen("2026-03-06 10:00")  # A Friday.
    new = refer(leader, case, swidnik)
    old = here(case)
    assert (old.state, old.referred_to_id, old.referred_on) == ("transferred", swidnik.id, date(2026, 3, 6))
    assert (old.transferred_to, old.is_public) == ("Swidnik", True)
    assert (new.state, new.number, new.referred_from_id, new.arrived_on) == (
        "published",
        old.number,
        town.id,
        date(2026, 3, 6),
    )
    same = (
        "title",
        "text",
        "folded",
        "language",
        "place",
        "lat",
        "lon",
        "address",
        "channel",
        "submitted_at",
    )
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert (new.cost_minor, new.category, new.district) == (50_000, "greenery", "")
    assert (new.support_count, new.department, new.lead_user_id) == (0, "", None)
    assert (new.is_public, new.takes_support, old.takes_support) == (True, True, False)
    with tenancy.within(swidnik.id):
        running = content_queries.open_deadlines(*new.about)
    assert [(row.key, row.due_on) for row in running] == [("assign", date(2026, 3, 10))]
    assert content_queries.open_deadlines(*old.about) == []
    assert (verbs(old)[-1], verbs(new)) == ("transfer", [ARRIVE])


def test_the_clock_runs_in_the_calendar_of_the_other_office(
    leader: Actor, town: Town, other_town: Town, frozen: Any
) -> None:
    frozen("2026-07-03 10:00")  # 6 July is a holiday in Czechia, not in Poland.
    new = refer(leader, make_initiative(town), other_town)
    with tenancy.within(other_town.id):
        assert content_queries.open_deadlines(*new.about)[0].due_on == date(2026, 7, 8)


def test_money_is_not_reckoned_into_another_currency(leader: Actor, town: Town, other_town: Town) -> None:
    new = refer(leader, make_initiative(town, cost_minor=50_000), other_town)
    assert (new.cost_minor, new.currency) == (None, "CZK")


def test_a_category_that_is_not_there_becomes_its_theme_or_other(
    leader: Actor, town: Town, swidnik: Town
) -> None:
    with writing():
        row = db.session.get(Municipality, swidnik.id)
        assert row is not None
        kept = [{"key": "roads"}, {"key": "greenery", "hidden": True}]
        row.settings = {"initiatives": {"categories": kept}}
    tenancy.forget_towns()
    for key, expected in (("roads", "roads"), ("roads-2", "roads"), ("greenery", "other"), ("x", "other")):
        assert refer(leader, make_initiative(town, category=key), swidnik).category == expected


def test_files_go_along_as_copies(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    with writing():
        content.attach(case, photo("red"), FileRole.PHOTO, "Przystanek")
        plain = content.attach(case, photo("blue"), FileRole.PHOTO, "Chodnik")
        db.session.flush()
        content.redact(plain, [(10, 10, 20, 20)])
    new = refer(leader, case, swidnik)
    old_rows, new_rows = files_of(case), files_of(new)
    assert [(row.alt, row.boxes, row.size, row.name) for row in new_rows] == [
        (row.alt, row.boxes, row.size, row.name) for row in old_rows
    ]
    assert [row.alt for row in new_rows] == ["Przystanek", "Chodnik"]
    for old, copy in zip(old_rows, new_rows, strict=True):
        assert len(copy.keys) == len(old.keys)
        assert not set(copy.keys) & set(old.keys)
        assert [files.read(key) for key in copy.keys] == [files.read(key) for key in old.keys]
    taken = db.session.get(Municipality, swidnik.id)
    assert taken is not None
    assert taken.upload_bytes == sum(row.size for row in new_rows)


def test_without_room_for_the_files_nothing_is_changed(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    with writing():
        content.attach(case, photo(), FileRole.PHOTO, "Przystanek")
        row = db.session.get(Municipality, swidnik.id)
        assert row is not None
        row.upload_quota_mb = 0
    with pytest.raises(Invalid, match="could not be copied to Swidnik"):
        refer(leader, case, swidnik)
    assert here(case).state == "published"
    with pytest.raises(Missing):
        there(case, swidnik)


def test_the_author_goes_along_sealed_and_the_code_opens_it_there(
    leader: Actor, town: Town, swidnik: Town
) -> None:
    case = make_initiative(town, with_code=True)
    new = refer(leader, case, swidnik)
    author = new.author
    assert author is not None
    assert (author.name, author.email) == ("Anna Próbna", "author@people.example")
    assert (author.municipality_id, author.original, author.answers) == (swidnik.id, None, None)
    assert services.open_by_code(case.number or "", CODE).id == new.id
    assert services.open_by_code(case.number or "", CODE, town.id).id == case.id


def test_a_new_code_makes_the_earlier_one_worthless_everywhere(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, with_code=True)
    new = refer(leader, case, swidnik)
    with tenancy.within(swidnik.id):
        code = services.new_code(actor_as("leader", swidnik), new.id, "k" * 20)
    for place in (town, swidnik):
        assert services.open_by_code(case.number or "", code, place.id).municipality_id == place.id
        with pytest.raises(Missing):
            services.open_by_code(case.number or "", CODE, place.id)


def test_the_consent_to_the_name_goes_along(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    services.show_name(Actor(municipality_id=town.id, cases=frozenset({case.about})), case.id, shown=True)
    new = refer(leader, case, swidnik)
    assert new.author is not None
    assert new.author.shows_name
    with tenancy.within(swidnik.id):
        events = consent.events_of(ConsentEvent.object_id == new.id)
    assert [(event.purpose, event.given) for event in consent.standing(events)] == [(Purpose.NAME, True)]


def test_translations_go_along_unless_out_of_date(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    with writing():
        for language, version in (("en", 1), ("cs", 0)):
            db.session.add(
                Translation(
                    municipality_id=town.id,
                    initiative_id=case.id,
                    language=language,
                    title="A bench",
                    text="By the stop.",
                    made_from_version=version,
                )
            )
    new = refer(leader, case, swidnik)
    with tenancy.within(swidnik.id):
        rows = db.session.scalars(select(Translation).where(Translation.initiative_id == new.id)).all()
    assert [(row.language, row.made_from_version) for row in rows] == [("en", new.version)]


def test_what_is_withheld_stays_so(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs, outbox: Any
) -> None:
    actor_as("leader", swidnik)
    case = make_initiative(town, audience=Audience.TEAM, listed_at=None)
    new = refer(leader, case, swidnik)
    assert (new.audience, new.is_public, new.withheld) == (Audience.TEAM, False, True)
    assert {row.code for row in outbox()} == {"initiative.transferred", "initiative.arrived"}
    with tenancy.within(swidnik.id):
        assert queries.figures(date(2020, 1, 1), date(2030, 1, 1)) == []


def test_both_audit_logs_say_what_is_theirs(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    new = refer(leader, case, swidnik)
    entries = {
        chain: db.session.scalars(select(AuditEntry).where(AuditEntry.chain == chain)).all()[-1]
        for chain in (town.id, swidnik.id)
    }
    assert (entries[town.id].code, entries[town.id].subject) == (
        "initiative.transferred",
        f"initiative:{case.id}",
    )
    assert (entries[swidnik.id].code, entries[swidnik.id].subject) == (
        "initiative.arrived",
        f"initiative:{new.id}",
    )
    for chain, mine, other in ((town.id, case.id, new.id), (swidnik.id, new.id, case.id)):
        rows = {row["row"] for row in entries[chain].details["rows"]}
        assert f"initiative:{mine}" in rows
        assert f"initiative:{other}" not in rows
    assert audit.verify() == []


# ---- what is refused ----


def test_one_of_both_is_needed(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    for to, place, field in (
        (" ", "", "town"),
        ("Powiat", "swidnik", "to"),
        ("", "lublin", "town"),
        ("", "nowhere", "town"),
    ):
        with pytest.raises(Invalid) as caught:
            services.transfer(leader, case.id, to, WHY, place)
        assert field in caught.value.fields
    with pytest.raises(Invalid) as caught:
        services.transfer(leader, case.id, "", " ", "swidnik")
    assert "note" in caught.value.fields
    assert here(case).state == "published"


def test_to_another_body_it_ends_with_its_name_and_day(leader: Actor, town: Town, frozen: Any) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town)
    services.transfer(leader, case.id, " Zarząd Dróg ", WHY)
    found = here(case)
    assert (found.transferred_to, found.referred_to_id, found.referred_on) == (
        "Zarząd Dróg",
        None,
        date(2026, 3, 2),
    )


def test_only_the_leader_here_refers_it(town: Town, swidnik: Town, actor_as: ActorAs) -> None:
    case = make_initiative(town)
    for role, place in (("reviewer", town), ("decision_maker", town), ("leader", swidnik)):
        with pytest.raises((NotAllowed, Missing)):
            services.transfer(actor_as(role, place), case.id, "", WHY, "swidnik")
    mine = make_initiative(town, author=(own := actor_as("leader")))
    with pytest.raises(NotAllowed):
        services.transfer(own, mine.id, "", WHY, "swidnik")


@pytest.mark.parametrize("state", ["purpose_study", "adopted", "transferred", "withdrawn"])
def test_not_from_every_state(state: str, leader: Actor, town: Town, swidnik: Town) -> None:
    with pytest.raises(Conflict):
        refer(leader, make_initiative(town, state), swidnik)
    with tenancy.within(swidnik.id):
        assert db.session.scalar(select(func.count()).select_from(Initiative)) == 0


# ---- who is told, and support ----


def test_everybody_is_told_once(
    leader: Actor,
    town: Town,
    swidnik: Town,
    actor_as: ActorAs,
    run_jobs: Callable[[], int],
    outbox: Any,
) -> None:
    case = make_initiative(town)
    fan, follower = actor_as("resident"), actor_as("resident")
    chief = actor_as("leader", swidnik)
    services.support(fan, case.id)
    services.follow(follower, case.id, "pl")
    new = refer(leader, case, swidnik)
    run_jobs()
    found = outbox()
    assert sorted(row.code for row in found) == [
        "initiative.arrived",
        "initiative.support_waits",
        "initiative.transferred",
        "initiative.transferred",
    ]
    told = {(row.code, row.user_id): row.body or "" for row in found}
    number = (case.number or "").lower()
    assert f"/swidnik/desk/initiatives/{number}" in told["initiative.arrived", chief.user_id]
    assert f"/lublin/initiatives/{number}/support" in told["initiative.support_waits", fan.user_id]
    assert f"/swidnik/initiatives/{number}" in told["initiative.transferred", follower.user_id]
    # Its link is secret and stands in no sent message; see the next test.
    assert new.title in told["initiative.transferred", None]


def test_the_authors_link_opens_it_there(
    leader: Actor, town: Town, swidnik: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_initiative(town, with_code=True)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "initiatives.messages.outbox.send",
        lambda code, who, values, **_more: sent.append({"code": code, **values}),
    )
    new = refer(leader, case, swidnik)
    link = next(one["link"] for one in sent if one["code"] == "initiative.transferred")
    opened = tokens.signer.open("initiative-follow", link.removeprefix("/follow/"), 60)
    assert opened[:2] == [swidnik.id, new.id]


def supports(place: Town) -> dict[int, int]:
    with tenancy.within(place.id):
        rows = db.session.execute(
            select(Support.initiative_id, func.count()).group_by(Support.initiative_id)
        ).all()
        return {row[0]: row[1] for row in rows}


def test_supports_stay_until_their_person_moves_them(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town)
    one, two, three = (actor_as("resident") for _ in range(3))
    for fan in (one, two):
        services.support(fan, case.id)
    new = refer(leader, case, swidnik)
    assert (supports(town), supports(swidnik)) == ({case.id: 2}, {})
    with pytest.raises(Conflict):
        services.support(three, case.id)
    assert services.move_support(one, case.id).id == new.id
    assert services.move_support(one, case.id).id == new.id
    assert (supports(town), supports(swidnik)) == ({case.id: 1}, {new.id: 1})
    assert (here(case).support_count, there(case, swidnik).support_count) == (1, 1)
    with pytest.raises(Missing):
        services.move_support(three, case.id)
    services.unsupport(two, case.id)
    assert here(case).support_count == 0


def test_who_supports_both_counts_once(leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs) -> None:
    case, fan = make_initiative(town), actor_as("resident")
    services.support(fan, case.id)
    new = refer(leader, case, swidnik)
    with tenancy.within(swidnik.id):
        services.support(fan, new.id)
    services.move_support(fan, case.id)
    assert (supports(town), supports(swidnik)) == ({}, {new.id: 1})


def test_support_follows_through_a_merge_and_two_municipalities(
    leader: Actor, town: Town, swidnik: Town, other_town: Town, actor_as: ActorAs
) -> None:
    case, joint = make_initiative(town), make_initiative(town, with_author=False)
    fan = actor_as("resident")
    services.support(fan, case.id)
    merge(leader, case, joint)
    first = refer(leader, joint, swidnik)
    with tenancy.within(swidnik.id):
        services.transfer(actor_as("leader", swidnik), first.id, "", WHY, other_town.slug)
    moved_to = services.move_support(fan, case.id)
    assert (moved_to.municipality_id, moved_to.number) == (other_town.id, joint.number)


# ---- ways back ----


def test_it_is_taken_back_while_nothing_has_happened_there(
    leader: Actor, town: Town, swidnik: Town, outbox: Any
) -> None:
    case = make_initiative(town)
    refer(leader, case, swidnik)
    services.correct(leader, case.id, "Pomyłka.")
    old, ended = here(case), there(case, swidnik)
    assert (old.state, old.referred_to_id, old.referred_on, old.transferred_to) == (
        "published",
        None,
        None,
        "",
    )
    assert (ended.state, ended.referred_to_id) == ("transferred", town.id)
    assert verbs(ended) == [ARRIVE, CALL_BACK]
    assert "initiative.called_back" not in {row.code for row in outbox()}  # Nobody leads there.
    again = refer(leader, case, swidnik)
    assert (again.id, again.state, again.referred_to_id) == (ended.id, "published", None)
    assert verbs(again) == [ARRIVE, CALL_BACK, ARRIVE]


@pytest.mark.parametrize("what", ["step", "support", "note"])
def test_it_is_not_taken_back_once_something_has_happened(
    what: str, leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town)
    new = refer(leader, case, swidnik)
    with tenancy.within(swidnik.id):
        if what == "step":
            services.transfer(actor_as("leader", swidnik), new.id, "Powiat", WHY)
        elif what == "support":
            services.support(actor_as("resident"), new.id)
        else:
            services.add_note(actor_as("leader", swidnik), new.id, "Sprawdzam.", "k" * 20, [])
    with pytest.raises(Conflict) as caught:
        services.correct(leader, case.id, "Pomyłka.")
    assert "something has happened" in str(caught.value.reason)
    assert here(case).state == "transferred"
    assert there(case, swidnik).referred_to_id is None


def test_a_referral_to_another_body_is_taken_back_too(leader: Actor, town: Town) -> None:
    case = make_initiative(town)
    services.transfer(leader, case.id, "Powiat", WHY)
    services.correct(leader, case.id, "Pomyłka.")
    assert (here(case).state, here(case).transferred_to) == ("published", "")


def test_it_comes_back_with_what_was_changed_there(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, "assigned", district="Felin")
    with writing():
        content.attach(here(case), photo("red"), FileRole.PHOTO, "Przystanek")
    new = refer(leader, case, swidnik)
    chief = actor_as("leader", swidnik)
    with tenancy.within(swidnik.id):
        services.redact(chief, new.id, new.title, SHORTER, "", "greenery", new.version, WHY)
        services.redact_photo(chief, new.id, files_of(new)[0].id, [(0, 0, 50, 50)], WHY)
        services.transfer(chief, new.id, "", "To jednak wasze.", town.slug)
    old = here(case)
    assert (old.state, old.text, old.district) == ("published", SHORTER, "Felin")
    assert (old.referred_to_id, old.referred_from_id, old.transferred_to) == (None, swidnik.id, "")
    assert there(case, swidnik).referred_to_id == town.id
    rows = files_of(old)
    assert [(row.alt, row.boxes) for row in rows] == [("Przystanek", [[0, 0, 50, 50]])]
    assert [files.exists(key) for key in rows[0].keys] == [True] * len(rows[0].keys)
    assert verbs(old)[-4:] == ["transfer", "edit", "redact", ARRIVE]
    assert services.goes_on_elsewhere(old) is False


# ---- personal data taken out ----


def test_what_is_taken_out_in_one_municipality_stands_in_none(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, "assigned", address="ul. Polna 3, u pani Kowalskiej")
    with writing():
        content.attach(here(case), photo("red"), FileRole.PHOTO, "Przystanek")
        content.attach(here(case), photo("blue"), FileRole.PHOTO, "Chodnik")
    new = refer(leader, case, swidnik)
    chief = actor_as("leader", swidnik)
    with tenancy.within(swidnik.id):
        services.redact(chief, new.id, new.title, SHORTER, "ul. Polna", new.category, new.version, WHY)
        services.redact_photo(chief, new.id, files_of(new)[0].id, [(0, 0, 50, 50)], WHY)
    old = here(case)
    assert (old.title, old.text, old.address) == (new.title, SHORTER, "ul. Polna")
    assert old.author is not None
    assert "Kowalskiej" in (old.author.original or "")
    assert [(row.alt, row.boxes) for row in files_of(old)] == [
        ("Przystanek", [[0, 0, 50, 50]]),
        ("Chodnik", []),
    ]
    steps = content_queries.history(*old.about, tuple(Lane))[-2:]
    assert [(step.verb, step.lane, step.who, step.note) for step in steps] == [
        ("edit", Lane.AUTHOR, "other_office", WHY),
        ("redact", Lane.AUTHOR, "other_office", WHY),
    ]
    chosen = AuditEntry.code == "initiative.redacted_elsewhere"
    entries = db.session.scalars(select(AuditEntry).where(chosen)).all()
    assert [(entry.chain, entry.details["redacted_by"]) for entry in entries] == [(town.id, "swidnik")] * 2
    assert audit.verify() == []


def test_words_another_office_has_changed_stay_its_own(
    leader: Actor, town: Town, swidnik: Town, actor_as: ActorAs
) -> None:
    case = make_initiative(town, address="ul. Polna 3")
    new = refer(leader, case, swidnik)
    chief = actor_as("leader", swidnik)
    with tenancy.within(swidnik.id):
        services.redact(chief, new.id, "Ławka i wiata", new.text, "ul. Polna 3", "greenery", new.version, WHY)
    assert (here(case).title, here(case).category) == ("Ławka i wiata", case.category)
    with tenancy.within(swidnik.id), writing():
        queries.case(new.id).title = "Własne słowa"
    before = verbs(there(case, swidnik))
    services.redact(leader, case.id, "Ławka", new.text, "ul. Polna 3", case.category, here(case).version, WHY)
    assert there(case, swidnik).title == "Własne słowa"
    assert verbs(there(case, swidnik)) == before


def test_a_redaction_does_not_stand_in_the_way_of_taking_it_back(
    leader: Actor, town: Town, swidnik: Town
) -> None:
    case = make_initiative(town)
    refer(leader, case, swidnik)
    old = here(case)
    services.redact(leader, case.id, old.title, SHORTER, "", old.category, old.version, WHY)
    services.correct(leader, case.id, "Pomyłka.")
    assert (here(case).state, there(case, swidnik).state) == ("published", "transferred")
    # Also of the page that stays there.
    services.redact(leader, case.id, "Ławka", SHORTER, "", old.category, here(case).version, WHY)
    assert there(case, swidnik).title == "Ławka"


# ---- places ----


def test_its_place_and_points_are_there(leader: Actor, town: Town, swidnik: Town) -> None:
    whole = refer(leader, make_initiative(town, place=Place.WHOLE), swidnik)
    assert (whole.place, whole.lat, whole.cell) == (Place.WHOLE, None, None)
    with tenancy.within(swidnik.id):
        assert queries.total(queries.wanted_from({})) == 1


# ---- two at once ----


def test_two_leaders_refer_it_at_the_same_instant(
    app: Flask, town: Town, swidnik: Town, other_town: Town, actor_as: ActorAs
) -> None:
    case_id = make_initiative(town).id
    first, second = actor_as("leader"), actor_as("leader")
    fared = at_once(
        app,
        town,
        lambda: services.transfer(first, case_id, "", WHY, "swidnik"),
        lambda: services.transfer(second, case_id, "", WHY, "ostrava-jih"),
    )
    assert sorted(fared) == ["Conflict", "done"]
    with tenancy.unscoped("both rows of the case"):
        states = db.session.scalars(select(Initiative.state).order_by(Initiative.id)).all()
    assert states == ["transferred", "published"]


def test_the_author_withdraws_while_it_is_referred(
    app: Flask, leader: Actor, town: Town, swidnik: Town
) -> None:
    case = make_initiative(town)
    author = Actor(municipality_id=town.id, cases=frozenset({case.about}))
    case_id = case.id
    fared = at_once(
        app,
        town,
        lambda: services.transfer(leader, case_id, "", WHY, "swidnik"),
        lambda: services.withdraw(author, case_id, ""),
    )
    assert sorted(fared) == ["Conflict", "done"]
    with tenancy.unscoped("both rows of the case"):
        states = db.session.scalars(select(Initiative.state).order_by(Initiative.id)).all()
    assert states in (["withdrawn"], ["transferred", "published"])


def test_a_proposal_to_merge_falls(leader: Actor, town: Town, swidnik: Town) -> None:
    case, target = make_initiative(town), make_initiative(town, email="two@people.example")
    services.propose_merge(leader, case.id, target.number or "", WHY)
    new = refer(leader, case, swidnik)
    assert (here(case).merge_id, here(target).merge_id, new.merge_id) == (None, None, None)


def test_counts_and_figures_are_those_of_a_count_anew(leader: Actor, town: Town, swidnik: Town) -> None:
    case = make_initiative(town)
    refer(leader, case, swidnik)
    services.correct(leader, case.id, "Pomyłka.")
    refer(leader, case, swidnik)
    first, last = date(2020, 1, 1), date(2035, 1, 1)
    for place in (town, swidnik):
        with tenancy.within(place.id):
            kept = sorted(queries.figures(first, last)), queries.present_counts()
            with writing():
                services.rebuild_counts(place.id)
            assert (sorted(queries.figures(first, last)), queries.present_counts()) == kept
    with tenancy.within(swidnik.id):
        told = {row.what: row.n for row in queries.figures(first, last) if row.part == "channel"}
    assert told == {"arrived": 1}


# ---- where a number is looked up ----


def found_everywhere(case: Initiative) -> list[int]:
    with tenancy.unscoped("the search over all municipalities"):
        return [hit.object_id for hit in search.find(case.number or "", None)]


def test_the_number_finds_the_living_row_first_and_each_at_its_own_municipality(
    leader: Actor, town: Town, swidnik: Town, frozen: Any
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, submitted_at=clock.now() - timedelta(hours=5))
    frozen("2026-03-03 10:00")
    new = refer(leader, case, swidnik)
    assert found_everywhere(case) == [new.id, case.id]
    frozen("2026-03-04 10:00")
    services.correct(leader, case.id, "Pomyłka.")
    assert found_everywhere(case) == [case.id, new.id]
    for place in (town, swidnik):
        with tenancy.within(place.id):
            assert queries.case_by_number(case.number or "").municipality_id == place.id
            rows = queries.requests(queries.Asked(numbers=(case.number or "",)), 5)
            assert [row.number for row in rows] == [case.number]


def test_what_is_filed_goes_on_with_numbers_of_its_own(leader: Actor, town: Town, swidnik: Town) -> None:
    refer(leader, make_initiative(town), swidnik)
    filed = make_initiative(swidnik)
    assert (filed.number or "").startswith("SWI-I-")
    assert (filed.number or "").endswith("-0001")
