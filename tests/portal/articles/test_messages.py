"""Who is told what: editors of what waits, authors of what became of it."""

from collections.abc import Callable
from typing import Any

from portal.articles import queries, services
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.articles import make_article

Actors = Callable[..., Actor]


def test_asking_and_sending_back_tell_those_concerned(
    town: Town, actor_as: Actors, outbox: Callable[[], list[Any]]
) -> None:
    editor = actor_as("editor", email="editor@town.example")
    leader = actor_as("leader", email="leader@town.example")
    thing = make_article(town, "private", actor=leader)
    services.submit(leader, thing.id)
    services.send_back(editor, thing.id, "Write whom to call.")
    assert queries.article(thing.id).state == "private"
    services.submit(leader, thing.id)
    services.publish(editor, thing.id, 2)
    told = [(one.code, one.user_id) for one in outbox()]
    assert told == [
        ("article.pending", editor.user_id),
        ("article.returned", leader.user_id),
        ("article.pending", editor.user_id),
        ("article.published", leader.user_id),
    ]


def test_without_an_editor_the_administrators_are_asked(
    town: Town, actor_as: Actors, outbox: Callable[[], list[Any]]
) -> None:
    admin, leader = actor_as("admin"), actor_as("leader")
    thing = make_article(town, "private", actor=leader)
    services.submit(leader, thing.id)
    assert [one.user_id for one in outbox()] == [admin.user_id]


def test_messages_say_what_it_is_about_and_where(
    town: Town, actor_as: Actors, outbox: Callable[[], list[Any]], run_jobs: Callable[[], int]
) -> None:
    editor, leader = actor_as("editor", locale="cs"), actor_as("leader")
    thing = make_article(town, "private", title="Lampy", actor=leader).id
    services.submit(leader, thing)
    services.send_back(editor, thing, "Kolik jich je?")
    values = [one.values for one in outbox()]
    assert all("Lampy" in str(one) and f"/lublin/desk/pages/{thing}" in str(one) for one in values)
    assert "Kolik jich je?" in str(values[1])
    run_jobs()
    assert {str(one.state) for one in outbox()} == {"sent"}


def test_nobody_is_told_of_their_own_act(
    town: Town, actor_as: Actors, outbox: Callable[[], list[Any]]
) -> None:
    editor = actor_as("editor")
    thing = make_article(town, "private", actor=editor).id
    services.submit(editor, thing)
    services.publish(editor, thing, 2)
    assert outbox() == []
