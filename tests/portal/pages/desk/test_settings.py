"""Settings of a municipality and its set-up, through the pages an administrator uses."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from portal.core import tenancy
from portal.core.actor import COMMANDER, Actor
from portal.core.tenancy import Town
from portal.pages.kinds import PRESETS, legible, palette, palette_from
from portal.pages.rules import Facts
from portal.pages.services import change_municipality
from tests.factories.articles import make_article
from tests.factories.browser import Browser

SignIn = Callable[[Browser, Actor], None]
ActorAs = Callable[..., Actor]
SETTINGS = "/en/lublin/desk/settings"
SECTIONS = ("name", "look", "contact", "days")


@pytest.fixture
def admin(client: Browser, actor_as: ActorAs, sign_in: SignIn) -> Browser:
    sign_in(client, actor_as("admin"))
    return client


def lublin() -> Town:
    tenancy.forget_towns()
    return tenancy.town("lublin")


def test_the_settings_name_each_part_and_what_is_missing(admin: Browser) -> None:
    text = admin.get(SETTINGS).text
    assert text.count("<h1") == 1
    for section in SECTIONS:
        assert f'href="{SETTINGS}/{section}"' in text
    assert "Still to be filled in:" in text
    assert "kontakt@lublin.example" in text


@pytest.mark.parametrize("role", ["reviewer", "leader", "dpo", "editor"])
def test_other_roles_change_nothing(client: Browser, actor_as: ActorAs, sign_in: SignIn, role: str) -> None:
    sign_in(client, actor_as(role))
    for path in ("", *(f"/{section}" for section in SECTIONS)):
        assert client.get(SETTINGS + path).status_code == 403
    assert SETTINGS not in client.get("/en/lublin/desk").text


def test_an_administrator_elsewhere_changes_nothing_here(
    client: Browser, actor_as: ActorAs, sign_in: SignIn, other_town: Town
) -> None:
    sign_in(client, actor_as("admin", other_town))
    assert client.get(f"{SETTINGS}/name").status_code == 403
    assert client.get("/en/ostrava-jih/desk/settings/name").status_code == 200


def test_texts_are_kept_in_each_language_and_shown_at_once(admin: Browser) -> None:
    before = admin.get("/en/lublin/").text
    typed = {
        "name_pl": "Lublin",
        "name_cs": "Lublin",
        "name_en": "Lublin City",
        "tagline_pl": "Miasto, które słucha",
        "tagline_en": "A town that listens",
        "intro_pl": "Zgłoś, co poprawić.",
    }
    answer = admin.submit(f"{SETTINGS}/name", typed)
    assert (answer.status_code, answer.location) == (303, SETTINGS)
    town = lublin()
    assert town.names == {"pl": "Lublin", "cs": "Lublin", "en": "Lublin City"}
    assert town.taglines == {"pl": "Miasto, które słucha"} | {
        "pl": "Miasto, które słucha",
        "en": "A town that listens",
    }
    after = admin.get("/en/lublin/").text
    assert "A town that listens" in after
    assert "A town that listens" not in before
    # A text that is emptied goes.
    admin.submit(f"{SETTINGS}/name", {"tagline_en": ""})
    assert lublin().taglines == {"pl": "Miasto, które słucha"}


def test_without_a_name_in_the_first_language_nothing_is_taken(admin: Browser) -> None:
    answer = admin.submit(f"{SETTINGS}/name", {"name_pl": "", "tagline_pl": "Zostaje"})
    assert answer.status_code == 422
    assert 'href="#name_pl">Give the municipality a name.' in answer.text
    assert "Zostaje" in answer.text
    assert lublin().names["pl"] == "Lublin"
    too_long = admin.submit(f"{SETTINGS}/name", {"name_cs": "x" * 81})
    assert too_long.status_code == 422
    assert 'href="#name_cs"' in too_long.text


def test_a_stale_page_shows_both_and_keeps_mine_on_the_second_try(admin: Browser, town: Town) -> None:
    page = admin.get(f"{SETTINGS}/name").text
    hidden = dict(re.findall(r'name="(csrf_token|version|form_key)"[^>]* value="([^"]+)"', page))
    change_municipality(COMMANDER, town.id, Facts(texts={"tagline": {"pl": "Ich tekst"}}))
    mine = {**hidden, "name_pl": "Lublin", "tagline_pl": "Mój tekst"}
    answer = admin.post(f"{SETTINGS}/name", data=mine)
    assert answer.status_code == 409
    assert "Ich tekst" in answer.text
    assert 'value="Mój tekst"' in answer.text
    assert lublin().taglines == {"pl": "Ich tekst"}
    version = re.search(r'name="version"[^>]* value="([^"]+)"', answer.text)
    assert version
    assert admin.post(f"{SETTINGS}/name", data={**mine, "version": version[1]}).status_code == 303
    assert lublin().taglines == {"pl": "Mój tekst"}


def test_another_page_of_settings_does_not_make_this_one_stale(admin: Browser, town: Town) -> None:
    page = admin.get(f"{SETTINGS}/look").text
    hidden = dict(re.findall(r'name="(csrf_token|version|form_key)"[^>]* value="([^"]+)"', page))
    change_municipality(COMMANDER, town.id, Facts(texts={"tagline": {"pl": "Ich tekst"}}))
    assert admin.post(f"{SETTINGS}/look", data={**hidden, "ground": "blue", "mark": "sun"}).status_code == 303


@pytest.mark.parametrize("name", PRESETS)
def test_every_prepared_colour_can_be_read(name: str) -> None:
    made = palette_from(PRESETS[name])
    assert legible(made)
    assert made.ink == "#ffffff"


def test_one_colour_makes_the_others(admin: Browser) -> None:
    assert admin.submit(f"{SETTINGS}/look", {"ground": "blue", "mark": "river"}).status_code == 303
    town = lublin()
    assert palette(town.colours) == palette_from(PRESETS["blue"])
    assert town.mark == "river"
    # The page comes back with what was chosen, and no shade of its own.
    page = admin.get(f"{SETTINGS}/look").text
    assert re.search(r'name="ground" value="blue" checked', page)
    assert re.search(r'id="dark"[^>]* value=""', page)
    admin.submit(f"{SETTINGS}/look", {"ground": "other", "brand": "#8A2432", "mark": ""})
    town = lublin()
    assert (town.colours["brand"], town.mark) == ("#8a2432", "")


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"ground": "other", "brand": "red"}, "brand", "is no colour"),
        ({"ground": "other", "brand": ""}, "brand", "Write the number of the colour"),
        ({"ground": "blue", "ink": "#1d4f92"}, "brand", "cannot be read: its contrast is 1.0"),
        ({"ground": "pink"}, "ground", "Choose a colour."),
        ({"ground": "blue", "mark": "dragon"}, "mark", "There is no such mark."),
    ],
)
def test_what_cannot_be_read_is_refused(
    admin: Browser, typed: dict[str, str], field: str, words: str
) -> None:
    before = lublin().colours
    answer = admin.submit(f"{SETTINGS}/look", typed)
    assert answer.status_code == 422
    assert re.search(rf'href="#{field}">[^<]*{words}', answer.text)
    assert lublin().colours == before


def test_a_preview_saves_nothing_and_dresses_the_page(admin: Browser) -> None:
    before = lublin()
    answer = admin.submit(f"{SETTINGS}/look", {"ground": "green", "mark": "tree", "go": "preview"})
    assert answer.status_code == 200
    assert "Preview: nothing is saved yet" in answer.text
    sheet = re.search(r'<link rel="stylesheet" href="([^"]*preview\.css[^"]*)"', answer.text)
    assert sheet
    assert f"--brand:{PRESETS['green']}" in admin.get(sheet[1].replace("&amp;", "&")).text
    assert lublin() == before
    # What was chosen stays chosen.
    assert re.search(r'name="ground" value="green" checked', answer.text)


def test_nothing_but_colours_gets_into_a_style_sheet(admin: Browser) -> None:
    sheet = admin.get(f"{SETTINGS}/preview.css?brand=red;}}body{{display:none&soft=%22").text
    assert "display" not in sheet
    assert admin.get(f"{SETTINGS}/preview.svg?mark=%3Cscript%3E").status_code == 404
    picture = admin.get(f"{SETTINGS}/preview.svg?mark=river&brand=1d4f91")
    assert picture.mimetype == "image/svg+xml"
    assert "#1d4f91" in picture.text


def test_contacts_are_kept(admin: Browser) -> None:
    typed = {
        "email": "urzad@lublin.example",
        "phone": "+48 81 466 10 00",
        "districts": "Czuby\n\n Bronowice ",
        "hours_pl": "pn–pt 8–16",
        "hours_en": "Mon–Fri 8–16",
    }
    assert admin.submit(f"{SETTINGS}/contact", typed).status_code == 303
    contact = lublin().contact
    assert contact["email"] == "urzad@lublin.example"
    assert contact["districts"] == [{"name": "Czuby"}, {"name": "Bronowice"}]
    assert contact["hours"] == {"pl": "pn–pt 8–16", "en": "Mon–Fri 8–16"}
    assert contact["office"] == {"pl": "Biuro Głosu Mieszkańców"}
    wrong = admin.submit(f"{SETTINGS}/contact", {"email": "urzad", "phone": "zadzwoń"})
    assert wrong.status_code == 422
    assert 'href="#email">“urzad” is not an e-mail address.' in wrong.text
    assert 'href="#phone"' in wrong.text
    assert 'value="zadzwoń"' in wrong.text


def test_free_days_are_added_and_taken_back(admin: Browser) -> None:
    admin.submit(f"{SETTINGS}/days", {"closed": "31.12.2026\n2027-01-04\n"})
    assert lublin().closures == {"2026-12-31", "2027-01-04"}
    admin.submit(f"{SETTINGS}/days", {"closed": "31. 12. 2026", "reviewed": "2026-03-30"})
    town = lublin()
    assert town.closures == {"2026-12-31"}
    assert town.contact["statement"]["reviewed"] == "2026-03-30"
    wrong = admin.submit(f"{SETTINGS}/days", {"closed": "31.12.2026\nWigilia <b>"})
    assert wrong.status_code == 422
    assert "“Wigilia &lt;b&gt;” is no day." in wrong.text
    assert "Wigilia &lt;b&gt;</textarea>" in wrong.text
    for idle in ("05.12.2026", "25.12.2026"):  # A Saturday, a holiday.
        wrong = admin.submit(f"{SETTINGS}/days", {"closed": f"31.12.2026\n{idle}"})
        assert wrong.status_code == 422
        assert "is a Saturday, Sunday or public holiday" in wrong.text
    future = admin.submit(f"{SETTINGS}/days", {"reviewed": f"{date.today().year + 1}-03-30"})  # noqa: DTZ011
    assert future.status_code == 422
    assert lublin().closures == {"2026-12-31"}


NEW = {"name": "Opava", "slug": "opava", "country": "CZ", "centre": "49.938, 17.903", "code": "opa"}


class TestSetUp:
    AT = "/en/opava/desk/settings"

    @pytest.fixture
    def operator(self, client: Browser, actor_as: ActorAs, sign_in: SignIn) -> Browser:
        sign_in(client, actor_as("portal_operator"))
        return client

    def test_it_leads_from_the_founding_to_the_end(
        self, operator: Browser, outbox: Callable[[], list[object]]
    ) -> None:
        answer = operator.submit("/en/portal/municipalities", NEW)
        assert answer.location == f"{self.AT}/name?setup=1"
        page = operator.get(answer.location).text
        assert re.search(r'aria-current="step"><span>Name and texts', page)
        assert f'href="{self.AT}/look?setup=1">Skip this step' in page
        answer = operator.submit(answer.location, {"tagline_cs": "Slezské město", "intro_cs": "Řekněte nám."})
        assert answer.location == f"{self.AT}/look?setup=1"
        answer = operator.submit(answer.location, {"ground": "violet", "mark": "castle"})
        assert answer.location == f"{self.AT}/contact?setup=1"
        # This one is skipped.
        skip = re.search(r'href="([^"]+)">Skip this step', operator.get(answer.location).text)
        assert skip
        assert skip[1] == f"{self.AT}/team?setup=1"
        answer = operator.submit(skip[1], {"email": "starosta@opava.example", "roles": ["editor", "leader"]})
        assert answer.location == skip[1]
        waiting = re.search(r"starosta@opava.example – ([^.]+)\.", operator.get(skip[1]).text)
        assert waiting
        assert set(waiting[1].split(", ")) == {"Team leader", "Editor", "Municipality administrator"}
        assert len(outbox()) == 1
        ahead = re.search(r'href="([^"]+)">Go on', operator.get(skip[1]).text)
        assert ahead
        assert ahead[1] == f"{self.AT}/residents?setup=1"
        end = operator.get(f"{self.AT}/done?setup=1").text
        assert "The set-up is over" in end
        assert end.count("filled in") == 2
        assert end.count("still to do") == 3
        assert f'href="{self.AT}/contact?setup=1"' in end
        assert end.count("<h1") == 1

    def test_every_step_can_be_skipped(self, operator: Browser) -> None:
        operator.submit("/en/portal/municipalities", NEW)
        for section in ("name", "look", "contact", "team", "residents", "done"):
            page = operator.get(f"{self.AT}/{section}?setup=1")
            assert page.status_code == 200
            assert page.text.count('aria-current="step"') == 1
            assert page.text.count("<li") >= 5

    def test_an_administrator_is_led_to_what_each_module_shows_residents(
        self, client: Browser, actor_as: ActorAs, sign_in: SignIn, town: Town
    ) -> None:
        sign_in(client, actor_as("admin"))
        page = client.get(f"{SETTINGS}/residents?setup=1").text
        assert "14 categories are offered" in page
        assert 'href="/en/lublin/desk/initiatives/settings/categories">Change the categories' in page
        assert "No page is public yet" in page
        assert 'href="/en/lublin/desk/pages/new?start=office">Write a page' in page
        make_article(town, "published")
        assert "1 page is public" in client.get(f"{SETTINGS}/residents?setup=1").text

    def test_an_operator_of_the_portal_is_led_to_no_desk_that_stays_closed(self, operator: Browser) -> None:
        operator.submit("/en/portal/municipalities", NEW)
        page = operator.get(f"{self.AT}/residents?setup=1").text
        assert "Categories of initiatives" in page
        assert "Change the categories" not in page

    def test_an_operator_invites_only_the_first_administrator(
        self, operator: Browser, actor_as: ActorAs, town: Town
    ) -> None:
        actor_as("admin")
        page = operator.get(f"{SETTINGS}/team").text
        assert "This municipality has an administrator, who invites the others." in page
        assert 'name="email"' not in page
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        operator.post(f"{SETTINGS}/team", data={"email": "x@y.example", "csrf_token": token[1]})
        assert "x@y.example" not in operator.get(f"{SETTINGS}/team").text

    def test_an_administrator_invites_the_team(
        self, client: Browser, actor_as: ActorAs, sign_in: SignIn, town: Town
    ) -> None:
        sign_in(client, actor_as("admin"))
        answer = client.submit(
            f"{SETTINGS}/team?setup=1", {"email": "jan@lublin.example", "roles": ["reviewer", "leader"]}
        )
        assert answer.location == f"{SETTINGS}/team?setup=1"
        assert "jan@lublin.example – " in client.get(answer.location).text
        missing = client.submit(f"{SETTINGS}/team?setup=1", {"email": "eva@lublin.example"})
        assert missing.status_code == 422
        assert "Choose at least one role." in missing.text

    def test_whoever_signed_in_long_ago_confirms_first(
        self, client: Browser, actor_as: ActorAs, sign_in: SignIn, town: Town
    ) -> None:
        sign_in(client, actor_as("admin", fresh=False))
        page = client.get(f"{SETTINGS}/team?setup=1").text
        assert 'name="roles"' not in page
        assert re.search(r'href="/en/confirm\?next=[^"]*settings/team', page)

    def test_the_desk_leads_there_until_residents_can_reach_the_office(
        self, client: Browser, actor_as: ActorAs, sign_in: SignIn, town: Town
    ) -> None:
        change_municipality(COMMANDER, town.id, Facts(contact={"phone": ""}))
        sign_in(client, actor_as("admin"))
        assert f'href="{SETTINGS}/name?setup=1"' in client.get("/en/lublin/desk").text
        change_municipality(COMMANDER, town.id, Facts(contact={"phone": "+48 81 466 10 00"}))
        assert f"{SETTINGS}/name" not in client.get("/en/lublin/desk").text
        change_municipality(COMMANDER, town.id, Facts(contact={"phone": ""}))
        sign_in(client, actor_as("reviewer"))
        assert f"{SETTINGS}/name" not in client.get("/en/lublin/desk").text
