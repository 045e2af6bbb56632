"""What every form checks before its module sees it."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField

from portal.core import clock, proof
from portal.core.actor import acting
from portal.core.db import db
from portal.core.network import network as network_of
from portal.core.tenancy import Town
from portal.ui.forms import BaseForm, ProvenForm, unguessable
from tests.factories.actors import make_actor
from tests.factories.proofs import solution_of


class Upload(BaseForm):
    """A line, a text and a file."""

    title = StringField()
    text = TextAreaField()
    photo = FileField()


def test_a_file_under_the_name_of_a_text_is_left_out(app: Flask) -> None:
    sent = {"title": (io.BytesIO(b"x"), "title.txt"), "photo": (io.BytesIO(b"y"), "photo.jpg")}
    with app.test_request_context(method="POST", data=sent):
        form = Upload(meta={"csrf": False})
        assert form.validate()
        assert form.title.data in (None, "")
        assert form.photo.data.filename == "photo.jpg"


@pytest.mark.parametrize(
    "sent", ['{"title": 1, "text": [1, {}]}', '[["title", {}]]', "[1, 2]", "7", "null", "{"]
)
def test_json_is_no_form(app: Flask, sent: str) -> None:
    with app.test_request_context(method="POST", data=sent, content_type="application/json"):
        form = Upload(meta={"csrf": False})
        assert form.validate(), form.errors
        assert form.title.data in (None, "")


def test_signs_that_turn_a_line_are_taken_out_unseen(app: Flask) -> None:
    with app.test_request_context(
        method="POST", data={"title": "\u202a601 123 456\u202c ", "text": "\u200fשלום"}
    ):
        form = Upload(meta={"csrf": False})
        assert form.validate(), form.errors
        assert form.title.data == "601 123 456"
        assert form.text.data == "\u200fשלום"  # A longer text may need them.


def test_other_control_signs_are_refused(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"title": "a\x07b"}):
        form = Upload(meta={"csrf": False})
        assert not form.validate()
        assert form.title.errors


def test_a_key_of_our_pages_is_kept() -> None:
    fresh = unguessable(None)
    assert unguessable(fresh) == fresh


@pytest.mark.parametrize("sent", ["", "1", "key", "a" * 15, "a" * 65, "a" * 20 + "\x00", "ł" * 20, "a b" * 7])
def test_what_two_people_could_both_send_is_replaced(sent: str) -> None:
    assert unguessable(sent) != unguessable(sent) != sent


class Letter(ProvenForm):
    """A line that visitors prove some work for."""

    title = StringField()


@pytest.fixture
def little_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Proof is asked for, and cheap; the clock stands, as pauses are counted in whole seconds."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    proof.ask(4, 10)
    yield
    proof.ask(0, 0)


def sent(app: Flask, **values: Any) -> tuple[bool, Letter]:
    """What becomes of a form with these values."""
    with app.test_request_context("/", method="POST", data={"title": "Words", **values}):
        form = Letter(meta={"csrf": False})
        return form.validate(), form


def kept(form: Letter) -> dict[str, Any]:
    """What the page of a form would send again."""
    return {name: form[name].data for name in ("form_key", "proof", "solution", "pause")}


@pytest.mark.usefixtures("little_work")
def test_a_proof_lets_a_visitor_through_at_once(app: Flask) -> None:
    sound, form = sent(app)
    assert not sound
    answer = solution_of(form.proof.data, 4)
    sound, again = sent(app, **{**kept(form), "solution": answer})
    assert sound
    assert not again.problems
    other, _form = sent(app, **{**kept(form), "solution": answer, "form_key": "another-key-000001"})
    assert not other


@pytest.mark.usefixtures("little_work")
def test_without_a_proof_one_waits_and_presses_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, form = sent(app)
    assert not sound
    assert form.title.data == "Words"
    assert form.pause_seconds == 10
    assert "Wait 10 seconds" in str(form.problems[0][1])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=9))
    sound, early = sent(app, **kept(form))
    assert not sound
    assert early.pause_seconds == 1
    assert early.pause.data == form.pause.data
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=11))
    sound, _form = sent(app, **kept(early))
    assert sound


@pytest.mark.usefixtures("little_work")
def test_in_a_crowded_network_one_reads_how_long_it_still_takes(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sound, form = sent(app)
    with app.test_request_context("/"):
        network = network_of(request.remote_addr)
    for _ in range(proof.PAUSES.hits):
        assert proof.use_pause(network) == 0
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=11))
    db.session.close()  # As between two requests.
    sound, early = sent(app, **kept(form))
    assert not sound
    assert 40 < early.pause_seconds <= 60
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=70))
    for _ in range(proof.RUSH.hits):
        assert proof.use_pause(network) == 0
    db.session.close()
    sound, late = sent(app, **kept(early))
    assert not sound
    assert 0 < late.pause_seconds <= 61
    assert late.title.data == "Words"
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=140))
    db.session.close()
    assert sent(app, **kept(late))[0]


@pytest.mark.usefixtures("little_work")
def test_what_is_wrong_is_told_before_anybody_waits(app: Flask) -> None:
    sound, form = sent(app, title="a\x07b")
    assert not sound
    assert form.title.errors
    assert not form.pause_seconds
    assert not form.pause.data


@pytest.mark.usefixtures("little_work")
def test_a_stale_proof_is_given_anew(app: Flask) -> None:
    _sound, form = sent(app, proof="stale", solution="12")
    assert form.proof.data != "stale"
    assert form.solution.data == ""


@pytest.mark.usefixtures("little_work")
def test_whoever_is_signed_in_is_not_asked(app: Flask, town: Town) -> None:
    with acting(make_actor("resident", town)):
        sound, form = sent(app)
    assert sound
    assert not form.proof.data


def test_nobody_is_asked_where_it_is_lifted(app: Flask) -> None:
    sound, form = sent(app)
    assert sound
    assert not form.asks_proof
