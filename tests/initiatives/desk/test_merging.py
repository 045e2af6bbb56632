"""Two texts for one field: what a choice makes of them."""

import pytest
from flask import Flask
from wtforms import TextAreaField

from initiatives.desk import merging
from portal.ui.forms import BaseForm


class OneForm(BaseForm):
    """A form with one text."""

    need = TextAreaField("Need")


@pytest.mark.parametrize(
    ("choice", "mine", "kept"),
    [
        ("", "Moje.", "Moje."),
        ("mine", "Moje.", "Moje."),
        ("theirs", "Moje.", "Ich."),
        ("both", "Moje.", "Ich.\n\nMoje."),
        ("both", " ", "Ich."),
        ("anything", "Moje.", "Moje."),
    ],
)
def test_the_choice_is_carried_out(app: Flask, choice: str, mine: str, kept: str) -> None:
    with app.test_request_context("/en/", method="POST", data={"need": mine, "take_need": choice}):
        form = OneForm()
        merging.choose(form, {"need": "Ich.", "gone": "Nie ma takiego pola."})
        assert form.need.data == kept
