"""What every form checks before its module sees it."""

import io

import pytest
from flask import Flask
from flask_wtf.file import FileField
from wtforms import StringField

from portal.ui.forms import BaseForm, unguessable


class Upload(BaseForm):
    """A text and a file."""

    title = StringField()
    photo = FileField()


def test_a_file_under_the_name_of_a_text_is_left_out(app: Flask) -> None:
    sent = {"title": (io.BytesIO(b"x"), "title.txt"), "photo": (io.BytesIO(b"y"), "photo.jpg")}
    with app.test_request_context(method="POST", data=sent):
        form = Upload(meta={"csrf": False})
        assert form.validate()
        assert form.title.data in (None, "")
        assert form.photo.data.filename == "photo.jpg"


def test_a_key_of_our_pages_is_kept() -> None:
    fresh = unguessable(None)
    assert unguessable(fresh) == fresh


@pytest.mark.parametrize("sent", ["", "1", "key", "a" * 15, "a" * 65, "a" * 20 + "\x00", "ł" * 20, "a b" * 7])
def test_what_two_people_could_both_send_is_replaced(sent: str) -> None:
    assert unguessable(sent) != unguessable(sent) != sent
