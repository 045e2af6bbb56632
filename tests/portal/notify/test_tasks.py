"""Letters and calls, through the browser: printed, posted, spoilt; reached, in vain, planned anew, given up."""

import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEntry
from portal.core.db import db
from portal.core.tenancy import Town
from portal.notify import queries, services
from portal.notify.formats import LetterSheet, letters_pdf
from portal.notify.kinds import Channel, Delivery
from portal.notify.models import LetterBatch, Notice
from tests.factories.initiatives import make_initiative

Write = Callable[..., None]
Outbox = Callable[[], list[Any]]
Run = Callable[[], int]
LIST = "/en/lublin/desk/messages"
LETTERS = f"{LIST}/letters"
POSTAL = "Jan Próbny\nul. Próbna 1\n20-001 Lublin"
LANDLINE = "+48817654321"


@pytest.fixture
def leader(client: Any, sign_in: Callable[..., None], actor_as: Callable[..., Any]) -> Any:
    sign_in(client, actor_as("leader"))
    return client


@pytest.fixture
def letters(town: Town, write: Write, run_jobs: Run, outbox: Outbox) -> list[int]:
    """Three letters that have their text."""
    for number in range(3):
        write("test.received", VALUES, postal=POSTAL.replace("1", str(number), 1), secret=("code",))
    run_jobs()
    return [notice.id for notice in outbox()]


WHY = {"why-reason": "task", "why-words": ""}
VALUES = {"at": None, "due": None, "label": "x", "code": "7QK2", "number": "LUB-I-2026-0001"}


@pytest.fixture
def call(town: Town, frozen: Callable[[str], None], write: Write, run_jobs: Run, outbox: Outbox) -> int:
    """A call that waits, on a Friday."""
    frozen("2026-03-06 10:00")
    write(phone=LANDLINE)
    run_jobs()
    return int(outbox()[0].id)


def story(notice_id: int) -> list[str]:
    return [line.outcome for line in reversed(queries.opened(notice_id).attempts)]


def codes() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.code).order_by(AuditEntry.id)))


class TestLetters:
    def test_are_printed_and_posted(
        self, letters: list[int], leader: Any, outbox: Outbox, story_of: Any
    ) -> None:
        page = leader.get(LETTERS)
        assert "20-001" not in page.text
        answer = leader.submit(LETTERS, {"letters": [str(number) for number in letters]})
        assert answer.status_code == 303
        batch = answer.headers["Location"]
        assert "Open the pages" in leader.get(batch).text
        assert leader.get(f"{batch}/letters.pdf").headers["Location"] == batch
        refused = leader.submit(batch, {"why-reason": "other", "why-words": ""})
        assert refused.status_code == 422
        assert "Error:" in refused.text
        assert "letters.opened" not in codes()
        pdf = leader.submit(batch, WHY)
        assert pdf.headers["Content-Type"] == "application/pdf"
        assert pdf.headers["Cache-Control"] == "no-store"
        assert pages_of(pdf.data) == 3
        assert leader.submit(batch, {"letters": [str(number) for number in letters]}).status_code == 303
        assert {notice.state for notice in outbox()} == {Delivery.DONE}
        assert story_of(letters[0]) == ["printed", "done"]
        assert codes().count("letters.opened") == 1
        assert "dealt with" in leader.get(batch).text

    def test_the_officer_sees_who_opened_the_pages_of_which_cases(
        self,
        town: Town,
        write: Write,
        run_jobs: Run,
        outbox: Outbox,
        leader: Any,
        sign_in: Callable[..., None],
        actor_as: Callable[..., Any],
    ) -> None:
        cases = [make_initiative(town, "published") for _ in range(5)]
        for case in cases:
            write("test.received", VALUES, about=case.about, postal=POSTAL, secret=("code",))
        run_jobs()
        ids = [str(notice.id) for notice in outbox() if notice.channel is Channel.LETTER]
        assert len(ids) == 5
        batch = leader.submit(LETTERS, {"letters": ids}).headers["Location"]
        assert leader.submit(batch, WHY).mimetype == "application/pdf"
        sign_in(leader, actor_as("dpo"))
        log = "/en/lublin/desk/privacy/readings"
        shown = leader.get(log).text
        assert "Pages of a batch of letters" in shown
        assert "To post a letter or make a call" in shown
        for case in cases:
            assert "Pages of a batch of letters" in leader.get(f"{log}?case={case.number}").text
        assert "Pages of a batch of letters" not in leader.get(f"{log}?case=LUB-I-2019-9999").text

    def test_pages_of_a_batch_that_is_posted_are_not_opened(
        self, letters: list[int], leader: Any, actor_as: Callable[..., Any]
    ) -> None:
        batch = services.make_batch(actor_as("leader"), letters, "k" * 20)
        here = f"{LETTERS}/{batch}"
        token = re.search(r'name="why-csrf_token"[^>]* value="([^"]+)"', leader.get(here).text)
        assert token
        services.settle_batch(actor_as("leader"), batch, letters)
        late = leader.post(f"{here}/letters.pdf", data={**WHY, "why-csrf_token": token[1]})
        assert (late.status_code, late.headers["Location"]) == (303, here)
        assert "letters.opened" not in codes()

    def test_a_spoilt_one_goes_back(
        self, letters: list[int], leader: Any, outbox: Outbox, story_of: Any
    ) -> None:
        batch = leader.submit(LETTERS, {"letters": [str(number) for number in letters]}).headers["Location"]
        leader.submit(batch, {"letters": [str(letters[0])]})
        states = {notice.id: notice.state for notice in outbox()}
        assert states == {
            letters[0]: Delivery.DONE,
            letters[1]: Delivery.WAITING,
            letters[2]: Delivery.WAITING,
        }
        assert story_of(letters[1]) == ["printed", "spoilt"]
        assert {letter.id for letter in queries.free_letters()} == set(letters[1:])

    def test_two_people_print_no_letter_twice(self, letters: list[int], actor_as: Callable[..., Any]) -> None:
        first = services.make_batch(actor_as("leader"), letters[:2], "k" * 20)
        second = services.make_batch(actor_as("operator"), letters, "l" * 20)
        assert len(queries.letters_of(first)) == 2
        assert [letter.id for letter in queries.letters_of(second)] == letters[2:]

    def test_a_repeated_post_makes_one_batch(self, letters: list[int], actor_as: Callable[..., Any]) -> None:
        made = {services.make_batch(actor_as("leader"), letters, "k" * 20) for _ in range(2)}
        assert len(made) == 1
        assert db.session.query(LetterBatch).count() == 1

    @pytest.mark.parametrize("chosen", [[], ["1"], ["x"], ["9" * 30], ["-1"], ["²"]])
    def test_nothing_ticked_or_nonsense_is_refused(
        self, letters: list[int], leader: Any, chosen: list[str]
    ) -> None:
        answer = leader.submit(LETTERS, {"letters": chosen or None, "website": ""})
        assert answer.status_code == 422
        assert "Tick at least one letter" in answer.text
        assert db.session.query(LetterBatch).count() == 0

    def test_another_towns_batch_is_not_there(
        self, letters: list[int], other_town: Town, leader: Any, actor_as: Callable[..., Any]
    ) -> None:
        batch = services.make_batch(actor_as("leader"), letters, "k" * 20)
        for path in ("", "/letters.pdf"):
            there = leader.get(f"/en/ostrava-jih/desk/messages/letters/{batch}{path}")
            assert there.status_code in (403, 404)
            assert leader.get(f"{LETTERS}/1{path}").status_code == 404

    def test_one_without_text_waits_for_it(self, town: Town, write: Write, leader: Any) -> None:
        write(postal=POSTAL)
        assert "No letter waits" in leader.get(LETTERS).text


