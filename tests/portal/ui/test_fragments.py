"""Pieces that are filled in: they equal what the template says of the same texts, escaped."""

import pytest
from flask import Flask
from jinja2 import DictLoader
from markupsafe import Markup

from portal.core.i18n import speaking
from portal.ui import fragments
from portal.ui.fragments import moulded

TEMPLATE = '{% if b %}<b title="{{ b }}">{{ b }}</b> 100% {% endif %}{{ _("Help") }} {{ a }} {{ look }}'


@pytest.fixture(autouse=True)
def template(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.jinja_env, "loader", DictLoader({"piece.html": TEMPLATE}))
    fragments._mould.cache_clear()


class TestMoulded:
    @pytest.mark.parametrize(
        "b", ["", "two", '"><script>%s', "\ue000a\ue001", "100 %(n)s", Markup("<i>"), "\0", "\0<b>\0"]
    )
    def test_equals_the_template(self, app: Flask, b: str) -> None:
        with speaking("en"):
            for a in ("one", "<i>", "%"):
                rendered = app.jinja_env.get_template("piece.html").render(a=a, b=str(b), look="new")
                assert moulded("piece.html", {"a": a, "b": b}, look="new") == rendered
        assert fragments._mould.cache_info().currsize == 1

    def test_each_language_and_shape_has_its_own(self) -> None:
        found = set()
        for locale in ("en", "pl"):
            with speaking(locale):
                for look in ("new", "old"):
                    for b in ("", "x"):
                        found.add(moulded("piece.html", {"a": "1", "b": b}, look=look))
        assert len(found) == 8
