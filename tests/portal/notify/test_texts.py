"""An office's own words: placeholders, previews, versions, and what goes out."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.core import tenancy
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.i18n import LOCALES
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.notify import outbox as door
from portal.notify import queries, services
from portal.notify.kinds import Channel
from portal.notify.models import NoticeText
from portal.notify.outbox import Recipient
from portal.notify.render import OwnText
from portal.notify.rules import fill, text_problems

Outbox = Callable[[], list[Any]]
CODE = "initiative.received"
LIST = "/en/lublin/desk/messages/texts"
EDIT = f"{LIST}/{CODE}/pl"
KNOWN = {"number", "title", "page", "due", "office"}


@pytest.fixture
def admin(client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]) -> Any:
    sign_in(client, actor_as("admin"))
    return client


@pytest.fixture
def told(town: Town, run_jobs: Callable[[], int], outbox: Outbox) -> Callable[..., Any]:
    """`told(phone=…)`: what somebody is told who filed a case."""

    def tell(**contact: Any) -> Any:
        values = {
            **registry.notices[CODE].example,
            "title": "<b>Ławka</b> {number}",
            "link": "/follow/secretword",
        }
        recipient = Recipient(**{"locale": "pl", **(contact or {"email": "jan@people.example"})})
        with writing():
            door.send(CODE, recipient, values, secret=("link",))
        run_jobs()
        return outbox()[-1]

    return tell


class TestRules:
    @pytest.mark.parametrize(
        ("own", "part"),
        [
            (OwnText(subject="Case {number}"), ""),
            (OwnText(subject="For {title}"), "subject"),
            (OwnText(extra="See {page} by {due}, {office}"), ""),
            (OwnText(extra="{name}, {email}"), "extra"),
            (OwnText(extra="{state_help}"), "extra"),
            (OwnText(extra="{ number }"), "extra"),
            (OwnText(extra="{number.__class__}"), "extra"),
            (OwnText(extra="{{ number }}"), "extra"),
            (OwnText(extra="100 } and {"), "extra"),
            (OwnText(extra="{}"), "extra"),
            (OwnText(signature="{office}"), ""),
            (OwnText(signature="{number}"), "signature"),
            (OwnText(body="We have {title}. {page}"), ""),
            (OwnText(body="We have {title}."), "body"),
            (OwnText(sms="{number}: {page}"), ""),
            (OwnText(sms="{title}"), "sms"),
        ],
    )
    def test_only_what_the_kind_names_may_stand_in_it(self, own: OwnText, part: str) -> None:
        assert list(text_problems(own, KNOWN, {"page"})) == ([part] if part else [])

    def test_where_nothing_may_stand_the_help_says_to_take_it_out(self) -> None:
        problem = text_problems(OwnText(subject="{name}"), {"page"}, set())["subject"]
        assert problem == "{name} cannot stand here. Take it out."

    def test_the_refusal_says_what_to_do(self) -> None:
        problem = text_problems(OwnText(extra="{name}"), {"number", "page"}, set())["extra"]
        assert problem == "{name} cannot stand here. Use one of these, or take it out: {number}, {page}"

    def test_values_are_filled_once_and_never_read_again(self) -> None:
        assert fill("{a} {b}", {"a": "{b}", "b": "x"}) == "{b} x"

    def test_a_paragraph_without_its_value_is_left_out(self) -> None:
        assert fill("One.\n\nUntil {due}.\n\nTwo {a}.", {"due": "", "a": "x"}) == "One.\n\nTwo x."


def test_every_kind_that_may_be_worded_has_an_example_in_every_language(town: Town) -> None:
    worded = [kind for kind in queries.kinds() if kind.placeholders]
    assert len(worded) >= 20
    for kind in worded:
        assert {"number", "page"} <= {place.name for place in kind.placeholders}
        for locale in LOCALES:
            for channel in (Channel.LETTER, Channel.SMS):
                found = queries.preview(kind.code, locale, channel, town.id, OwnText())
                assert found is not None, kind.code
                assert "LUB-I-2026-0042" in found.subject
            whole = "\n\n".join(f"{{{place.name}}}" for place in kind.placeholders)
            found = queries.preview(kind.code, locale, Channel.LETTER, town.id, OwnText(body=whole))
            assert found is not None
            assert "{" not in found.body


def test_every_kind_can_be_shown_with_its_example(town: Town) -> None:
    for kind in registry.notices.values():
        assert queries.preview(kind.code, "cs", Channel.LETTER, town.id, OwnText()) is not None, kind.code


def test_the_worker_uses_own_words_and_escapes_what_people_wrote(
    told: Callable[..., Any], actor_as: Callable[..., Any]
) -> None:
    own = OwnText(
        subject="Sprawa {number}",
        body="Dzień dobry,\n\nmamy „{title}”. <i>Zobacz</i>: {page}",
        extra="Do {due}.",
        signature="Biuro\n{office}",
    )
    services.write_text(actor_as("admin"), CODE, "pl", own, 0)
    notice = told()
    assert notice.subject == "Sprawa LUB-I-2026-0042"
    assert "mamy „<b>Ławka</b> {number}”" in notice.body
    assert "Do 1 marca 2027." in notice.body
    assert "Biuro\nLublin" in notice.body
    assert "&lt;b&gt;Ławka&lt;/b&gt;" in notice.html
    assert "<i>Zobacz" not in notice.html
    # The secret link is a mark in what is kept, and never in the clear.
    assert "secretword" not in notice.body
    assert "secretword" not in notice.html


def test_without_own_words_and_in_another_language_ours_hold(
    told: Callable[..., Any], actor_as: Callable[..., Any], other_town: Town
) -> None:
    services.write_text(actor_as("admin"), CODE, "cs", OwnText(extra="Jen česky."), 0)
    assert "Jen česky" not in told().body
    assert "Jen česky" in told(locale="cs", email="b@people.example").body
    with tenancy.within(other_town.id):
        assert queries.texts() == {}


def test_an_own_sms_begins_with_the_office(told: Callable[..., Any], actor_as: Callable[..., Any]) -> None:
    services.write_text(actor_as("admin"), CODE, "pl", OwnText(sms="Mamy {number}.\n\n{page}"), 0)
    body = told(phone="+48601234567").body
    assert body.startswith("Lublin: Mamy LUB-I-2026-0042. http")
    assert "secretword" not in body


def test_a_text_that_would_lose_the_way_to_the_case_gives_way_to_ours(
    town: Town, actor_as: Callable[..., Any]
) -> None:
    """The deadline is empty this time, and with its paragraph the address would go."""
    kind = registry.notices[CODE]
    own = OwnText(body="Mamy {title}.\n\nZobacz {page} do {due}.")
    with_due = queries.preview(CODE, "pl", Channel.LETTER, town.id, own)
    assert with_due is not None
    assert with_due.body.startswith("Mamy")
    from dataclasses import replace

    registry.notices[CODE] = replace(kind, example={**kind.example, "due": None})
    try:
        without = queries.preview(CODE, "pl", Channel.LETTER, town.id, own)
    finally:
        registry.notices[CODE] = kind
    assert without is not None
    assert not without.body.startswith("Mamy Ławka")
    assert "/follow/" in without.body


class TestPages:
    def test_the_list_shows_every_kind(self, town: Town, admin: Any) -> None:
        page = admin.get(LIST).text
        assert page.count('id="kind-') == len(registry.notices)
        assert "LUB-I-2026-0042" in page
        assert f"{CODE}/cs" in page
        assert "account.link/" not in page

    def test_look_save_revert_take_up(self, town: Town, admin: Any) -> None:
        looked = preview(admin)
        assert "Zapraszamy do Lublin." in looked.text
        assert "Nothing is saved yet" in looked.text
        assert db.session.query(NoticeText).count() == 0
        assert admin.submit(EDIT, {"extra": "Zapraszamy do {office}."}).status_code == 303
        assert "version 1" in admin.get(EDIT).text
        assert "own words" in admin.get(LIST).text
        assert admin.submit(EDIT, {"extra": "Inaczej."}).status_code == 303
        page = admin.get(EDIT).text
        assert "Version 1" in page
        assert admin.submit(EDIT, {"drop-version": "2"}).status_code == 303
        assert "Now the portal’s words hold" in admin.get(EDIT).text
        token = {
            "drop-csrf_token": page.split('name="drop-csrf_token" type="hidden" value="')[1].split('"')[0]
        }
        assert admin.post(f"{EDIT}/1", data={**token, "drop-version": "3"}).status_code == 303
        newest = queries.versions(CODE, "pl")[0]
        assert (newest.version, newest.extra) == (4, "Zapraszamy do {office}.")
        codes = db.session.scalars(select(AuditEntry.code).order_by(AuditEntry.id)).all()
        assert codes[-4:] == ["message.worded", "message.worded", "message.unworded", "message.reworded"]

    def test_the_same_words_make_no_new_version(self, town: Town, admin: Any) -> None:
        for _ in range(2):
            assert admin.submit(EDIT, {"extra": "Zapraszamy."}).status_code == 303
        assert db.session.query(NoticeText).count() == 1
        assert admin.submit(EDIT, {"extra": ""}).status_code == 303

    def test_two_administrators_at_once_see_both_texts(
        self, town: Town, admin: Any, actor_as: Callable[..., Any]
    ) -> None:
        services.write_text(actor_as("admin"), CODE, "pl", OwnText(extra="Tekst koleżanki"), 0)
        answer = admin.submit(EDIT, {"extra": "Mój tekst", "version": "0"})
        assert answer.status_code == 409
        assert "Tekst koleżanki" in answer.text
        assert "Mój tekst" in answer.text
        assert queries.versions(CODE, "pl")[0].extra == "Tekst koleżanki"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("subject", "Sprawa {title}"),
            ("subject", "x" * 121),
            ("extra", "{email}"),
            ("extra", "x" * 1001),
            ("body", "Bez linku."),
            ("sms", "{title}"),
            ("extra", "a\x00b"),
        ],
    )
    def test_what_cannot_stand_is_shown_again(self, town: Town, admin: Any, field: str, value: str) -> None:
        answer = admin.submit(EDIT, {field: value, "signature": "Zostaje"})
        assert answer.status_code == 422
        assert "govuk-error-summary" in answer.text
        assert "Zostaje" in answer.text
        assert db.session.query(NoticeText).count() == 0

    @pytest.mark.parametrize(
        "path", ["account.link/pl", "initiative.deadline/pl", "nothing/pl", f"{CODE}/de", "message.budget/pl"]
    )
    def test_what_cannot_be_worded_is_not_there(self, town: Town, admin: Any, path: str) -> None:
        assert admin.get(f"{LIST}/{path}").status_code == 404

    def test_only_administrators_of_the_town(
        self,
        app: Flask,
        town: Town,
        other_town: Town,
        sign_in: Callable[..., None],
        actor_as: Callable[..., Any],
    ) -> None:
        for role, place in (("leader", town), ("editor", town), ("admin", other_town)):
            browser = app.test_client()
            sign_in(browser, actor_as(role, place))
            assert browser.get(LIST).status_code in (403, 404)
            assert browser.get(EDIT).status_code in (403, 404)

    def test_nonsense_as_a_version_is_an_older_one(self, town: Town, admin: Any) -> None:
        admin.submit(EDIT, {"extra": "Zapraszamy."})
        assert admin.submit(EDIT, {"extra": "Inaczej.", "version": "²"}).status_code == 409
        assert repr(queries.versions(CODE, "pl")[0]) == f"<NoticeText {CODE} pl 1>"


def preview(admin: Any) -> Any:
    page = admin.get(EDIT).text
    token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    data = {"csrf_token": token, "extra": "Zapraszamy do {office}.", "version": "0", "go": "preview"}
    return admin.post(EDIT, data=data)
