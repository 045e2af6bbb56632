"""The author's acts after filing: completing, withdrawing, appealing, judging, and the code that proves it."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from initiatives import queries, rules, services
from initiatives.models import Outcome, Place
from initiatives.services import Sent, What, Where
from portal.content import queries as content_queries
from portal.content.models import FileRole
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.files import Stored
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import CODE, TEXT, make_initiative

ActorAs = Callable[..., Actor]
Frozen = Callable[[str], None]
WHAT = What("Ławka z oparciem", TEXT, "roads")
WHERE = Where(Place.ADDRESS, address="Lipowa 3")


@pytest.fixture
def author(actor_as: ActorAs) -> Actor:
    return actor_as("resident")


def test_a_completed_case_is_checked_again(town: Town, author: Actor) -> None:
    case = make_initiative(town, "returned", author=author)
    services.complete(author, case.id, WHAT, WHERE, case.version)
    found = queries.case(case.id)
    assert (found.state, found.title, found.category, found.address) == (
        "submitted",
        "Ławka z oparciem",
        "roads",
        "Lipowa 3",
    )
    assert [row.key for row in content_queries.open_deadlines(*case.about)] == ["check"]


def test_files_sent_with_a_completed_case_hang_on_it_once(town: Town, author: Actor) -> None:
    case = make_initiative(town, "returned", author=author)
    photo = Sent(Stored("a.jpg", None, None, "image/jpeg", 3, "plac.jpg"), FileRole.PHOTO, "Plac")
    assert services.complete(author, case.id, WHAT, WHERE, case.version, [photo, photo]) == [photo]
    assert [row.alt for row in content_queries.files(*case.about, public_only=False)] == ["Plac"]


def test_more_files_than_are_taken_leave_the_case_as_it_was(
    town: Town, author: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DOCUMENTS_MAX", 0)
    case = make_initiative(town, "returned", author=author)
    paper = Sent(Stored("a.pdf", None, None, "application/pdf", 3, "plan.pdf"), FileRole.DOCUMENT)
    with pytest.raises(Invalid) as caught:
        services.complete(author, case.id, WHAT, WHERE, case.version, [paper])
    assert "document" in caught.value.fields
    assert queries.case(case.id).state == "returned"


def test_a_case_completed_on_another_device_is_a_conflict(town: Town, author: Actor) -> None:
    case = make_initiative(town, "returned", author=author)
    with pytest.raises(Conflict):
        services.complete(author, case.id, WHAT, WHERE, case.version + 1)
    assert queries.case(case.id).title == case.title


def test_what_an_operator_does_for_a_caller_is_told_as_theirs(
    town: Town, author: Actor, actor_as: ActorAs
) -> None:
    operator = actor_as("operator")
    case = make_initiative(town, "returned", author=author)
    case.taken_by_user_id = operator.user_id
    db.session.commit()
    services.complete(operator, case.id, WHAT, WHERE, case.version)
    services.withdraw(author, case.id, "")
    steps = content_queries.history(*case.about, tuple(Lane))
    assert [step.who for step in steps if step.verb in ("submit", "withdraw")][-2:] == ["operator", "author"]
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.code, entry.on_behalf) for entry in entries[-2:]] == [
        ("initiative.completed", True),
        ("initiative.withdrawn", False),
    ]


def test_what_is_still_incomplete_stays_returned(town: Town, author: Actor) -> None:
    case = make_initiative(town, "returned", author=author)
    with pytest.raises(Invalid):
        services.complete(author, case.id, What("Ławka", "Krótko.", "roads"), WHERE, case.version)
    found = queries.case(case.id)
    assert (found.state, found.text) == ("returned", TEXT)


def test_a_lapsed_case_is_taken_up_again_within_thirty_days(
    town: Town, author: Actor, frozen: Frozen
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "lapsed", author=author)
    frozen("2026-04-01 09:00")
    services.complete(author, case.id, WHAT, WHERE, case.version)
    assert queries.case(case.id).state == "submitted"


def test_a_lapsed_case_is_not_taken_up_after_thirty_days(town: Town, author: Actor, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "lapsed", author=author)
    frozen("2026-04-02 10:00")
    with pytest.raises(Invalid) as caught:
        services.complete(author, case.id, WHAT, WHERE, case.version)
    assert "30 days" in str(caught.value.reason)


def test_a_public_case_that_is_withdrawn_stays_listed_without_a_pin(town: Town, author: Actor) -> None:
    case = make_initiative(town, "published", author=author)
    services.withdraw(author, case.id, "Już niepotrzebne.")
    found = queries.case(case.id)
    assert (found.state, found.listed_at) == ("withdrawn", case.listed_at)
    assert queries.total(queries.Wanted(phase="ended")) == 1
    assert queries.map_data(queries.Wanted(), 8, (-180, -90, 180, 90)).points == []


def test_a_hidden_case_that_is_withdrawn_never_becomes_public(town: Town, author: Actor) -> None:
    case = make_initiative(town, "submitted", author=author)
    services.withdraw(author, case.id, "")
    assert queries.case(case.id).listed_at is None
    assert queries.total(queries.Wanted()) == 0
    assert content_queries.open_deadlines(*case.about) == []


def test_what_is_decided_is_not_withdrawn(town: Town, author: Actor) -> None:
    for state in ("adopted", "refused", "done", "withdrawn"):
        case = make_initiative(town, state, author=author)
        with pytest.raises(Conflict):
            services.withdraw(author, case.id, "")


def test_an_appeal_stops_the_refusal_and_starts_fourteen_days(
    town: Town, author: Actor, frozen: Frozen
) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "refused", author=author)
    services.appeal(author, case.id, "To nie było zbadane.")
    found = queries.case(case.id)
    assert (found.state, found.appealed_once) == ("appealed", True)
    (clock,) = content_queries.open_deadlines(*case.about)
    assert (clock.key, clock.due_on) == ("appeal", date(2026, 3, 16))


def test_an_appeal_comes_within_seven_days(town: Town, author: Actor, frozen: Frozen) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "refused", author=author)
    frozen("2026-03-10 00:01")
    with pytest.raises(Invalid):
        services.appeal(author, case.id, "Za późno.")
    frozen("2026-03-09 23:59")
    services.appeal(author, case.id, "W ostatniej chwili.")
    assert queries.case(case.id).state == "appealed"


def test_an_appeal_needs_words_and_a_first_time(town: Town, author: Actor) -> None:
    case = make_initiative(town, "refused", author=author)
    with pytest.raises(Invalid) as caught:
        services.appeal(author, case.id, "  ")
    assert "note" in caught.value.fields
    again = make_initiative(town, "refused", author=author, appealed_once=True)
    with pytest.raises(Invalid):
        services.appeal(author, again.id, "Jeszcze raz.")


@pytest.mark.parametrize(
    ("verb", "note", "after", "clocks"),
    [("confirm", "", "confirmed", []), ("dispute", "Brakuje oparcia.", "disputed", ["dispute"])],
)
def test_the_author_says_whether_it_helped(
    town: Town, author: Actor, verb: str, note: str, after: str, clocks: list[str]
) -> None:
    case = make_initiative(town, "done", author=author)
    services.judge(author, case.id, verb, note)
    found = queries.case(case.id)
    assert (found.state, found.outcome) == (after, Outcome.DONE)
    assert [row.key for row in content_queries.open_deadlines(*case.about)] == clocks


def test_a_judgement_is_one_of_two(town: Town, author: Actor) -> None:
    case = make_initiative(town, "done", author=author)
    for verb in ("publish", "withdraw", "", "correct"):
        with pytest.raises(Invalid):
            services.judge(author, case.id, verb, "Bo tak.")
    assert queries.case(case.id).state == "done"


def test_a_dispute_says_what_is_missing(town: Town, author: Actor) -> None:
    case = make_initiative(town, "partly_done", author=author)
    with pytest.raises(Invalid):
        services.judge(author, case.id, "dispute", "")


def test_somebody_else_does_none_of_it(town: Town, actor_as: ActorAs, author: Actor) -> None:
    other = actor_as("resident")
    hidden = make_initiative(town, "returned", author=author)
    refused = make_initiative(town, "refused", author=author)
    done = make_initiative(town, "done", author=author)
    for act in (
        lambda: services.complete(other, hidden.id, WHAT, WHERE, hidden.version),
        lambda: services.withdraw(other, hidden.id, ""),
        lambda: services.appeal(other, refused.id, "Nie."),
        lambda: services.judge(other, done.id, "confirm", ""),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert [queries.case(case.id).state for case in (hidden, refused, done)] == [
        "returned",
        "refused",
        "done",
    ]


def test_number_and_code_open_the_case_from_any_town(town: Town, other_town: Town) -> None:
    case = make_initiative(other_town, "submitted", with_code=True)
    assert services.open_by_code(f" {(case.number or '').lower()} ", CODE.lower()).id == case.id


def test_a_code_opens_its_own_case_only(town: Town) -> None:
    case, other = make_initiative(town, "submitted", with_code=True), make_initiative(town, "submitted")
    wrong = [(case.number, code) for code in ("", "AAAA-BBBB-CCCC-DDDD", CODE[:-1])]
    for number, code in (*wrong, (other.number, CODE), ("nonsense", CODE)):
        with pytest.raises(Missing):
            services.open_by_code(number or "", code)
