"""What a page begins with."""

import pytest

from portal.articles import rules, starters
from portal.articles.kinds import Block
from portal.core.tenancy import Town, within


def office(town: Town, language: str) -> tuple[Block, ...]:
    with within(town.id):
        return starters.blocks_of(starters.OFFICE, language)


def test_contacts_are_those_the_municipality_has_set(town: Town) -> None:
    person = office(town, "pl")[1].items[0].values
    assert person["phone"] == town.contact["phone"]
    assert person["email"] == town.contact["email"]
    assert town.contact["address"] in person["text"]


def test_the_words_are_in_the_language_of_the_page(town: Town) -> None:
    titles = {language: office(town, language)[1].values["title"] for language in ("pl", "cs", "en")}
    assert titles == {"pl": "Kogo pytać", "cs": "Koho se ptát", "en": "Whom to ask"}


@pytest.mark.parametrize("language", ["pl", "cs", "en"])
def test_nothing_hinders_publishing_it_as_it_is(town: Town, language: str) -> None:
    blocks = office(town, language)
    assert len({block.id for block in blocks}) == len(blocks)
    for block in blocks:
        for place, field, value in block.parts():
            assert value or not field.needed, place
            assert len(value) <= field.limit, place
        assert rules.ID.fullmatch(block.id)


@pytest.mark.parametrize("start", [starters.EMPTY, "no-such"])
def test_anything_else_is_an_empty_page(start: str) -> None:
    assert starters.blocks_of(start, "pl") == ()
