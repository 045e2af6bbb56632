"""What every form checks before its module sees it."""

import io

import pytest
from flask import Flask
from flask_wtf.file import FileField
from wtforms import StringField, TextAreaField

from portal.ui.forms import BaseForm, unguessable


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