def test_a_letter_stands_behind_the_window_in_its_own_language() -> None:
    """Read from the page itself: where the address begins, and which words it holds."""
    sheet = LetterSheet(
        lang="cs",
        sender="Úřad",
        sender_lines=("Horní 791/3",),
        recipient=("Žofie Příkladná", "Zkušební 5"),
        place_and_day="6. března 2026",
        number="Číslo: OJI-V-2026-0001",
        subject='#panic() $x$ *y* \\ "',
        paragraphs=("Dobrý den,", '#include("/etc/passwd")\nkonec'),
    )
    right, left = (
        letters_pdf([sheet, sheet], title="T", lang="cs", footer="f", window_left=side)
        for side in (False, True)
    )
    assert pages_of(right) == 2
    assert right != left
    mm = 72 / 25.4
    assert any(abs(x - 112 * mm) < 1 and 50 * mm < y < 60 * mm for x, y in starts(right))
    assert any(abs(x - 25 * mm) < 1 and 50 * mm < y < 60 * mm for x, y in starts(left))


def test_hundred_letters_take_a_moment() -> None:
    import time

    sheet = LetterSheet("pl", "A", (), ("B",), "C", "", "D", ("E " * 200,))
    begun = time.monotonic()
    assert pages_of(letters_pdf([sheet] * 100, title="T", lang="pl", footer="", window_left=False)) == 100
    assert time.monotonic() - begun < 20


