"""Text of messages: the recipient's language and zone, secrets as marks, nothing in it that could do harm."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from portal.core.i18n import current_locale, lazy_gettext
from portal.core.tenancy import Town
from portal.notify import values as travelling
from portal.notify.kinds import Channel
from portal.notify.render import Order, Rendered, linked, mask, paragraphs, render, reveal
from portal.notify.values import pack, unpack

BASE = "http://127.0.0.1:8000"
RECEIVED = {
    "number": "LUB-I-2026-0042",
    "at": datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
    "due": date(2026, 11, 28),
    "label": "New",
    "code": "7QK2-M9XD-R4TH-B8WN",
}


@pytest.fixture
def order(town: Town, kinds: None) -> Callable[..., Order]:
    def make(code: str = "test.plain", values: dict[str, Any] | None = None, **changed: Any) -> Order:
        given = {
            "id": 255,
            "code": code,
            "channel": Channel.MAIL,
            "locale": "en",
            "municipality_id": town.id,
            "values": values or {},
            "secret": (),
        }
        return Order(**{**given, **changed})

    return make


def test_days_and_times_are_those_of_the_recipient(order: Callable[..., Order]) -> None:
    polish = render(order("test.received", RECEIVED, locale="pl"))
    czech = render(order("test.received", RECEIVED, locale="cs"))
    assert "21 listopada 2026, 11:30" in polish.body
    assert "28. listopadu 2026" in czech.body
    assert 'lang="cs"' in (czech.html or "")


def test_labels_are_said_in_the_recipients_language(
    order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travelling, "gettext", lambda msgid: f"{msgid} in {current_locale()}")
    packed = unpack(pack({**RECEIVED, "label": lazy_gettext("Refused")}))
    assert "Refused in cs" in render(order("test.received", packed, locale="cs")).body


def test_the_town_signs_and_takes_answers(order: Callable[..., Order], town: Town) -> None:
    body = render(order()).body
    assert body.startswith(town.name)
    assert "the office reads the answers" in body


def test_the_portal_itself_signs_and_takes_none(order: Callable[..., Order]) -> None:
    body = render(order(municipality_id=None)).body
    assert body.startswith("Residents’ Portal")
    assert "answers to it are not read" in body


def test_the_subject_holds_the_public_number_and_nothing_else(order: Callable[..., Order]) -> None:
    assert render(order("test.received", RECEIVED)).subject.endswith(" LUB-I-2026-0042")
    with pytest.raises(KeyError):
        render(order("test.greedy", {"name": "Jan"}))


def test_a_percent_sign_in_a_subject_is_only_a_sign(order: Callable[..., Order]) -> None:
    assert render(order()).subject == "Plain 100 % words"


def test_a_missing_value_or_template_is_an_error(order: Callable[..., Order]) -> None:
    with pytest.raises(UndefinedError):
        render(order("test.received", {"number": "1"}))
    with pytest.raises(TemplateNotFound):
        render(order("test.lost"))


def test_no_run_of_empty_lines(order: Callable[..., Order]) -> None:
    assert "\n\n\n" not in render(order("test.received", RECEIVED)).body


def test_conditions_leave_the_paragraphs_apart(order: Callable[..., Order]) -> None:
    parts = {
        due: render(order("test.parts", {"due": due}, channel=Channel.LETTER)).body for due in ("soon", "")
    }
    assert parts == {"soon": "One.\n\nTwo.\n\nThree:\nsoon", "": "One.\n\nFour."}


class TestSecrets:
    def test_the_kept_text_holds_a_mark_and_what_goes_out_the_secret(
        self, order: Callable[..., Order]
    ) -> None:
        given = order("test.received", RECEIVED, secret=("code",))
        kept = render(given)
        assert "7QK2" not in kept.body + (kept.html or "")
        assert "Code: 7QK2-M9XD-R4TH-B8WN" in reveal(kept.body, given)
        assert "Code: •••••" in mask(kept.body)

    def test_links_with_secrets_are_whole_and_clickable(
        self, order: Callable[..., Order], town: Town
    ) -> None:
        values = {"token": "tok-EN_1", "link": f"{BASE}/en/sign-in/link/abc"}
        given = order("test.link", values, secret=("token", "link"))
        kept = render(given)
        assert kept.html is not None
        assert "tok-EN_1" not in kept.html
        assert "abc" not in kept.html
        html, text = reveal(kept.html, given), reveal(kept.body, given)
        assert f'<a href="{BASE}/en/demo/messages?to=tok-EN_1">' in html
        assert f'<a href="{BASE}/en/sign-in/link/abc">{BASE}/en/sign-in/link/abc</a>' in html
        assert f"{BASE}/en/sign-in/link/abc" in text

    def test_a_secret_that_is_not_there_needs_no_mark(self, order: Callable[..., Order]) -> None:
        kept = render(order("test.received", {**RECEIVED, "code": None}, secret=("code", "other")))
        assert "Code: None" in kept.body

    def test_staff_get_no_broken_link_in_place_of_a_secret_one(self, order: Callable[..., Order]) -> None:
        given = order("test.link", {"token": "t", "link": f"{BASE}/en/x"}, secret=("token", "link"))
        assert "<a " not in "".join(paragraphs(mask(render(given).body)))


class TestSms:
    def test_its_own_words_in_one_line(self, order: Callable[..., Order]) -> None:
        rendered = render(order("test.short", {"number": "5"}, channel=Channel.SMS))
        assert rendered == Rendered("Something short", "Short words for 5.", None)

    def test_else_town_subject_and_link(self, order: Callable[..., Order], town: Town) -> None:
        given = order(values={"link": "/follow/abc"}, channel=Channel.SMS, secret=("link",))
        assert reveal(render(given).body, given) == f"Lublin: Plain 100 % words. {BASE}/en/follow/abc"
        assert render(order(channel=Channel.SMS)).body == "Lublin: Plain 100 % words."


@pytest.mark.parametrize("channel", [Channel.LETTER, Channel.PHONE])
def test_what_a_person_posts_or_reads_out_has_no_frame(order: Callable[..., Order], channel: Channel) -> None:
    assert render(order(channel=channel)) == Rendered("Plain 100 % words", "Words.", None)


def test_a_caller_hears_how_to_get_there_instead_of_an_address(order: Callable[..., Order]) -> None:
    values = {"number": "LUB-I-2026-0042", "link": "/case/abc", "page": "/lublin/initiatives/lub-i-2026-0042"}
    said = render(order("test.ways", values, channel=Channel.PHONE, secret=("link",))).body
    assert said == (
        "Your page: On 127.0.0.1:8000 choose “Follow your case by its number and code” and write the number "
        "LUB-I-2026-0042 and the secret code.\nPublic: On 127.0.0.1:8000 search for the number LUB-I-2026-0042."
    )
    # What is about no case has no number to search for.
    bare = {**values, "number": ""}
    assert BASE in render(order("test.ways", bare, channel=Channel.PHONE, secret=("link",))).body
    assert BASE in render(order("test.ways", values, channel=Channel.LETTER, secret=("link",))).body


def test_mass_mail_says_how_to_stop_it(order: Callable[..., Order]) -> None:
    body = render(order(values={"unsubscribe": "/account/notifications"})).body
    assert f"{BASE}/en/account/notifications" in body


def test_paths_become_addresses_in_the_recipients_language(order: Callable[..., Order]) -> None:
    html = render(order("test.paths", {"title": "x"}, locale="cs")).html or ""
    address = f"{BASE}/cs/lublin/initiatives/lub-i-2026-0042"
    assert f'<a href="{address}">{address}</a>, and' in html


def test_what_people_wrote_is_text_and_links_nowhere(order: Callable[..., Order]) -> None:
    title = '<b>Free</b> http://evil.example/ <img src="x">'
    html = render(order("test.paths", {"title": title})).html or ""
    assert "&lt;b&gt;Free&lt;/b&gt; http://evil.example/ &lt;img" in html
    assert html.count("<a ") == 1


class TestLinked:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            (f"See {BASE}/pl/x.", f'See <a href="{BASE}/pl/x">{BASE}/pl/x</a>.'),
            (f"{BASE}/pl/x?a=1&b=2)", f'<a href="{BASE}/pl/x?a=1&amp;b=2">{BASE}/pl/x?a=1&amp;b=2</a>)'),
            (f"{BASE}.evil.example/x", f'<a href="{BASE}">{BASE}</a>.evil.example/x'),
            (f"{BASE}/•••••", f"{BASE}/•••••"),
            ("http://other.example/", "http://other.example/"),
            ("1 < 2", "1 &lt; 2"),
        ],
    )
    def test_only_our_own_addresses(self, town: Town, text: str, html: str) -> None:
        assert linked(text) == html

    def test_a_path_works_wherever_the_reader_is(self, town: Town) -> None:
        assert linked(f"{BASE}/pl/x", local=True) == f'<a href="/pl/x">{BASE}/pl/x</a>'
        assert linked(BASE, local=True) == f'<a href="/">{BASE}</a>'

    def test_paragraphs_keep_their_lines(self, town: Town) -> None:
        assert paragraphs("a\nb\n\n \nc") == ["a<br>b", "c"]
