"""Reply templates: what an office may write, in which language and with which values they are offered."""

from collections.abc import Callable
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.services import ReplyAsked, replies
from portal.content import queries as content
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
TEXTS = {"pl": "Sprawa {number}: odpowiemy do {due}.", "cs": "Věc {number}: odpovíme do {due}."}


def mark() -> str:
    return queries.settings_mark(queries.office(), "replies")


def save(actor: Actor, town: Town, number: int | None = None, **values: Any) -> int:
    told: dict[str, Any] = {"name": "Odpowiemy", "verbs": ["reply"], "texts": TEXTS, **values}
    return services.save_reply(actor, town.id, number, ReplyAsked(**told), mark())


def test_written_changed_and_moved(actor_as: ActorAs, town: Town) -> None:
    leader = actor_as("leader")
    first = save(leader, town)
    second = save(
        leader, town, name="Wada", verbs=["reply", "send_back", "nonsense"], states=["x", "submitted"]
    )
    assert save(leader, town, first, hidden=True) == first
    services.move_setting(leader, town.id, "replies", 1, -1, mark())
    found = queries.office().replies
    assert [row.id for row in found] == [second, first]
    assert found[0].verbs == ("send_back", "reply")
    assert found[0].states == ("submitted",)
    assert [row.id for row in queries.office().replies_for("reply", "submitted", "roads")] == [second]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "ODPOWIEMY"}, "name"),
        ({"name": "Inna", "verbs": ["nonsense"]}, "verbs"),
        ({"name": "Inna", "texts": {"en": "Hello"}}, "text_pl"),
        ({"name": "Inna", "texts": {"pl": "Do {termin}."}}, "text_pl"),
        ({"name": "Inna", "texts": {"pl": "x" * 4001}}, "text_pl"),
    ],
)
def test_what_is_missing_is_named(actor_as: ActorAs, town: Town, values: dict[str, Any], field: str) -> None:
    leader = actor_as("leader")
    save(leader, town)
    with pytest.raises(Invalid) as problem:
        save(leader, town, **values)
    assert field in problem.value.fields


def test_who_saves_second_is_told(actor_as: ActorAs, town: Town) -> None:
    leader, old = actor_as("leader"), mark()
    number = save(leader, town)
    with pytest.raises(Conflict):
        services.save_reply(leader, town.id, number, ReplyAsked("Inna", ["reply"], TEXTS), old)
    with pytest.raises(Missing):
        save(leader, town, 99)
    with pytest.raises(NotAllowed):
        save(actor_as("reviewer"), town, number)


def test_there_is_an_end_to_templates(actor_as: ActorAs, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("initiatives.kinds.REPLIES_MAX", 1)
    leader = actor_as("leader")
    save(leader, town)
    with pytest.raises(Invalid):
        save(leader, town, name="Inna")


def test_language_and_due_day_are_those_of_the_words(town: Town) -> None:
    case = make_initiative(town, "submitted")
    assert case.author is not None
    case.author.locale = "cs"
    assert services.language_of(case, "send_back") == "cs"
    assert services.language_of(case, "reply") == "cs"
    assert services.language_of(case, "publish") == town.language
    assert services.language_of(case, "open") == town.language
    running = content.open_deadlines(*case.about)[0].due_on
    said = services.values_of(case, "reply", "en")
    assert said["number"] == case.number
    assert str(running.day) in said["due"]
    # What is returned has a clock of its own; a hold starts none.
    assert services.values_of(case, "send_back", "en")["due"] not in ("", said["due"])
    assert services.values_of(case, "hold", "en")["due"] == ""


def test_who_gives_more_time_writes_the_new_day(town: Town) -> None:
    case = make_initiative(town, "purpose_study")
    assert services.values_of(case, "reply", "en")["due"] != ""
    assert services.values_of(case, "extend", "en")["due"] == ""


def test_one_without_an_author_speaks_its_own_language(town: Town) -> None:
    case = make_initiative(town, with_author=False, language="cs")
    assert queries.author_language(queries.case(case.id)) == "cs"


def test_an_account_says_its_language_itself(actor_as: ActorAs, town: Town) -> None:
    case = make_initiative(town, author=actor_as("resident"))
    assert queries.author_language(case) in ("pl", "cs", "en")


def test_each_case_of_many_gets_its_own_words(town: Town) -> None:
    case = make_initiative(town, "assigned", department="Zieleń")
    assert case.author is not None
    case.author.locale = "cs"
    values = {"note": "{department}: {number}", "template": "x"}
    assert replies.for_each(case, "reply", values) == (f"Zieleń: {case.number}", town.language)
    whole = {**values, "texts": {"cs": "Věc {number}"}}
    assert replies.for_each(case, "reply", whole) == (f"Věc {case.number}", "cs")
    assert replies.for_each(case, "reply", {"note": "{number}"}) == ("{number}", "")
    assert replies.for_each(case, "start_purpose", {}) == ("", "")


def test_many_are_told_the_department_they_are_given(town: Town) -> None:
    case = make_initiative(town, "assigned", department="Zieleń")
    values = {"note": "{department}: {title}", "template": "x", "department": "Drogi"}
    assert replies.for_each(case, "assign", values)[0] == f"Drogi: {case.title}"


def test_words_with_a_gap_go_to_nobody(town: Town) -> None:
    case = make_initiative(town, "submitted", title="Ławka…")
    assert replies.for_each(case, "hold", {"note": "{title}…", "template": "x"})[0] == "Ławka……"
    for gap in ("{due}", "{department}"):
        with pytest.raises(Invalid):
            replies.for_each(case, "hold", {"note": gap, "template": "x"})


def test_a_day_that_is_over_is_promised_to_nobody(town: Town, frozen: Callable[[str], None]) -> None:
    frozen("2026-03-02 10:00")
    case = make_initiative(town, "submitted")
    frozen("2026-04-20 10:00")
    assert services.values_of(case, "reply", "en")["due"] == ""
