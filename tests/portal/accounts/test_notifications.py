"""The page on which people choose which messages come."""

import pytest

from portal.accounts.services import notifications
from portal.core.actor import Actor
from portal.core.errors import Invalid, NotAllowed
from portal.notify import choices
from portal.notify.kinds import Channel, Choice
from tests.factories.accounts import make_resident

PAGE = "/en/account/notifications"


def test_residents_choose_about_their_own_and_followed_initiatives(client, town, sign_in, actor_as):
    actor = actor_as("resident")
    sign_in(client, actor)
    text = client.get(PAGE).get_data(as_text=True)
    assert "News of my own initiatives" in text
    assert "Deadlines and reports" not in text
    assert "SMS" not in text
    answer = client.submit(PAGE, {"mail0": "digest", "mail1": "never", "mail2": "never"})
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert choices.of(actor.user_id) == {
        "initiatives.mine": {Channel.MAIL: Choice.DIGEST, Channel.SMS: Choice.NEVER},
        "initiatives.followed": {Channel.MAIL: Choice.NEVER, Channel.SMS: Choice.NEVER},
        "initiatives.echo": {Channel.MAIL: Choice.NEVER, Channel.SMS: Choice.NEVER},
    }
    shown = client.get(PAGE).get_data(as_text=True)
    assert shown.count(" checked") == 3


def test_members_choose_about_their_work_but_cannot_stop_it(client, town, sign_in, actor_as):
    actor = actor_as("leader")
    sign_in(client, actor)
    assert "Deadlines and reports" in client.get(PAGE).get_data(as_text=True)
    assert client.submit(PAGE, {"mail3": "never"}).status_code == 422
    assert choices.of(actor.user_id) == {}
    assert client.submit(PAGE, {"mail3": "digest"}).status_code == 303


def test_nobody_chooses_for_others_or_what_is_not_offered(app, town):
    ewa, jan = make_resident(), make_resident("jan@poczta.example")
    good = {"initiatives.mine": "at_once", "initiatives.followed": "digest", "initiatives.echo": "never"}
    with pytest.raises(NotAllowed):
        notifications.choose(Actor(user_id=jan.id), ewa.id, good, {})
    for bad in ({}, {**good, "initiatives.mine": "sometimes"}):
        with pytest.raises(Invalid):
            notifications.choose(Actor(user_id=ewa.id), ewa.id, bad, {})
    notifications.choose(Actor(user_id=ewa.id), ewa.id, good, {"initiatives.mine": True})
    assert choices.of(ewa.id)["initiatives.mine"][Channel.SMS] is Choice.NEVER, "without a number"
