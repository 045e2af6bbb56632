"""The editor as a browser without script uses it: every button sends the form, nothing typed is lost."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.articles import queries
from portal.articles.kinds import KINDS
from portal.articles.models import Article
from portal.core.actor import Actor
from portal.core.tenancy import Town
from tests.factories.articles import edit, heading, make_article, places, text_block
from tests.factories.browser import Browser, Forms
from tests.journeys.acts import photo

SignIn = Callable[[Browser, Actor], None]


class Editor:
    """Somebody at the editor of one page: the fields as they stand in the browser."""

    def __init__(self, client: Browser, thing: Article) -> None:
        self.client, self.thing = client, thing
        self.path = f"/en/lublin/desk/pages/{thing.id}/edit"
        self.answer = client.get(self.path)
        self._read()

    def _read(self) -> None:
        [(_action, fields)] = [
            found
            for found in Forms(self.answer.text).found
            if any(name == "next_block" for name, _ in found[1])
        ]
        self.fields: dict[str, list[Any]] = {}
        for name, value in fields:
            # A browser drops the line break after the opening tag.
            self.fields.setdefault(name, []).append(value.removeprefix("\r\n"))

    def fill(self, name: str, value: Any) -> None:
        self.fields[name] = [value]

    def press(self, do: str) -> TestResponse:
        self.answer = self.client.post(self.path, data={**self.fields, "do": do})
        if self.answer.status_code != 303:
            self._read()
        return self.answer

    @property
    def blocks(self) -> list[str]:
        return str(self.fields["blocks"][0]).split()

    def entries(self, block: str) -> list[str]:
        return str(self.fields[f"{block}-items"][0]).split()

    def kinds(self) -> list[str]:
        return [self.fields[f"{one}-kind"][0] for one in self.blocks]


@pytest.fixture
def editor(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> Callable[..., Editor]:
    """Open the editor of a page as an editor."""

    def open_it(thing: Article, role: str = "editor") -> Editor:
        sign_in(client, actor_as(role))
        return Editor(client, thing)

    return open_it


def test_a_page_is_begun_and_written(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    sign_in(client, actor_as("editor"))
    answer = client.submit("/en/lublin/desk/pages/new?kind=news", {"title": "Benches", "language": "pl"})
    assert answer.status_code == 303
    thing = queries.desk_list("news")[0]
    assert answer.headers["Location"] == f"/en/lublin/desk/pages/{thing.id}/edit"
    page = Editor(client, queries.article(thing.id))
    page.press("add:text")
    page.fill(f"{page.blocks[0]}-body", "Twenty of them.")
    assert page.press("save").status_code == 303
    assert queries.original(queries.article(thing.id)).content.blocks[0].values["body"] == "Twenty of them."


def test_a_page_begins_with_what_the_municipality_has_set(
    client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
) -> None:
    sign_in(client, actor_as("editor"))
    asked = client.get("/en/lublin/desk/pages/new?start=office").text
    assert re.search(r'value="office"[^>]*checked|checked[^>]*value="office"', asked)
    client.submit("/en/lublin/desk/pages/new", {"title": "Urząd", "language": "pl", "start": "office"})
    written = queries.original(queries.article(queries.desk_list("page")[0].id)).content
    assert [block.kind for block in written.blocks] == ["text", "people", "accordion", "listing"]
    assert written.blocks[1].values["title"] == "Kogo pytać"
    assert written.blocks[1].items[0].values["phone"] == town.contact["phone"]
    assert "start" not in re.findall(r'name="(\w+)"', client.get("/en/lublin/desk/pages/new?kind=news").text)


@pytest.mark.parametrize("kind", [kind.key for kind in KINDS])
def test_every_kind_can_be_added_and_saved_empty(
    kind: str, town: Town, editor: Callable[..., Editor]
) -> None:
    page = editor(make_article(town, "private", blocks=()))
    next_block = page.fields["next_block"][0]
    answer = page.press(f"add:{kind}")
    assert answer.status_code == 200
    assert page.blocks == [next_block]
    assert f'id="block-{next_block}"' in answer.text
    assert page.press("save").status_code == 303
    assert [block.kind for block in queries.original(queries.article(page.thing.id)).content.blocks] == [kind]


def test_a_listing_is_chosen_by_kind_and_by_number(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=()))
    page.press("add:listing")
    [block] = page.blocks
    assert page.fields[f"{block}-count"] == ["3"]
    page.fill(f"{block}-type", "news")
    page.fill(f"{block}-count", "6")
    assert page.press("save").status_code == 303
    saved = queries.original(queries.article(page.thing.id)).content.blocks[0].values
    assert (saved["type"], saved["count"]) == ("news", "6")
    again = Editor(page.client, page.thing)
    assert (again.fields[f"{block}-type"], again.fields[f"{block}-count"]) == (["news"], ["6"])


def test_blocks_are_added_moved_and_removed_without_losing_a_word(
    town: Town, editor: Callable[..., Editor]
) -> None:
    page = editor(make_article(town, "private", blocks=(text_block("one", "b001"), heading("two", "b002"))))
    page.fill("b001-body", "one, changed")
    page.fill("title", "Changed title")
    page.press("down:b001")
    assert page.blocks == ["b002", "b001"]
    page.fields["place"] = ["1"]
    page.press("add:action")
    assert page.kinds() == ["action", "heading", "text"]
    page.press("remove:b002")
    page.press("up:b001")
    assert page.kinds() == ["text", "action"]
    assert page.fields["b001-body"] == ["one, changed"]
    assert page.fields["title"] == ["Changed title"]
    # Nothing of it was kept yet.
    assert queries.original(queries.article(page.thing.id)).number == 2


def test_entries_grow_move_and_go(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(
        make_article(town, "private", blocks=(places(("Town hall", "51", "22"), ("Market", "52", "23")),))
    )
    page.press("down:b003.i001")
    assert page.entries("b003") == ["i002", "i001"]
    page.press("grow:b003")
    new = page.entries("b003")[2]
    page.fill(f"b003-{new}-name", "Park")
    page.press("remove:b003.i002")
    page.press("save")
    [block] = queries.original(queries.article(page.thing.id)).content.blocks
    assert [item.values["name"] for item in block.items] == ["Town hall", "Park"]


def test_entries_in_which_nothing_was_written_are_dropped(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=(places(("Town hall", "51", "22")),)))
    page.press("grow:b003")
    page.press("save")
    assert len(queries.original(queries.article(page.thing.id)).content.blocks[0].items) == 1


def test_a_picture_is_kept_whatever_button_was_pressed(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=()))
    page.press("add:image")
    [block] = page.blocks
    page.fields[f"{block}-file_new"] = [(BytesIO(photo()), "bench.jpg")]
    page.press("add:text")
    number = page.fields[f"{block}-file"][0]
    assert number
    assert f"/pages/files/{page.thing.id}/{number}?size=small" in page.answer.text
    page.press("save")
    assert queries.original(queries.article(page.thing.id)).content.blocks[0].values["file"] == number


def test_a_newer_document_goes_before_the_older_one(town: Town, editor: Callable[..., Editor]) -> None:
    pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
    page = editor(make_article(town, "private", blocks=()))
    page.press("add:documents")
    [block], item = page.blocks, page.entries(page.blocks[0])[0]
    for _upload in range(2):
        page.fields[f"{block}-{item}-file_new"] = [(BytesIO(pdf), "rules.pdf")]
        page.press("up:none")
    first, second = map(int, page.fields[f"{block}-{item}-file"][0].split(","))
    assert first > second


def test_a_file_that_is_none_is_refused_at_its_field(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=()))
    page.press("add:image")
    page.fields[f"{page.blocks[0]}-file_new"] = [(BytesIO(b"no picture"), "bench.jpg")]
    answer = page.press("save")
    assert answer.status_code == 422
    assert "This is not a photo we can read." in answer.text


def test_what_is_wrong_is_said_and_everything_typed_stays(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=(places(("Town hall", "51", "22")),)))
    page.press("add:action")
    action = page.blocks[1]
    page.fill("title", "")
    page.fill("b003-i001-lat", "north")
    page.fill(f"{action}-href", "javascript:alert(1)")
    page.fill(f"{action}-label", "x" * 61)
    answer = page.press("save")
    assert answer.status_code == 422
    for words in (
        "The page needs a title.",
        "Write the latitude as a number of degrees",
        "Write an address that begins",
        "too long",
    ):
        assert words in answer.text, words
    assert re.search(r'href="#b003-i001-lat"', answer.text)
    assert page.fields["b003-i001-lat"] == ["north"]
    assert page.fields[f"{action}-href"] == ["javascript:alert(1)"]


def test_two_editors_meet_and_both_texts_are_shown(town: Town, editor: Callable[..., Editor]) -> None:
    thing = make_article(town, "private", blocks=(text_block("in the beginning", "b001"),))
    page = editor(thing)
    edit(town, thing, text_block("their words", "b001"))
    page.fill("b001-body", "my words")
    answer = page.press("save")
    assert answer.status_code == 409
    assert "their" in answer.text
    assert page.fields["b001-body"] == ["my words"]
    assert page.press("save").status_code == 303
    newest = queries.versions(thing.id, "pl")[:2]
    assert [one.content.blocks[0].values["body"] for one in newest] == [
        "my words",
        "their words",
    ]


def test_a_page_open_for_too_long_gives_everything_back(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private", blocks=(text_block("old", "b001"),)))
    page.fill("csrf_token", "stale")
    page.fill("b001-body", "typed for an hour")
    for do in ("save", "add:text"):
        answer = page.press(do)
        assert answer.status_code == 422
        assert page.fields["b001-body"] == ["typed for an hour"]
        page.fill("csrf_token", "stale")
    assert queries.original(queries.article(page.thing.id)).number == 2


@pytest.mark.parametrize(
    "do",
    [
        "add:hologram",
        "add:",
        "up:",
        "up:b999",
        "remove:b001.i999",
        "grow:b999",
        "grow:b001",
        "::",
        "nonsense",
    ],
)
def test_buttons_nobody_made_change_nothing(do: str, town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private"))
    assert page.press(do).status_code == 200
    assert page.kinds() == ["text"]


def test_forms_nobody_made_harm_nothing(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(make_article(town, "private"))
    page.fields |= {
        "blocks": ["b001 b001 ../../x b777 <script>"],
        "b777-kind": ["hologram"],
        "b001-items": ["i001 " + "x" * 50],
        "version": ["-1; drop table"],
    }
    assert page.press("save").status_code == 409
    assert page.kinds() == ["text"]


def test_a_page_holds_sixty_blocks(town: Town, editor: Callable[..., Editor]) -> None:
    page = editor(
        make_article(town, "private", blocks=tuple(text_block("x", f"b{n:03d}") for n in range(60)))
    )
    assert 'value="add:text"' not in page.answer.text
    page.press("add:text")
    assert len(page.blocks) == 60


def test_save_and_preview_shows_what_was_written(
    client: Browser, town: Town, editor: Callable[..., Editor]
) -> None:
    page = editor(make_article(town, "private", blocks=(text_block("old", "b001"),)))
    page.fill("b001-body", "brand **new**")
    answer = page.press("look")
    assert answer.status_code == 303
    assert "brand <strong>new</strong>" in client.get(answer.headers["Location"]).text
    assert client.get(f"/en/lublin/desk/pages/{page.thing.id}/preview/xx").status_code == 404


def test_leaders_write_and_translators_do_not(
    client: Browser, town: Town, editor: Callable[..., Editor]
) -> None:
    thing = make_article(town, "private")
    assert editor(thing, "leader").press("save").status_code == 303
    with pytest.raises(ValueError, match="not enough values"):
        editor(thing, "translator")


def test_the_first_button_of_the_form_saves(town: Town, editor: Callable[..., Editor]) -> None:
    """Enter in a line presses the first button: it must not move or remove a block."""
    page = editor(make_article(town, "private"))
    form = page.answer.text.split('class="editor"')[1]
    first = re.search(r'<button[^>]*name="do" value="([^"]*)"', form)
    assert first
    assert first[1] == "save"


def test_a_pending_page_is_edited_and_read_by_others_at_once(
    town: Town, editor: Callable[..., Editor]
) -> None:
    thing = make_article(town, "pending")
    page = editor(thing)
    page.fill("title", "Better title")
    assert page.press("save").status_code == 303
    assert queries.waiting()[0][1] == "Better title"
