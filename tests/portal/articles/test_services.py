"""Writing, publishing, translating, alerts, on a database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.articles import queries, services
from portal.articles.kinds import Block, Content, Level, Standing
from portal.articles.models import Alert, ArticleVersion, Spot
from portal.articles.services.alerts import AlertWords
from portal.articles.services.writing import Settings
from portal.content import queries as content
from portal.core import clock
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Municipality, Town, within
from portal.core.workflow import Lane
from portal.search import queries as search
from tests.factories.articles import edit, heading, make_article, text_block, translate

Actors = Callable[..., Actor]


def content_version(town: Town) -> int:
    db.session.close()
    found = db.session.scalar(select(Municipality.content_version).where(Municipality.id == town.id))
    assert found is not None
    return found


# ---- writing ----


def test_the_same_form_begins_one_page(town: Town, actor_as: Actors) -> None:
    editor = actor_as("editor")
    first = services.create(editor, "page", "About", "pl", "the-same-form-key")
    assert services.create(editor, "page", "About", "pl", "the-same-form-key") == first
    other = services.create(editor, "page", "About", "pl", "another-form-key-1")
    assert {queries.article(first).slug, queries.article(other).slug} == {"about", "about-2"}


def test_each_save_is_a_version_and_what_does_not_differ_makes_none(town: Town, actor_as: Actors) -> None:
    editor = actor_as("editor")
    thing = make_article(town, "private")
    content_now = queries.original(thing).content
    assert services.save(editor, thing.id, content_now, 2) == 2
    assert services.save(editor, thing.id, Content("New", "", content_now.blocks), 2, "Shorter") == 3
    assert [(one.number, one.note) for one in queries.versions(thing.id, "pl")] == [
        (3, "Shorter"),
        (2, ""),
        (1, ""),
    ]


def test_an_edit_of_an_older_version_is_refused_with_theirs(town: Town, actor_as: Actors) -> None:
    thing = make_article(town, "private")
    edit(town, thing, text_block("theirs"))
    with pytest.raises(Conflict) as refused:
        services.save(actor_as("editor"), thing.id, Content("Mine", ""), 2)
    theirs = refused.value.theirs
    assert isinstance(theirs, ArticleVersion)
    assert theirs.number == 3


def test_an_edit_of_a_public_page_is_not_public(town: Town) -> None:
    thing = make_article(town)
    edit(town, thing, text_block("secret plans"))
    read = queries.reading(queries.article(thing.id), "pl")
    assert read.version.content.blocks[0].values["body"] == "Words"


def test_files_of_another_page_are_not_taken_over(town: Town, actor_as: Actors, app: Any) -> None:
    from tests.journeys.acts import photo

    editor = actor_as("editor")
    mine, other = make_article(town, "private"), make_article(town, "private", title="Other")
    theirs = services.add_file(editor, other.id, photo(), "a.jpg", picture=True)
    own = services.add_file(editor, mine.id, photo(), "b.jpg", picture=True)
    for file, kept in ((theirs, ""), (own, str(own))):
        number = queries.original(queries.article(mine.id)).number
        blocks = (Block("b001", "image", {"file": str(file), "alt": str(file), "caption": ""}),)
        services.save(editor, mine.id, Content("Mine", "", blocks), number)
        assert queries.original(queries.article(mine.id)).content.blocks[0].values["file"] == kept


def test_an_older_version_comes_back_as_the_newest(town: Town, actor_as: Actors) -> None:
    thing = make_article(town)
    edit(town, thing, text_block("worse"))
    assert services.restore(actor_as("editor"), thing.id, "pl", 2, 3) == 4
    assert queries.original(queries.article(thing.id)).content.blocks[0].values["body"] == "Words"
    with pytest.raises(Conflict):
        services.restore(actor_as("editor"), thing.id, "pl", 2, 3)
    with pytest.raises(NotAllowed):
        services.restore(actor_as("translator"), thing.id, "pl", 2, 4)


def test_a_draft_gets_another_address_that_is_free(town: Town, actor_as: Actors) -> None:
    editor, draft = actor_as("editor"), make_article(town, "private")
    make_article(town, title="Open")
    services.change_settings(editor, draft.id, Settings("who-we-are", None, True, ["cs"]), draft.version)
    assert (queries.article(draft.id).slug, queries.article(draft.id).wanted) == ("who-we-are", ["cs"])
    with pytest.raises(Invalid) as refused:
        services.change_settings(
            editor, draft.id, Settings("open", None, False, []), queries.article(draft.id).version
        )
    assert set(refused.value.fields) == {"slug"}


def test_an_address_that_was_public_leads_on_and_is_given_to_nobody_else(
    town: Town, actor_as: Actors
) -> None:
    editor, thing, other = actor_as("editor"), make_article(town, title="Open"), make_article(town, "private")

    def put(article_id: int, slug: str) -> None:
        version = queries.article(article_id).version
        services.change_settings(editor, article_id, Settings(slug, None, False, []), version)

    put(thing.id, "second")
    put(thing.id, "third")
    assert {queries.moved_to("page", slug) for slug in ("open", "SECOND")} == {"third"}
    with pytest.raises(Missing):
        queries.moved_to("news", "open")
    with pytest.raises(Invalid):
        put(other.id, "open")
    put(thing.id, "open")
    assert queries.moved_to("page", "third") == "open"
    with pytest.raises(Missing):
        queries.moved_to("page", "open")
    services.withdraw(editor, thing.id)
    with pytest.raises(Missing):
        queries.moved_to("page", "third")


def test_pages_stand_in_a_tree_without_circles(town: Town, actor_as: Actors) -> None:
    editor = actor_as("editor")
    ids = [make_article(town, "private", title=f"Level {n}").id for n in range(4)]

    def put(child: int, parent: int) -> None:
        thing = queries.article(child)
        services.change_settings(editor, child, Settings(thing.slug, parent, False, []), thing.version)

    put(ids[1], ids[0])
    put(ids[2], ids[1])
    with pytest.raises(Invalid):
        put(ids[0], ids[2])
    with pytest.raises(Invalid):
        put(ids[0], ids[0])


def test_neighbours_change_places(town: Town, actor_as: Actors) -> None:
    ids = [make_article(town, title=f"Page {n}").id for n in range(3)]
    services.arrange(actor_as("editor"), ids[2], -1)
    assert [leaf.id for leaf in queries.leaves()] == [ids[0], ids[2], ids[1]]
    services.arrange(actor_as("editor"), ids[0], -1)
    assert [leaf.id for leaf in queries.leaves()] == [ids[0], ids[2], ids[1]]


def test_only_what_was_never_public_can_be_thrown_away(town: Town, actor_as: Actors) -> None:
    editor, draft, public = (
        actor_as("editor"),
        make_article(town, "private"),
        make_article(town, title="Open"),
    )
    services.drop(editor, draft.id)
    with pytest.raises(Missing):
        queries.article(draft.id)
    with pytest.raises(Conflict):
        services.drop(editor, public.id)


def test_a_front_page_has_one_text(town: Town, actor_as: Actors) -> None:
    make_article(town, spot=Spot.FRONT)
    with pytest.raises(Conflict):
        services.create(actor_as("editor"), "page", "Again", "pl", "another-form-key-2", spot=Spot.FRONT)


# ---- publishing ----


def test_nothing_half_finished_becomes_public(town: Town, actor_as: Actors) -> None:
    blocks = (Block("b001", "image", {"file": "", "alt": "", "caption": ""}),)
    thing = make_article(town, "private", blocks=blocks)
    for act in (
        lambda: services.publish(actor_as("editor"), thing.id, 2),
        lambda: services.submit(actor_as("leader"), thing.id),
        lambda: services.schedule(actor_as("editor"), thing.id, 2, clock.now() + timedelta(days=1)),
    ):
        with pytest.raises(Invalid):
            act()
    assert queries.article(thing.id).state == "private"


def test_a_changed_public_page_must_be_whole_too(town: Town, actor_as: Actors) -> None:
    thing = make_article(town)
    number = edit(town, thing, Block("b001", "text", {"body": ""}))
    with pytest.raises(Invalid):
        services.publish(actor_as("editor"), thing.id, number)
    assert queries.reading(queries.article(thing.id), "pl").version.number == 2


def test_what_is_published_is_what_was_looked_at(town: Town, actor_as: Actors) -> None:
    thing = make_article(town, "private")
    edit(town, thing, text_block("written meanwhile"))
    with pytest.raises(Conflict):
        services.publish(actor_as("editor"), thing.id, 2)


def test_publishing_ages_cached_pages_and_drafts_do_not(town: Town, actor_as: Actors) -> None:
    thing = make_article(town, "private")
    before = content_version(town)
    number = edit(town, thing, text_block("more"))
    assert content_version(town) == before
    services.publish(actor_as("editor"), thing.id, number)
    after = content_version(town)
    assert after > before
    number = edit(town, thing, text_block("even more"))
    assert content_version(town) == after
    services.publish(actor_as("editor"), thing.id, number)
    assert content_version(town) > after


def test_sending_back_needs_a_reason_and_publishing_a_right(town: Town, actor_as: Actors) -> None:
    thing = make_article(town, "pending")
    with pytest.raises(Invalid):
        services.send_back(actor_as("editor"), thing.id, " ")
    with pytest.raises(NotAllowed):
        services.publish(actor_as("leader"), thing.id, 2)
    services.take_back(actor_as("leader"), thing.id)
    assert queries.article(thing.id).state == "private"


def test_a_schedule_pins_the_version_and_runs_by_itself(
    town: Town, actor_as: Actors, run_jobs: Callable[[], int], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    editor = actor_as("editor")
    thing = make_article(town, "private", kind="news")
    start, end = clock.now() + timedelta(hours=20), clock.now() + timedelta(hours=40)
    services.schedule(editor, thing.id, 2, start, end)
    edit(town, thing, text_block("written after the schedule"))
    before = content_version(town)
    run_jobs()
    assert queries.article(thing.id).state == "scheduled"
    frozen("2026-03-03 06:01")
    run_jobs()
    found = queries.article(thing.id)
    assert (found.state, found.published_at, found.publish_at) == ("published", start, None)
    assert queries.reading(found, "pl").version.number == 2
    assert content_version(town) > before
    frozen("2026-03-04 02:01")
    run_jobs()
    found = queries.article(thing.id)
    assert (found.state, found.expire_at) == ("withdrawn", None)
    history = content.history(*found.about, tuple(Lane))
    assert [(step.verb, step.who) for step in history] == [
        ("schedule", "editor"),
        ("publish", "clock"),
        ("withdraw", "clock"),
    ]


def test_a_changed_or_dropped_schedule_does_nothing_at_its_old_moment(
    town: Town, actor_as: Actors, run_jobs: Callable[[], int], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    editor = actor_as("editor")
    moved = make_article(town, "private").id
    dropped = make_article(town, "private", title="Other").id
    soon, later = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=3)
    for thing in (moved, dropped):
        services.schedule(editor, thing, 2, soon)
    services.schedule(editor, moved, 2, later)
    services.unschedule(editor, dropped)
    frozen("2026-03-02 11:30")
    run_jobs()
    assert queries.article(moved).state == "scheduled"
    assert queries.article(dropped).state == "private"
    # Back to the first moment's day: the same time twice is planned twice.
    services.schedule(editor, dropped, 2, later)
    services.unschedule(editor, dropped)
    services.schedule(editor, dropped, 2, later)
    frozen("2026-03-02 13:30")
    run_jobs()
    assert queries.article(moved).state == "published"
    assert queries.article(dropped).state == "published"


def test_the_end_can_be_moved_by_publishing_again(
    town: Town, actor_as: Actors, run_jobs: Callable[[], int], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    editor, thing = actor_as("editor"), make_article(town)
    services.publish(editor, thing.id, 2, until=clock.now() + timedelta(hours=1))
    services.publish(editor, thing.id, 2, until=clock.now() + timedelta(hours=5))
    frozen("2026-03-02 12:00")
    run_jobs()
    assert queries.article(thing.id).is_public
    frozen("2026-03-02 15:01")
    run_jobs()
    assert not queries.article(thing.id).is_public


def test_what_is_withdrawn_is_neither_found_nor_read(town: Town, actor_as: Actors) -> None:
    thing = make_article(town, title="Quokka")
    assert [hit.object_id for hit in search.find("quokka", town.id)] == [thing.id]
    services.withdraw(actor_as("editor"), thing.id)
    assert not search.find("quokka", town.id)
    with pytest.raises(Missing):
        queries.public_by_slug("page", thing.slug)


# ---- translating ----


def test_a_translation_goes_from_missing_to_reviewed(town: Town, actor_as: Actors) -> None:
    first, second = actor_as("translator"), actor_as("translator")
    thing = make_article(town)
    assert queries.standings(thing)["cs"] is Standing.MISSING
    translate(town, thing, status=Standing.MACHINE, show=False, actor=first)
    assert queries.standings(thing)["cs"] is Standing.MACHINE
    with pytest.raises(Invalid) as refused:
        translate(town, thing, status=Standing.MACHINE, show=True, actor=first)
    assert set(refused.value.fields) == {"status"}
    translate(town, thing, actor=first)
    assert queries.standings(thing)["cs"] is Standing.HUMAN
    with pytest.raises(Invalid):
        translate(town, thing, status=Standing.REVIEWED, actor=first)
    with pytest.raises(Invalid):
        translate(town, thing, words="Jiná", status=Standing.REVIEWED, actor=second)
    translate(town, thing, status=Standing.REVIEWED, actor=second)
    assert queries.standings(thing)["cs"] is Standing.REVIEWED
    assert queries.reading(thing, "cs").version.title == "O nás"
    assert queries.reading(thing, "en").is_original


def test_a_published_change_outdates_the_translations_but_a_small_correction_does_not(
    town: Town, actor_as: Actors
) -> None:
    editor, thing = actor_as("editor"), make_article(town)
    translate(town, thing)
    number = edit(town, thing, text_block("Wordz"))
    assert queries.standings(queries.article(thing.id))["cs"] is Standing.HUMAN
    services.publish(editor, thing.id, number, minor=True)
    assert queries.standings(queries.article(thing.id))["cs"] is Standing.HUMAN
    number = edit(town, thing, text_block("Other"), heading())
    services.publish(editor, thing.id, number)
    found = queries.article(thing.id)
    assert queries.standings(found)["cs"] is Standing.OUTDATED
    assert queries.reading(found, "cs").is_outdated
    translate(town, thing)
    assert not queries.reading(queries.article(thing.id), "cs").is_outdated


def test_a_half_translated_page_is_not_shown(town: Town, actor_as: Actors) -> None:
    thing = make_article(town)
    with pytest.raises(Invalid):
        translate(town, thing, words="")
    translate(town, thing, words="", show=False)
    assert queries.reading(thing, "cs").is_original


def test_two_translators_meet(town: Town, actor_as: Actors) -> None:
    from portal.articles.services.translating import Translation

    thing = make_article(town)
    translate(town, thing)
    made = Translation("O nás", "", {"b001-body": "Má slova"}, Standing.HUMAN, 0, 2)
    with pytest.raises(Conflict):
        services.translate(actor_as("translator"), thing.id, "cs", made, show=False)


def test_translators_touch_only_translations(town: Town, actor_as: Actors) -> None:
    from portal.articles.services.translating import Translation

    thing, translator = make_article(town), actor_as("translator")
    with pytest.raises(NotAllowed):
        services.save(translator, thing.id, Content("Mine", ""), 2)
    made = Translation("Moje", "", {}, Standing.HUMAN, 2, 2)
    for language in ("pl", "de"):
        with pytest.raises(Missing):
            services.translate(translator, thing.id, language, made, show=True)
    with pytest.raises(NotAllowed):
        services.translate(actor_as("leader"), thing.id, "cs", made, show=False)


# ---- alerts ----


def words(hours: float = 1, length: float = 2, text: str = "Boil the water.") -> AlertWords:
    start = clock.now() + timedelta(hours=hours)
    return AlertWords(Level.WARNING, {"pl": text}, "", start, start + timedelta(hours=length))


def test_an_alert_turns_itself_on_and_off(
    town: Town, actor_as: Actors, run_jobs: Callable[[], int], frozen: Callable[[str], None]
) -> None:
    frozen("2026-03-02 10:00")
    services.put_up_alert(actor_as("editor"), words(), "alert-form-key-01")
    [line] = queries.coming_alerts()
    assert not line.runs(clock.now())
    before = content_version(town)
    frozen("2026-03-02 11:00")
    assert run_jobs() == 1
    assert queries.coming_alerts()[0].runs(clock.now())
    started = content_version(town)
    assert started > before
    frozen("2026-03-02 13:00")
    assert run_jobs() == 1
    assert content_version(town) > started
    assert not queries.coming_alerts()


def test_alerts_are_put_up_once_and_changed_from_their_newest_version(town: Town, actor_as: Actors) -> None:
    editor = actor_as("editor")
    made = services.put_up_alert(editor, words(), "alert-form-key-02")
    assert services.put_up_alert(editor, words(), "alert-form-key-02") == made
    services.change_alert(editor, made, words(text="Other"), 1)
    with pytest.raises(Conflict):
        services.change_alert(editor, made, words(text="Mine"), 1)
    services.end_alert(editor, made)
    with pytest.raises(Conflict):
        services.end_alert(editor, made)
    assert not queries.coming_alerts()


@pytest.mark.parametrize(("hours", "length"), [(-5, 2), (0, -1), (0, 24 * 100)])
def test_times_that_cannot_be_are_refused(hours: float, length: float, town: Town, actor_as: Actors) -> None:
    with pytest.raises(Invalid):
        services.put_up_alert(actor_as("editor"), words(hours, length), "alert-form-key-03")
    assert not db.session.scalars(select(Alert)).all()


def test_the_other_town_sees_nothing(town: Town, other_town: Town, actor_as: Actors) -> None:
    thing = make_article(town)
    services.put_up_alert(actor_as("editor"), words(), "alert-form-key-04")
    with within(other_town.id):
        assert not queries.coming_alerts()
        with pytest.raises(Missing):
            queries.article(thing.id)
