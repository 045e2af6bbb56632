"""Fields that several forms share."""

import pytest
from flask import Flask
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from portal.ui.fields import chosen
from portal.ui.forms import BaseForm


class Pick(BaseForm):
    """One question."""

    answer = RadioField(
        "Answer",
        [chosen("Choose one.")],
        choices=[SelectChoice("yes", "Yes"), SelectChoice("no", "No")],
        validate_choice=False,
    )


@pytest.mark.parametrize("sent", [{}, {"answer": ""}, {"answer": "perhaps"}])
def test_whoever_chose_nothing_that_is_offered_reads_one_sentence(app: Flask, sent: dict[str, str]) -> None:
    with app.test_request_context(method="POST", data=sent):
        form = Pick(meta={"csrf": False})
        assert not form.validate()
        assert form.answer.errors == ["Choose one."]


def test_an_offered_answer_is_taken(app: Flask) -> None:
    with app.test_request_context(method="POST", data={"answer": "no"}):
        assert Pick(meta={"csrf": False}).validate()
