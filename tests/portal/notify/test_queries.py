"""Reading messages: boxes, pages of a list, one with its story, and the wall between towns."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from portal.core import tenancy
from portal.core.db import db, writing
from portal.core.errors import Missing
from portal.core.registry import ContentType, registry
from portal.core.tenancy import Town
from portal.notify import queries
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import Notice
from portal.notify.queries import Box

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]


@pytest.fixture
def every_state(write: Write, outbox: Outbox) -> None:
    """One message in each state, and a letter and a call to do."""
    for state in Delivery:
        write(email=f"{state.value}@people.example")
        with writing():
            db.session.execute(update(Notice).where(Notice.id == outbox()[-1].id).values(state=state))
    write(postal="Jan\nul. Próbna 1")
    write(phone="+48817654321")


@pytest.mark.parametrize(
    ("box", "to"),
    [
        (Box.WAITING, ["waiting@people.example"]),
        (Box.SENT, ["sent@people.example"]),
        (Box.FAILED, ["failed@people.example"]),
        (Box.DEAD, ["dead@people.example"]),
        (Box.DONE, ["done@people.example"]),
        (Box.LETTERS, ["Jan"]),
        (Box.CALLS, ["+48817654321"]),
    ],
)
def test_each_box_holds_its_own(town: Town, every_state: None, box: Box, to: list[str]) -> None:
    assert [line.to for line in queries.in_box(box).items] == to
    assert queries.count(box) == 1


def test_all_holds_all_and_what_is_to_be_done_is_counted(town: Town, every_state: None) -> None:
    assert len(queries.in_box(Box.ALL).items) == len(Delivery) + 2
    assert queries.box_counts() == {Box.FAILED: 1, Box.DEAD: 1, Box.LETTERS: 1, Box.CALLS: 1}


def test_a_list_is_walked_older_and_back(town: Town, write: Write) -> None:
    for number in range(5):
        write(email=f"p{number}@people.example")
    first = queries.in_box(Box.ALL, size=2)
    second = queries.in_box(Box.ALL, queries.cursor_of(first.older), size=2)
    third = queries.in_box(Box.ALL, queries.cursor_of(second.older), size=2)
    seen = [line.to[:2] for page in (first, second, third) for line in page.items]
    assert seen == ["p4", "p3", "p2", "p1", "p0"]
    assert third.older is None
    assert queries.in_box(Box.ALL, queries.cursor_of(third.newer), size=2).items == second.items


def test_a_place_we_did_not_write_is_nowhere() -> None:
    assert queries.cursor_of(None) is None
    with pytest.raises(Missing):
        queries.cursor_of("o1-1; drop")


def test_another_towns_message_is_not_there(
    town: Town, other_town: Town, write: Write, outbox: Outbox
) -> None:
    write()
    notice_id = outbox()[0].id
    with tenancy.within(other_town.id):
        with pytest.raises(Missing):
            queries.one(notice_id)
        assert queries.in_box(Box.ALL).items == ()
        assert queries.for_case("initiative", 5) == []
    assert queries.one(notice_id).id == notice_id


def test_a_message_of_the_installation_is_in_no_towns_desk(
    town: Town, write_for_nobody: Write, outbox: Outbox
) -> None:
    write_for_nobody()
    assert queries.in_box(Box.ALL).items == ()
    with pytest.raises(Missing):
        queries.one(outbox()[0].id)


def test_a_case_lists_its_messages_newest_first(town: Town, write: Write, run_jobs: Run) -> None:
    write("test.plain")
    write("test.received", {"number": "1"})
    write("test.plain", about=("initiative", 6))
    run_jobs()
    found = queries.for_case("initiative", 5)
    assert [message.title for message in found] == ["Kind received", "Kind plain"]
    assert found[1].subject == "Plain 100 % words"
    assert (found[1].channel, found[1].state) == (Channel.MAIL, Delivery.SENT)


def test_a_kind_nobody_registers_any_more_is_shown_by_its_code(
    town: Town, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.delitem(registry.notices, "test.plain")
    assert queries.for_case("initiative", 5)[0].subject == "test.plain"


class TestOpened:
    def open(self, outbox: Outbox) -> queries.Opened:
        return queries.opened(outbox()[0].id)

    def test_a_sent_message_hides_its_secrets(
        self, town: Town, write: Write, run_jobs: Run, outbox: Outbox
    ) -> None:
        values = {"token": "t-1", "link": "x"}
        write("test.link", values, secret=("token",), email="jan@people.example", name="Jan")
        run_jobs()
        found = self.open(outbox)
        assert "t-1" not in "".join(found.paragraphs)
        assert (found.name, found.email, found.language) == ("Jan", "jan@people.example", "pl")
        assert [str(attempt.outcome) for attempt in found.attempts] == ["Sent"]
        assert not found.is_open_task
        assert not found.may_be_resent

    def test_whoever_posts_a_letter_sees_what_must_be_in_it(
        self, town: Town, write: Write, run_jobs: Run, outbox: Outbox
    ) -> None:
        write("test.link", {"token": "t-1", "link": "x"}, secret=("token",), postal="Jan\nul. Próbna 1")
        run_jobs()
        found = self.open(outbox)
        assert found.is_open_task
        assert found.postal == ("Jan", "ul. Próbna 1")
        assert "t-1" not in "".join(found.paragraphs)
        assert "t-1" in "".join(queries.opened(found.line.id, whole=True).paragraphs)

    def test_the_case_is_named_where_there_is_one(
        self, town: Town, write: Write, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Case:
            number = "LUB-I-2026-0042"

        def load(case_id: int) -> Case:
            if case_id != 5:
                raise Missing
            return Case()

        kind: Any = ContentType("initiative", "Case", Case, None, load, lambda _: "/lublin/x")  # type: ignore[arg-type]
        monkeypatch.setattr(registry, "content_types", {"initiative": kind})
        write()
        found = self.open(outbox)
        assert (found.case_number, found.case_href) == ("LUB-I-2026-0042", "/lublin/x")
        for about in (("initiative", 6), ("survey", 5)):
            write(about=about)
            assert queries.opened(outbox()[-1].id).case_href == ""


class TestDemo:
    def test_everything_secrets_and_all_newest_first(
        self, town: Town, other_town: Town, write: Write, write_for_nobody: Write, run_jobs: Run
    ) -> None:
        write()
        with tenancy.within(other_town.id):
            write(locale="cs", email="eva@people.example")
        values = {"token": "x", "link": "http://127.0.0.1:8000/pl/sign-in/link/abc"}
        write_for_nobody("test.link", values, secret=("link",))
        run_jobs()
        found = queries.demo_messages().items
        assert [message.town for message in found] == ["", "Ostrava-South", "Lublin"]
        assert 'href="/pl/sign-in/link/abc"' in "".join(found[0].paragraphs)
        assert found[1].language == "cs"

    def test_by_town_and_by_recipient(
        self, town: Town, other_town: Town, write: Write, run_jobs: Run
    ) -> None:
        write(email="Jan@people.example")
        with tenancy.within(other_town.id):
            write(email="eva@people.example")
        assert [m.line.to for m in queries.demo_messages(municipality_id=town.id).items] == [
            "Jan@people.example"
        ]
        assert [m.line.to for m in queries.demo_messages(contact=" jan@PEOPLE.example ").items] == [
            "Jan@people.example"
        ]
        assert queries.demo_messages(contact="jan").items == ()

    def test_a_message_still_without_text_is_there(self, town: Town, write: Write) -> None:
        write()
        (found,) = queries.demo_messages().items
        assert found.paragraphs == ()
        assert found.line.subject == "Kind plain"
