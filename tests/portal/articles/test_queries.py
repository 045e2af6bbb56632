"""Lists that everybody reads, menus, what waits."""

from collections.abc import Callable

import pytest

from portal.articles import queries, services
from portal.articles.kinds import Block, Standing
from portal.articles.models import Spot
from portal.articles.services.writing import Settings
from portal.core.actor import Actor
from portal.core.i18n import speaking
from portal.core.paging import decode
from portal.core.tenancy import Town, unscoped
from portal.search import queries as search
from tests.factories.articles import edit, make_article, text_block, translate


def test_news_speak_the_readers_language_where_they_can(town: Town) -> None:
    thing = make_article(town, kind="news", title="Ławki")
    make_article(town, "private", kind="news", title="Szkic")
    translate(town, thing, "cs", title="Lavičky")
    titles = {}
    for locale in ("pl", "cs", "en"):
        with speaking(locale):
            titles[locale] = [card.title for card in queries.news().items]
    assert titles == {"pl": ["Ławki"], "cs": ["Lavičky"], "en": ["Ławki"]}


def test_news_go_by_pages_and_by_years(town: Town, frozen: Callable[[str], None]) -> None:
    for number, day in enumerate(("2025-05-01", "2025-12-31", "2026-01-01", "2026-02-01")):
        frozen(f"{day} 00:30")
        make_article(town, kind="news", title=f"News {number}")
    first = queries.news(size=3)
    assert [card.title for card in first.items] == ["News 3", "News 2", "News 1"]
    assert first.older
    second = queries.news(decode(first.older), size=3)
    assert [card.title for card in second.items] == ["News 0"]
    assert second.newer
    assert queries.news(decode(second.newer), size=3).items == first.items
    # Half past midnight of New Year in Warsaw is still the old year in UTC.
    assert [card.title for card in queries.news(year=2026).items] == ["News 3", "News 2"]
    assert queries.news_years() == [2026, 2025]


def test_the_menu_holds_public_pages_of_the_top_level(town: Town, actor_as: Callable[..., Actor]) -> None:
    editor = actor_as("editor")
    top, below = make_article(town, title="Top"), make_article(town, title="Below")
    hidden = make_article(town, "private", title="Hidden")
    for thing, parent in ((top, None), (below, top.id), (hidden, None)):
        now = queries.article(thing.id)
        services.change_settings(editor, thing.id, Settings(now.slug, parent, True, []), now.version)
    assert [leaf.title for leaf in queries.menu()] == ["Top"]
    leaves = queries.leaves()
    assert [leaf.title for leaf in queries.below(top.id, leaves)] == ["Below"]
    assert [leaf.title for leaf in queries.above(queries.article(below.id), leaves)] == ["Top"]


def test_front_texts_are_no_pages_of_their_own(town: Town) -> None:
    make_article(town, spot=Spot.FRONT, title="On top")
    assert queries.leaves() == []
    assert queries.addresses() == []
    assert not search.find("top", town.id)


def test_what_waits_for_editors_and_translators(town: Town, actor_as: Callable[..., Actor]) -> None:
    pending = make_article(town, "pending", title="Pending")
    public = make_article(town, title="Public")
    make_article(town, "withdrawn", title="Old")
    translate(town, public, "cs")
    edit(town, public, text_block("changed"))
    assert [title for _thing, title in queries.waiting()] == ["Pending"]
    assert [title for _thing, title in queries.changed()] == ["About us"]
    found = {(one.article_id, one.to_language): one.standing for one in queries.translations()}
    missing = Standing.MISSING
    assert found == {(pending.id, "cs"): missing, (pending.id, "en"): missing, (public.id, "en"): missing}
    assert len(queries.translations("cs")) == 1
    assert [one.to_language for one in queries.translations(standing="human")] == ["cs"]


def test_outdated_translations_come_first(town: Town, actor_as: Callable[..., Actor]) -> None:
    thing = make_article(town)
    translate(town, thing, "en")
    services.publish(actor_as("editor"), thing.id, edit(town, thing, text_block("changed")))
    assert [one.standing for one in queries.translations()] == [Standing.OUTDATED, Standing.MISSING]


def test_languages_nobody_wants_are_not_missed(town: Town, actor_as: Callable[..., Actor]) -> None:
    thing = make_article(town)
    now = queries.article(thing.id)
    services.change_settings(
        actor_as("editor"), thing.id, Settings(now.slug, None, False, ["en"]), now.version
    )
    assert [one.to_language for one in queries.translations()] == ["en"]


def test_words_of_every_language_find_the_page(town: Town) -> None:
    thing = make_article(town, title="Ławki", blocks=(text_block("w cieniu"),))
    translate(town, thing, "cs", title="Lavičky", words="stín")
    for words in ("ławki", "cieniu", "lavičky", "stin"):
        assert [hit.object_id for hit in search.find(words, town.id)] == [thing.id], words


def test_the_newest_of_a_kind_for_lists_on_other_pages(town: Town, other_town: Town) -> None:
    mine = make_article(town, kind="news", title="Mine")
    make_article(town, "private", kind="news", title="Hidden")
    theirs = make_article(other_town, kind="news", title="Theirs", language="cs")
    assert [hit.object_id for hit in search.newest("news", town.id, 5)] == [mine.id]
    assert {hit.object_id for hit in search.newest("news", None, 5)} == {mine.id, theirs.id}
    assert search.newest("news", town.id, 0) == []


def test_only_files_of_public_versions_are_public(town: Town, actor_as: Callable[..., Actor]) -> None:
    from tests.journeys.acts import photo

    editor = actor_as("editor")
    thing = make_article(town)
    files = [services.add_file(editor, thing.id, photo(), f"{n}.jpg", picture=True) for n in range(2)]
    shown = Block("b009", "image", {"file": str(files[0]), "alt": "A bench", "caption": ""})
    services.publish(editor, thing.id, edit(town, thing, shown, actor=editor))
    edit(
        town,
        thing,
        Block("b009", "image", {"file": str(files[1]), "alt": "A tree", "caption": ""}),
        actor=editor,
    )
    assert queries.public_file_ids(queries.article(thing.id)) == {files[0]}
    services.withdraw(editor, thing.id)
    assert queries.public_file_ids(queries.article(thing.id)) == set()


@pytest.mark.parametrize("kind", ["page", "news"])
def test_the_desk_lists_everything_with_its_languages(kind: str, town: Town) -> None:
    thing = make_article(town, kind=kind, title="Żółte ławki")
    make_article(town, "private", kind=kind, title="Szkic")
    edit(town, thing, text_block("changed"), title="Żółte ławki")
    assert len(queries.desk_list(kind)) == 2
    [line] = queries.desk_list(kind, "published", "zolte")
    assert line.has_changes
    assert line.standings == {"pl": Standing.ORIGINAL, "cs": Standing.MISSING, "en": Standing.MISSING}


def test_news_of_all_towns_for_the_front_page(town: Town, other_town: Town) -> None:
    make_article(town, kind="news", title="Mine")
    make_article(other_town, kind="news", title="Theirs", language="cs")
    with unscoped("the front page shows all towns"):
        assert {card.town.slug for card in queries.newest_news(5)} == {"lublin", "ostrava-jih"}
