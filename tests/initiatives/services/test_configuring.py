"""What an office sets: kept for its municipality alone, checked, and never over what somebody else saved meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import kinds, queries, services
from initiatives.kinds import Kind
from initiatives.services import Asked, configuring
from portal.content import queries as content
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.search import queries as search
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
NAMES = {"pl": "ulice", "cs": "ulice", "en": "streets"}
WHO = Asked(Kind.SHORT, {"pl": "Komu to pomoże?"}, required=True, public=True)


@pytest.fixture
def leader(actor_as: ActorAs) -> Actor:
    return actor_as("leader")


def mark(part: str) -> str:
    return queries.settings_mark(queries.office(), part)


def save_category(actor: Actor, town: Town, key: str = "roads", **values: Any) -> str:
    told: dict[str, Any] = {"theme": "", "names": NAMES, "hidden": False, **values}
    return services.save_category(
        actor,
        town.id,
        key,
        told["theme"],
        told["names"],
        told["hidden"],
        told.get("mark", mark("categories")),
    )


class TestCategories:
    def test_renamed_here_and_nowhere_else(self, leader: Actor, town: Town, other_town: Town) -> None:
        save_category(leader, town)
        assert queries.category_label("roads") == "streets"
        assert str(queries.category_label("roads", other_town.id)) == "roads and pavements"
        save_category(leader, town, names={})
        assert str(queries.category_label("roads")) == "roads and pavements"

    def test_an_own_one_keeps_its_theme(self, leader: Actor, town: Town) -> None:
        key = save_category(leader, town, "", theme="roads")
        assert key == "roads-2"
        assert queries.category_label(key) == "streets"
        case = make_initiative(town, category=key)
        assert [
            card.number for card in queries.listing(queries.wanted_from({"category": key}), None).items
        ] == [case.number]
        with tenancy.unscoped("the list over all municipalities"):
            everywhere = queries.wanted_from({"category": "roads"})
            assert [card.number for card in queries.listing(everywhere, None).items] == [case.number]
            assert queries.total(everywhere) == 1

    def test_a_hidden_one_is_offered_no_more_but_filtered_by(self, leader: Actor, town: Town) -> None:
        save_category(leader, town, names={}, hidden=True)
        assert "roads" not in [found.key for found in queries.office().offered()]
        assert "roads" in dict(queries.category_choices())
        assert queries.wanted_from({"category": "roads"}).category == "roads"

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"key": "", "theme": "nonsense"}, "theme"),
            ({"key": "", "theme": "roads", "names": {"en": "streets"}}, "text_pl"),
            ({"names": {"pl": "x" * 81}}, "text_pl"),
        ],
    )
    def test_what_does_not_hold_is_told_at_its_field(
        self, leader: Actor, town: Town, values: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Invalid) as problem:
            save_category(leader, town, **values)
        assert field in problem.value.fields

    def test_two_of_one_name_are_refused(self, leader: Actor, town: Town) -> None:
        save_category(leader, town)
        with pytest.raises(Invalid):
            save_category(leader, town, "greenery", names={"pl": "Ulice"})

    def test_the_last_one_stays_open(self, leader: Actor, town: Town) -> None:
        keys = [found.key for found in queries.office().categories]
        for key in keys[1:]:
            save_category(leader, town, key, names={}, hidden=True)
        with pytest.raises(Invalid):
            save_category(leader, town, keys[0], names={}, hidden=True)

    def test_the_second_to_save_is_told(self, leader: Actor, town: Town) -> None:
        stale = mark("categories")
        save_category(leader, town)
        with pytest.raises(Conflict):
            save_category(leader, town, "greenery", mark=stale)

    def test_who_may_not_and_where_not(
        self, actor_as: ActorAs, leader: Actor, town: Town, other_town: Town
    ) -> None:
        with pytest.raises(NotAllowed):
            save_category(actor_as("reviewer"), town)
        with pytest.raises(Missing):
            save_category(leader, other_town)
        with pytest.raises(Missing):
            save_category(leader, town, "no-such")

    def test_the_audit_log_says_which_part(self, leader: Actor, town: Town) -> None:
        save_category(leader, town)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.configured")).one()
        assert (entry.details["part"], entry.details["of"]) == ("categories", "roads")

    def test_moved_up_and_down(self, leader: Actor, town: Town) -> None:
        first, second = [found.key for found in queries.office().categories][:2]
        services.move_setting(leader, town.id, "categories", 1, -1, mark("categories"))
        assert [found.key for found in queries.office().categories][:2] == [second, first]
        for part, place, step in (("categories", 0, -1), ("categories", 0, 5), ("help", 0, 1)):
            with pytest.raises(Missing):
                services.move_setting(leader, town.id, part, place, step, mark(part))

    def test_enough_is_enough(self, leader: Actor, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kinds, "CATEGORIES_MAX", len(queries.office().categories))
        with pytest.raises(Invalid):
            save_category(leader, town, "", theme="roads")


class TestDistricts:
    def save(self, actor: Actor, town: Town, at: int | None, name: str, *, hidden: bool = False) -> None:
        services.save_district(actor, town.id, at, name, hidden, mark("districts"))

    def test_added_renamed_with_its_cases_and_hidden(self, leader: Actor, town: Town) -> None:
        before = len(queries.office().districts)
        self.save(leader, town, None, " Stare  Miasto ")
        case = make_initiative(town, district="Stare Miasto")
        self.save(leader, town, before, "Śródmieście Stare")
        db.session.expire_all()
        assert queries.case(case.id).district == "Śródmieście Stare"
        self.save(leader, town, before, "Śródmieście Stare", hidden=True)
        assert "Śródmieście Stare" not in queries.office().districts_offered()
        assert "Śródmieście Stare" in queries.office().districts_offered("Śródmieście Stare")
        self.save(leader, town, None, "Tatary")
        services.move_setting(leader, town.id, "districts", before + 1, -1, mark("districts"))
        assert queries.office().districts[before].name == "Tatary"

    def test_cases_are_found_by_the_new_name(
        self, leader: Actor, town: Town, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(configuring, "INDEXED_AT_ONCE", 2)
        before = len(queries.office().districts)
        self.save(leader, town, None, "Wieniawa")
        for _ in range(5):
            make_initiative(town, district="Wieniawa")
        self.save(leader, town, before, "Ogrodzisko")
        run_jobs()
        counted = [len(search.find(name, town.id, public_only=False)) for name in ("Ogrodzisko", "Wieniawa")]
        assert counted == [5, 0]

    @pytest.mark.parametrize("name", ["", "x" * 81, "TATARY"])
    def test_refused(self, leader: Actor, town: Town, name: str) -> None:
        self.save(leader, town, None, "Tatary")
        with pytest.raises(Invalid):
            self.save(leader, town, None, name)

    def test_a_place_that_is_none(self, leader: Actor, town: Town) -> None:
        with pytest.raises(Missing):
            self.save(leader, town, 99, "Tatary")


class TestQuestions:
    def save(self, actor: Actor, town: Town, asked: Asked = WHO, number: int | None = None) -> int:
        return services.save_question(actor, town.id, number, asked, mark("questions"))

    def test_new_words_are_a_new_wording_and_the_old_one_ends(self, leader: Actor, town: Town) -> None:
        first = self.save(leader, town)
        case = make_initiative(town, answers={str(first): "Wszystkim"})
        second = self.save(leader, town, Asked(Kind.SHORT, {"pl": "Kto skorzysta?"}), first)
        assert second != first
        assert [found.id for found in queries.office().open_questions] == [second]
        assert [(said.words, said.text) for said in queries.answered(case)] == [
            ("Komu to pomoże?", "Wszystkim")
        ]
        with pytest.raises(Missing):
            self.save(leader, town, WHO, first)

    def test_what_no_reader_sees_changes_in_place(self, leader: Actor, town: Town) -> None:
        first = self.save(leader, town)
        asked = Asked(Kind.SHORT, WHO.words, category="roads", public=True)
        assert self.save(leader, town, asked, first) == first
        found = queries.office().question(first)
        assert found is not None
        assert (found.category, found.required) == ("roads", False)

    def test_asked_no_more_and_again(self, leader: Actor, town: Town) -> None:
        first = self.save(leader, town)
        services.ask_question(leader, town.id, first, False, mark("questions"))
        assert queries.office().open_questions == []
        with pytest.raises(Missing):
            services.ask_question(leader, town.id, first, False, mark("questions"))
        services.ask_question(leader, town.id, first, True, mark("questions"))
        assert [found.id for found in queries.office().open_questions] == [first]
        with pytest.raises(Missing):
            services.ask_question(leader, town.id, 99, True, mark("questions"))

    def test_choices_stand_in_as_many_lines_in_each_language(self, leader: Actor, town: Town) -> None:
        choices = {"pl": ["tak ", "", "może"], "cs": ["ano", "možná"]}
        made = self.save(leader, town, Asked(Kind.CHOICE, WHO.words, choices=choices))
        found = queries.office().question(made)
        assert found is not None
        assert found.choices == ({"pl": "tak", "cs": "ano"}, {"pl": "może", "cs": "možná"})

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            (Asked(Kind.SHORT, {"en": "Why?"}), "text_pl"),
            (Asked(Kind.SHORT, WHO.words, category="nonsense"), "category"),
            (Asked(Kind.CHOICE, WHO.words), "choices_pl"),
            (Asked(Kind.CHOICE, WHO.words, choices={"pl": ["tak", "Tak"]}), "choices_pl"),
            (Asked(Kind.CHOICE, WHO.words, choices={"pl": ["tak", "nie"], "en": ["yes"]}), "choices_en"),
        ],
    )
    def test_refused_at_its_field(self, leader: Actor, town: Town, asked: Asked, field: str) -> None:
        with pytest.raises(Invalid) as problem:
            self.save(leader, town, asked)
        assert field in problem.value.fields

    def test_a_long_explanation_is_refused(self, leader: Actor, town: Town) -> None:
        with pytest.raises(Invalid):
            self.save(leader, town, Asked(Kind.SHORT, WHO.words, {"pl": "x" * 601}))

    def test_enough_is_enough(self, leader: Actor, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        first = self.save(leader, town)
        services.ask_question(leader, town.id, first, False, mark("questions"))
        second = self.save(leader, town, Asked(Kind.YES_NO, {"pl": "Czy?"}))
        monkeypatch.setattr(kinds, "QUESTIONS_MAX", 1)
        with pytest.raises(Invalid):
            self.save(leader, town, Asked(Kind.YES_NO, {"pl": "A czy?"}))
        with pytest.raises(Invalid):
            services.ask_question(leader, town.id, first, True, mark("questions"))
        assert [found.id for found in queries.office().open_questions] == [second]

    def test_order_of_what_is_asked(self, leader: Actor, town: Town) -> None:
        first, second = self.save(leader, town), self.save(leader, town, Asked(Kind.YES_NO, {"pl": "Czy?"}))
        services.move_setting(leader, town.id, "questions", 0, 1, mark("questions"))
        assert [found.id for found in queries.office().open_questions] == [second, first]


def test_help_above_a_step(leader: Actor, town: Town) -> None:
    services.save_help(leader, town.id, "what", {"pl": "Zadzwoń do nas."}, mark("help"))
    office = queries.office()
    assert office.say(office.help["what"]) == "Zadzwoń do nas."
    services.save_help(leader, town.id, "what", {}, mark("help"))
    assert queries.office().help == {}
    with pytest.raises(Missing):
        services.save_help(leader, town.id, "nowhere", {"pl": "x"}, mark("help"))


def test_days_hold_for_clocks_that_start_afterwards(leader: Actor, town: Town) -> None:
    before = make_initiative(town, "submitted")
    due = content.open_deadlines(*before.about)[0].due_on
    services.save_days(leader, town.id, {**queries.office().days, "check": 10}, mark("days"))
    after = make_initiative(town, "submitted")
    assert content.open_deadlines(*before.about)[0].due_on == due
    assert content.open_deadlines(*after.about)[0].due_on > due
    assert queries.office().days["check"] == 10


@pytest.mark.parametrize("days", [{"check": 0}, {"check": 11}, {"appeal": 3}])
def test_days_out_of_bounds_are_refused(leader: Actor, town: Town, days: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        services.save_days(leader, town.id, days, mark("days"))


class TestWhoseTask:
    def test_a_municipality_or_a_body(self, leader: Actor, town: Town, other_town: Town) -> None:
        for usual, expected in (
            ({"town": other_town.slug}, (other_town.slug, other_town.name)),
            ({"body": " Powiat "}, ("", "Powiat")),
            ({}, None),
        ):
            services.save_category(leader, town.id, "greenery", "", {}, False, mark("categories"), **usual)
            assert queries.usually_of(make_initiative(town)) == expected

    @pytest.mark.parametrize(
        ("usual", "field"),
        [
            ({"town": "ostrava-jih", "body": "Powiat"}, "body"),
            ({"town": "lublin"}, "town"),
            ({"town": "nowhere"}, "town"),
            ({"body": "x" * 201}, "body"),
        ],
    )
    def test_what_does_not_hold_is_told_at_its_field(
        self, leader: Actor, town: Town, other_town: Town, usual: dict[str, str], field: str
    ) -> None:
        with pytest.raises(Invalid) as problem:
            services.save_category(leader, town.id, "greenery", "", {}, False, mark("categories"), **usual)
        assert field in problem.value.fields