class TestCalls:
    def test_list_shows_them_masked(self, call: int, leader: Any) -> None:
        page = leader.get(f"{LIST}/calls").text
        assert LANDLINE not in page
        assert "…321" in page

    def test_in_vain_twice_then_planned_then_reached(
        self,
        call: int,
        leader: Any,
        outbox: Outbox,
        frozen: Callable[[str], None],
        sign_in: Callable[..., None],
        actor_as: Callable[..., Any],
    ) -> None:
        address = f"{LIST}/{call}"
        assert leader.submit(address, {"unreached-note": "engaged"}).status_code == 303
        (notice,) = outbox()
        assert (notice.unreached, notice.due_on.isoformat()) == (1, "2026-03-09")
        assert "For another day" in leader.get(f"{LIST}/calls").text
        frozen("2026-03-09 10:00")
        sign_in(leader, actor_as("leader"))
        assert "To call now" in leader.get(f"{LIST}/calls").text
        answer = leader.submit(address, {"unreached-note": ""})
        assert answer.headers["Location"] == address
        page = leader.get(address).text
        assert "Decide how to go on" in page
        assert "unreached-note" not in page
        assert "decide how to go on" in leader.get(f"{LIST}/calls").text
        assert queries.count_undecided() == 1
        assert leader.submit(address, {"plan-due_on": "2026-03-12"}).status_code == 303
        (notice,) = outbox()
        assert (notice.unreached, notice.due_on.isoformat()) == (0, "2026-03-12")
        assert leader.submit(address, {"note": "told"}).status_code == 303
        assert outbox()[0].state is Delivery.DONE
        assert sorted(map(str, story(call))) == [
            "Done",
            "Nobody reached",
            "Nobody reached",
            "Planned for another day",
        ]
        assert codes().count("call.unreached") == 2

    def test_a_post_that_comes_twice_counts_once(
        self, call: int, actor_as: Callable[..., Any], outbox: Outbox
    ) -> None:
        for _ in range(2):
            assert not services.not_reached(actor_as("leader"), call, 0)
        assert outbox()[0].unreached == 1

    @pytest.mark.parametrize(
        "day", ["", "x", "2026-03-06", "2026-03-05", "2026-03-08", "2027-03-06", "9999-12-31", "0000-00-00"]
    )
    def test_a_day_that_will_not_do_is_shown_again(
        self, call: int, leader: Any, outbox: Outbox, day: str
    ) -> None:
        answer = leader.submit(f"{LIST}/{call}", {"plan-due_on": day, "plan-note": "kept words"})
        assert answer.status_code == 422
        assert "kept words" in answer.text
        assert "govuk-error-summary" in answer.text
        assert outbox()[0].due_on is None

    def test_becomes_a_letter_where_an_address_is_known(
        self, town: Town, write: Write, run_jobs: Run, leader: Any, outbox: Outbox
    ) -> None:
        write(phone=LANDLINE, postal=POSTAL, prefers=Channel.PHONE)
        run_jobs()
        address = f"{LIST}/{outbox()[0].id}"
        page = leader.get(address).text
        assert "Write a letter instead" in page
        form = {
            "start-csrf_token": page.split('name="start-csrf_token" type="hidden" value="')[1].split('"')[0]
        }
        assert leader.post(f"{address}/letter", data=form).status_code == 303
        assert outbox()[0].channel is Channel.LETTER
        assert len(queries.free_letters()) == 1

    def test_without_an_address_there_is_no_letter(
        self, call: int, leader: Any, actor_as: Callable[..., Any]
    ) -> None:
        from portal.core.errors import Conflict

        assert "Write a letter instead" not in leader.get(f"{LIST}/{call}").text
        with pytest.raises(Conflict):
            services.by_letter(actor_as("leader"), call)

    def test_giving_up_needs_a_reason_and_shows_as_not_delivered(
        self, call: int, leader: Any, outbox: Outbox
    ) -> None:
        address = f"{LIST}/{call}"
        assert leader.submit(address, {"give-up-reason": ""}).status_code == 422
        assert leader.submit(address, {"give-up-reason": "number is gone"}).status_code == 303
        assert outbox()[0].state is Delivery.DEAD
        assert "number is gone" in leader.get(address).text

    def test_what_is_done_takes_no_more_steps(self, call: int, actor_as: Callable[..., Any]) -> None:
        from datetime import date

        from portal.core.errors import Conflict

        actor = actor_as("leader")
        services.tick_off(actor, call)
        for act in (
            lambda: services.not_reached(actor, call, 0),
            lambda: services.plan_call(actor, call, date(2026, 3, 12)),
            lambda: services.by_letter(actor, call),
            lambda: services.give_up(actor, call, "x"),
        ):
            with pytest.raises(Conflict):
                act()

    def test_lists_know_their_town(self, call: int, other_town: Town) -> None:
        from portal.core import tenancy

        with tenancy.within(other_town.id):
            assert queries.free_letters() == []
            assert queries.count_undecided() == 0


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", _plain(pdf)))


def starts(pdf: bytes) -> list[tuple[float, float]]:
    """Where texts begin, in points from the left top of an A4 sheet."""
    found: list[tuple[float, float]] = []
    for stream in _streams(pdf):
        base = (0.0, 0.0)
        for a, b, c, d, e, f, operator in re.findall(
            rb"(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (cm|Tm)", stream
        ):
            del a, b, c, d
            if operator == b"cm":
                base = (float(e), float(f))
            else:
                found.append((float(e), float(f)))
                found.append((base[0] + float(e), base[1] + float(f)))
    return [(x, 841.89 - y) for x, y in found] + found


def _streams(pdf: bytes) -> list[bytes]:
    unpacked = []
    for raw in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            unpacked.append(zlib.decompress(raw))
        except zlib.error:
            continue
    return unpacked


def _plain(pdf: bytes) -> bytes:
    return pdf + b"".join(_streams(pdf))


def test_models_say_who_they_are() -> None:
    assert repr(LetterBatch(id=5)) == "<LetterBatch 5>"
    assert Notice.__tablename__ == "notice"
