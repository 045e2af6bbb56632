"""The question why, asked before sensitive data open."""

import pytest
from flask import Flask

from portal.core.readings import Reason
from portal.ui.reading import ReasonForm


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "reason"),
        ({"reason": "curiosity"}, "reason"),
        ({"reason": "other"}, "words"),
        ({"reason": "check", "words": "x" * 201}, "words"),
    ],
)
def test_no_reason_opens_nothing(app: Flask, sent: dict[str, str], field: str) -> None:
    with app.test_request_context("/en/", method="POST", data=sent):
        form = ReasonForm(meta={"csrf": False})
        assert not form.validate()
        assert list(form.errors) == [field]


def test_a_reason_of_the_list_is_enough(app: Flask) -> None:
    with app.test_request_context("/en/", method="POST", data={"reason": "check"}):
        form = ReasonForm(meta={"csrf": False})
        assert form.validate()
        assert form.why.reason is Reason.CHECK
