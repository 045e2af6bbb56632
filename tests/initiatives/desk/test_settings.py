"""The pages of an office's settings, and what they change for whoever files."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from initiatives import queries, services
from initiatives.kinds import Kind
from initiatives.models import Initiative
from initiatives.services import Asked
from portal.content.models import Stance
from portal.core.db import db
from tests.factories.browser import Forms
from tests.factories.initiatives import make_initiative

BASE = "/en/lublin/desk/initiatives/settings"
WHAT = {
    "title": "Ławka przy przystanku",
    "text": "Przy przystanku nie ma gdzie usiąść, a czeka się długo.",
    "category": "greenery",
}


@pytest.fixture
def leader(actor_as, client, sign_in):
    """A team leader, signed in."""
    actor = actor_as("leader")
    sign_in(client, actor)
    return actor


def mark(part: str) -> str:
    return queries.settings_mark(queries.office(), part)


def marked(page) -> str:
    return re.search(r'name="mark"[^>]* value="([0-9a-f]+)"', page.text)[1]


def ask(actor, town, **values: Any) -> int:
    told: dict[str, Any] = {
        "kind": Kind.SHORT,
        "words": {"pl": "Komu pomoże?", "en": "Whom does it help?"},
        **values,
    }
    return services.save_question(actor, town.id, None, Asked(**told), mark("questions"))


def test_the_first_page_leads_to_each_part(client, town, leader):
    page = client.get(BASE).text
    for part in ("categories", "districts", "questions", "help", "deadlines", "words", "support", "replies"):
        assert f"{BASE}/{part}" in page
        assert client.get(f"{BASE}/{part}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "nonsense",
        "nonsense/1",
        "categories/nonsense",
        "districts/99",
        "districts/x",
        "questions/7",
        "questions/7/ask",
        "help/nonsense",
    ],
)
def test_what_is_not_there(client, town, leader, path):
    assert client.get(f"{BASE}/{path}").status_code == 404


def test_a_category_is_renamed_moved_and_hidden(client, town, leader):
    assert client.submit(f"{BASE}/categories/roads", {"text_en": "streets", "hidden": "y"}).status_code == 303
    page = client.get(f"{BASE}/categories")
    assert "streets" in page.text
    assert "not offered" in page.text
    moved = client.post_button(page, f"{BASE}/categories")
    assert moved.status_code == 303
    assert queries.office().categories[1].key == "roads"
    assert "streets" in client.get("/en/lublin/initiatives").text
    assert ">streets<" not in client.get("/en/lublin/initiatives/new").text


def test_a_new_category_needs_theme_and_name(client, town, leader):
    refused = client.submit(f"{BASE}/categories/new", {"text_en": "bridges"})
    assert refused.status_code == 422
    assert 'value="bridges"' in refused.text
    done = client.submit(
        f"{BASE}/categories/new", {"text_pl": "mosty", "text_en": "bridges", "theme": "roads"}
    )
    assert done.status_code == 303
    assert ">bridges<" in client.get("/en/lublin/initiatives/new").text


def test_a_stale_form_shows_what_stands_and_keeps_what_was_typed(client, town, leader):
    form = {"text_en": "alleys", "mark": mark("categories")}
    services.save_category(leader, town.id, "roads", "", {"en": "lanes"}, False, mark("categories"))
    stale = client.submit(f"{BASE}/categories/roads", form)
    assert stale.status_code == 409
    assert "lanes" in stale.text
    assert 'value="alleys"' in stale.text
    again = client.submit(f"{BASE}/categories/roads", {"text_en": "alleys", "mark": marked(stale)})
    assert again.status_code == 303
    assert queries.category_label("roads") == "alleys"


def test_districts_are_added_and_hidden(client, town, leader):
    assert client.submit(f"{BASE}/districts/new", {"name": "Tatary"}).status_code == 303
    assert client.submit(f"{BASE}/districts/new", {"name": "tatary"}).status_code == 422
    at = [row.name for row in queries.office().districts].index("Tatary")
    assert client.submit(f"{BASE}/districts/{at}", {"name": "Tatary", "hidden": "y"}).status_code == 303
    assert queries.office().districts[at].hidden


def test_a_question_is_written_changed_and_asked_no_more(client, town, leader):
    asked = {
        "text_pl": "Ile drzew?",
        "text_en": "How many trees?",
        "kind": "number",
        "category": "greenery",
        "public": "y",
    }
    assert client.submit(f"{BASE}/questions/new", asked).status_code == 303
    number = queries.office().open_questions[0].id
    assert "How many trees?" in client.get(f"{BASE}/questions").text
    assert client.submit(f"{BASE}/questions/{number}", {"text_en": "How many shrubs?"}).status_code == 303
    second = queries.office().open_questions[0].id
    assert client.get(f"{BASE}/questions/{number}").status_code == 404
    assert client.submit(f"{BASE}/questions/{second}/ask", {"mark": mark("questions")}).status_code == 303
    assert "Asked no more" in client.get(f"{BASE}/questions").text
    assert client.submit(f"{BASE}/questions/{second}", {"mark": mark("questions")}).status_code == 303
    assert [found.id for found in queries.office().open_questions] == [second]


def test_choices_are_written_line_by_line(client, town, leader):
    asked = {"text_pl": "Kto?", "kind": "choice", "choices_pl": "my\nwy", "choices_en": "we"}
    refused = client.submit(f"{BASE}/questions/new", asked)
    assert refused.status_code == 422
    assert "as many answers" in refused.text
    assert client.submit(f"{BASE}/questions/new", {**asked, "choices_en": "we\nyou"}).status_code == 303


def test_help_stands_above_its_step(client, town, leader):
    assert client.submit(f"{BASE}/help/what", {"text_en": "Call us."}).status_code == 303
    assert "Call us." in client.get("/en/lublin/initiatives/new").text


def test_days_are_told_with_their_bounds(client, town, leader):
    for typed in ("99", "two", ""):
        refused = client.submit(f"{BASE}/deadlines", {"check": typed})
        assert refused.status_code == 422
        assert "Write a number from 1 to 10." in refused.text
    assert client.submit(f"{BASE}/deadlines", {"check": "4"}).status_code == 303
    assert "within 4 working days" in client.get("/en/lublin/initiatives/new").text


class TestFiling:
    """What is asked besides, from the form to the page."""

    def draft(self, client, **more: str) -> str:
        answer = client.submit("/en/lublin/initiatives/new", {**WHAT, **more})
        assert answer.status_code == 303, answer.text
        return re.match(r"(/en/lublin/initiatives/new/[^/]+)/", answer.location)[1]

    def send(self, client, draft: str) -> Initiative:
        client.submit(f"{draft}/where", {"place": "whole"})
        assert client.submit(f"{draft}/preview").status_code == 303
        return db.session.scalars(select(Initiative).where(Initiative.state == "submitted")).one()

    def test_public_and_team_answers_go_their_ways(self, client, town, leader, actor_as, sign_in):
        public = ask(leader, town, public=True, required=True)
        team = ask(
            leader, town, kind=Kind.YES_NO, words={"pl": "Czy to Twój grunt?", "en": "Is it your land?"}
        )
        client.delete_cookie("portal")
        missing = client.submit("/en/lublin/initiatives/new", WHAT)
        assert missing.status_code == 422
        assert "Answer this question." in missing.text
        draft = self.draft(client, **{f"q{public}": "Dziadkom", f"q{team}": "yes"})
        preview = client.get(f"{draft}/preview").text
        assert "Dziadkom" in preview
        assert "What only the office reads" in preview
        found = self.send(client, draft)
        assert found.answers == {str(public): "Dziadkom"}
        assert queries.kept_answers(queries.case(found.id)) == {public: "Dziadkom", team: True}
        services.publish(actor_as("reviewer"), found.id)
        slug = (found.number or "").lower()
        own = client.get(f"/en/lublin/initiatives/{slug}").text
        assert "Is it your land?" in own
        client.delete_cookie("portal")
        seen = client.get(f"/en/lublin/initiatives/{slug}").text
        assert "Whom does it help?" in seen
        assert "Dziadkom" in seen
        assert "Is it your land?" not in seen
        assert '"answer":"Dziadkom"' in client.get("/en/lublin/initiatives.json").text
        assert "Whom does it help?: Dziadkom" in client.get("/en/lublin/initiatives.csv").text
        told = client.get(f"/api/v1/municipalities/lublin/initiatives/{slug}").json
        assert [row["answer"] for row in told["answers"]] == ["Dziadkom"]
        sign_in(client, leader)
        desk = client.get(f"/en/lublin/desk/initiatives/{slug}").text
        assert "Is it your land?" in desk

    def test_a_category_brings_its_questions_before_one_goes_on(self, client, town, leader):
        number = ask(leader, town, category="greenery")
        shown = client.submit("/en/lublin/initiatives/new", WHAT)
        assert shown.status_code == 422
        assert "asks a little more" in shown.text
        assert "Answer this question." not in shown.text
        fields = next(found for _, found in Forms(shown.text).found if "asked" in dict(found))
        sent = {**dict(fields), f"q{number}": "Nam"}
        assert client.post("/en/lublin/initiatives/new", data=sent).status_code == 303
        assert db.session.scalars(select(Initiative)).one().answers == {}

    def test_a_question_that_came_meanwhile_is_asked_before_sending(self, client, town, leader):
        draft = self.draft(client)
        client.submit(f"{draft}/where", {"place": "whole"})
        number = ask(leader, town, required=True)
        assert "Whom does it help?" in client.get(f"{draft}/preview").text
        assert client.submit(f"{draft}/preview").status_code == 303
        assert db.session.scalars(select(Initiative.state)).one() == "draft"
        client.submit(f"{draft}/what", {f"q{number}": "Nam", "go": "on"})
        assert self.send(client, draft).number

    def test_completing_keeps_what_is_asked_no_more(self, client, town, leader, actor_as, sign_in):
        old, new = ask(leader, town, public=True), ask(leader, town, public=True, words={"pl": "Kiedy?"})
        author = actor_as("resident")
        case = make_initiative(town, "returned", author=author, answers={str(old): "Nam", str(new): "Zimą"})
        services.ask_question(leader, town.id, old, False, mark("questions"))
        sign_in(client, author)
        path = f"/en/lublin/initiatives/{(case.number or '').lower()}/complete"
        assert client.submit(path, {f"q{new}": "Wiosną"}).status_code == 303
        db.session.expire_all()
        assert queries.case(case.id).answers == {str(old): "Nam", str(new): "Wiosną"}

    def test_staff_take_names_out_of_an_answer(self, client, town, leader):
        number = ask(leader, town, public=True)
        case = make_initiative(town, "submitted", answers={str(number): "Panu Kotowi"})
        path = f"/en/lublin/desk/initiatives/{(case.number or '').lower()}/edit"
        assert "Panu Kotowi" in client.get(path).text
        assert client.submit(path, {f"q{number}": "Sąsiadowi", "note": "Nazwisko"}).status_code == 303
        db.session.expire_all()
        found = queries.case(case.id)
        assert found.answers == {str(number): "Sąsiadowi"}
        assert "Panu Kotowi" in (found.author.original or "")

    def test_an_operator_asks_it_too(self, client, town, leader, actor_as, sign_in):
        number = ask(leader, town, kind=Kind.NUMBER, required=True)
        sign_in(client, actor_as("operator"))
        call = "/en/lublin/desk/initiatives/call"
        said = {**WHAT, "channel": "phone", "place": "whole", "language": "pl", "locale": "pl"}
        refused = client.submit(call, {**said, f"q{number}": "wielu"})
        assert "Write a number" in refused.text
        assert client.submit(call, {**said, f"q{number}": "1 200"}).status_code == 303
        case = db.session.scalars(select(Initiative)).one()
        assert queries.kept_answers(queries.case(case.id)) == {number: 1200}


def test_words_are_tried_on_what_was_said_lately_and_then_kept(client, town, leader, actor_as):
    case = make_initiative(town)
    for n, text in enumerate(("Tanie pożyczki od ręki", "Ławka by się przydała")):
        services.comment(actor_as("resident"), case.id, Stance.FOR, text, "pl", str(n), shows_name=False)
    tried = client.submit(f"{BASE}/words", {"text_pl": "pozyczk*", "preview": "1"})
    assert tried.status_code == 200
    assert "would have held 1 comment in the last 30 days" in tried.text
    assert "Tanie pożyczki od ręki" in tried.text
    assert "pozyczk*</textarea>" in tried.text
    assert queries.office().words == {}
    for wrong in ("ab", "dwa słowa", "x" * 41):
        assert client.submit(f"{BASE}/words", {"text_pl": wrong}).status_code == 422
    assert client.submit(f"{BASE}/words", {"text_pl": "Pożyczk*\n\npożyczk*"}).status_code == 303
    assert queries.office().words == {"pl": ["pożyczk*"]}
