"""Reply templates on the pages of the desk: chosen, put in, changed, taken back, noted in the history."""

import re
from typing import Any

import pytest

from initiatives import queries, services
from initiatives.desk import replies
from initiatives.forms.verbs import PAGES
from initiatives.services import ReplyAsked
from initiatives.states import WORDED
from portal.content import queries as content
from portal.core.db import db
from portal.core.workflow import Lane
from tests.factories.browser import Forms
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
SETTINGS = f"{DESK}/settings/replies"
TEXTS = {"pl": "Sprawa {number}: zajmie się nią {department}.", "cs": "Věc {number} řeší {department}."}


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A team leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


@pytest.fixture
def template(leader, town):
    """A template for words to the author."""
    return write(leader, town)


def write(actor, town, **values: Any) -> int:
    told: dict[str, Any] = {"name": "Kto się zajmie", "verbs": ["reply", "assign"], "texts": TEXTS, **values}
    mark = queries.settings_mark(queries.office(), "replies")
    return services.save_reply(actor, town.id, None, ReplyAsked(**told), mark)


def fields(page, name="note"):
    found = next(fields for _action, fields in Forms(page.text).found if name in dict(fields))
    # A browser drops the line break after the opening tag.
    return {key: value.removeprefix("\r\n").removeprefix("\n") for key, value in found}


def test_every_verb_with_words_may_have_templates(app):
    with app.test_request_context():
        assert set(WORDED) == {verb for verb, page in PAGES.items() if "note" in page.form()}


@pytest.mark.parametrize("verb", WORDED)
def test_every_verb_with_words_is_offered_what_is_written_for_it(town, leader, verb):
    write(leader, town, verbs=[verb], texts={"pl": "{number}, {due}"})
    case = make_initiative(town, "assigned")
    assert [found.name for found in replies.for_case(case, verb)] == ["Kto się zajmie"]


def test_taking_a_merge_back_with_a_template(client, town, leader):
    write(leader, town, verbs=["drop_merge"])
    case, target = make_initiative(town, "published"), make_initiative(town, "published")
    services.propose_merge(leader, case.id, target.number or "", "Bo to jedno.")
    page = client.get(f"{DESK}/{case.number.lower()}/move/drop-merge")
    assert page.status_code == 200
    assert "Kto się zajmie" in page.text


def test_an_office_writes_one(client, town, leader):
    wrong = client.submit(f"{SETTINGS}/new", {"name": "Wada", "verbs": "send_back", "text_pl": "Do {kiedy}."})
    assert wrong.status_code == 422
    assert "{kiedy} cannot be filled in" in wrong.text
    assert "Do {kiedy}." in wrong.text
    sent = {
        "name": "Wada",
        "verbs": "send_back",
        "states": "submitted",
        "categories": "roads",
        "text_pl": "Do {due}.",
    }
    assert client.submit(f"{SETTINGS}/new", sent).status_code == 303
    page = client.get(SETTINGS).text
    for words in ("Wada", "Return for completion", "Only in the states: submitted", "roads and pavements"):
        assert words in page
    assert client.submit(f"{SETTINGS}/1", {"hidden": "y"}).status_code == 303
    assert "not offered" in client.get(SETTINGS).text
    assert client.get(f"{SETTINGS}/2").status_code == 404
    assert client.get(f"{SETTINGS}/x").status_code == 404


def test_both_see_what_two_saved(client, town, leader, template):
    page = client.get(f"{SETTINGS}/{template}")
    assert client.submit(f"{SETTINGS}/{template}", {"name": "Pierwsza"}).status_code == 303
    second = client.submit_shown(page, f"{SETTINGS}/{template}", {"name": "Druga"})
    assert second.status_code == 409
    assert "Pierwsza" in second.text
    assert "Druga" in second.text


@pytest.mark.parametrize("where", ["{number}/move/transfer", "bulk?verb=transfer&case={id}"])
def test_the_first_button_of_the_form_sends(client, town, leader, where):
    """Enter in a line presses the first button: it must not put a template over what was typed."""
    write(leader, town, verbs=["transfer"])
    case = make_initiative(town, "published")
    page = client.get(f"{DESK}/{where.format(number=(case.number or '').lower(), id=case.id)}").text
    form = page[page.index("data-unsaved") :]
    buttons = re.findall(r'<button type="submit"[^>]*>', form)
    assert 'name="fill"' in buttons[1]
    assert "name=" not in buttons[0]
    assert 'tabindex="-1" aria-hidden="true"' in buttons[0]


def test_put_in_without_script_and_sent(client, town, leader, template):
    case = make_initiative(town, "assigned", department="Zieleń")
    here = f"{DESK}/{case.number.lower()}/move/reply"
    shown = client.submit(here, {"template": str(template), "fill": "put"})
    assert shown.status_code == 200
    filled = fields(shown)
    assert filled["note"] == f"Sprawa {case.number}: zajmie się nią Zieleń."
    assert "The template stands in the text." in shown.text
    sent = client.submit_shown(shown, here, {"note": filled["note"] + " Dziękujemy."})
    assert sent.status_code == 303
    step = content.history(*case.about, tuple(Lane))[-1]
    assert (step.note, step.template) == (filled["note"] + " Dziękujemy.", "Kto się zajmie")
    assert "Reply template: Kto się zajmie" in client.get(f"{DESK}/{case.number.lower()}").text
    assert "Kto się zajmie" not in client.get(f"/en/lublin/initiatives/{case.number.lower()}").text


def test_what_was_typed_comes_back(client, town, leader, template):
    case = make_initiative(town, "assigned", department="Zieleń")
    here = f"{DESK}/{case.number.lower()}/move/reply"
    typed = "Pierwszy wiersz\nDrugi <b>wiersz</b>"
    shown = client.submit(here, {"note": typed, "template": str(template), "fill": "put"})
    assert fields(shown)["before"] == typed
    assert "<b>wiersz" not in shown.text
    back = client.submit_shown(shown, here, {"fill": "back"})
    assert fields(back)["note"] == typed
    assert fields(back)["used"] == ""
    # And once more: nothing is ever lost.
    assert fields(client.submit_shown(back, here, {"fill": "back"}))["note"].startswith("Sprawa")
    assert client.submit_shown(back, here, {"note": typed}).status_code == 303
    step = content.history(*case.about, tuple(Lane))[-1]
    assert (step.note, step.template) == (typed, "")


def test_a_second_template_loses_nothing_either(client, town, leader, template):
    other = write(leader, town, name="Inny", texts={"pl": "Inne słowa."})
    case = make_initiative(town, "assigned", department="Zieleń")
    here = f"{DESK}/{case.number.lower()}/move/reply"
    shown = client.submit(here, {"note": "Moje", "template": str(template), "fill": "put"})
    words = changed = fields(shown)["note"] + " Zmienione."
    for chosen in (other, template, other):
        shown = client.submit_shown(shown, here, {"note": words, "template": str(chosen), "fill": "put"})
        assert fields(shown)["before"].split() == f"Moje {changed}".split()
        words = fields(shown)["note"]


def test_nothing_chosen_keeps_what_was_typed(client, town, leader, template):
    case = make_initiative(town, "assigned")
    shown = client.submit(f"{DESK}/{case.number.lower()}/move/reply", {"note": "Moje", "fill": "put"})
    assert shown.status_code == 422
    assert "Choose a template." in shown.text
    assert fields(shown)["note"] == "Moje"
    assert content.history(*case.about, tuple(Lane))[-1].verb != "reply"


@pytest.mark.parametrize("locale", ["cs", "en"])
def test_the_authors_language_or_a_clear_word(client, town, leader, template, locale):
    case = make_initiative(town, "assigned", department="Zieleń")
    case.author.locale = locale
    db.session.commit()
    page = client.get(f"{DESK}/{case.number.lower()}/move/reply").text
    assert ("Věc LUB" in page) is (locale == "cs")
    assert ("There is no text in this language: English. It is in this one: Polski." in page) is (
        locale == "en"
    )


def test_its_language_is_read_aloud_rightly(client, town, leader, template):
    case = make_initiative(town, "assigned", department="Zieleń")
    case.author.locale = "cs"
    db.session.commit()
    here = f"{DESK}/{case.number.lower()}/move/reply"
    shown = client.submit(here, {"template": str(template), "fill": "put"})
    client.submit_shown(shown, here, {"note": fields(shown)["note"]})
    assert content.history(*case.about, tuple(Lane))[-1].language == "cs"
    assert f'lang="cs">Věc {case.number}' in client.get(f"{DESK}/{case.number.lower()}").text


def test_a_value_that_is_not_known_is_pointed_at(client, town, leader, template):
    case = make_initiative(town, "published")
    page = client.get(f"{DESK}/{case.number.lower()}/move/reply").text
    assert "zajmie się nią …." in page
    assert "write it where “…” stands" in page


def test_offered_only_where_it_suits(client, town, leader, template):
    case = make_initiative(town, "assigned")
    page = client.get(f"{DESK}/{case.number.lower()}/move/merge").text
    assert "Reply template" not in page
    assert "Reply template" in client.get(f"{DESK}/{case.number.lower()}/move/assign").text


def test_a_made_up_number_counts_as_none(client, town, leader, template):
    case = make_initiative(town, "assigned")
    here = f"{DESK}/{case.number.lower()}/move/reply"
    for nonsense in ("99", "x", "٣", "1" * 30):
        assert client.submit(here, {"note": f"Słowa {nonsense[:3]}", "used": nonsense}).status_code == 303
        assert content.history(*case.about, tuple(Lane))[-1].template == ""
        db.session.close()


def test_many_cases_each_in_the_language_of_its_author(client, town, leader, template):
    first = make_initiative(town, "assigned", department="Zieleń")
    second = make_initiative(town, "assigned", department="Drogi")
    first.author.locale = "cs"
    db.session.commit()
    here = f"{DESK}/bulk?verb=reply&case={first.id}&case={second.id}"
    shown = client.submit(here, {"template": str(template), "fill": "put"})
    assert shown.status_code == 200
    assert fields(shown)["note"] == TEXTS["pl"]
    assert client.submit_shown(shown, here, {"note": TEXTS["pl"]}).status_code == 303
    said = [content.history(*case.about, tuple(Lane))[-1] for case in (first, second)]
    assert [step.note for step in said] == [
        f"Věc {first.number} řeší Zieleń.",
        f"Sprawa {second.number}: zajmie się nią Drogi.",
    ]
    assert {step.template for step in said} == {"Kto się zajmie"}


def test_changed_words_go_as_they_are_to_all(client, town, leader, template):
    case = make_initiative(town, "assigned")
    case.author.locale = "cs"
    db.session.commit()
    here = f"{DESK}/bulk?verb=reply&case={case.id}"
    shown = client.submit(here, {"template": str(template), "fill": "put"})
    assert client.submit_shown(shown, here, {"note": "Zmienione: {number}"}).status_code == 303
    step = content.history(*case.about, tuple(Lane))[-1]
    assert step.note == f"Zmienione: {case.number}"


def test_many_that_differ_are_offered_only_what_suits_all(client, town, leader):
    write(leader, town, states=["assigned"])
    first, second = make_initiative(town, "assigned"), make_initiative(town, "published")
    both = client.get(f"{DESK}/bulk?verb=reply&case={first.id}&case={second.id}").text
    assert re.search("2 cases can", both)
    assert "Reply template" not in both
