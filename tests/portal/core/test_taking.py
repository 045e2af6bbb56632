"""What the portal takes while its disk fills and while it is looked after: pages, sessions, uploads, workers."""

import errno
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import delete, event, func, insert, select

from initiatives import messages, queries
from initiatives.models import Initiative
from portal.accounts.models import LoginSession
from portal.core import clock, disk, files, jobs, taking, throttle
from portal.core.actor import COMMANDER, NOBODY, Actor, acting
from portal.core.db import db, writing
from portal.core.errors import Full, Invalid, ReadOnly
from portal.core.jobs import Job
from portal.core.registry import JobKind, registry
from portal.core.taking import EVERYTHING, Maintenance, Taking
from portal.core.tenancy import Town
from tests.factories.browser import Browser
from tests.factories.initiatives import make_initiative

SignIn = Callable[[Browser, Actor], None]
Free = Callable[[float], None]
Frozen = Callable[[str], None]
NEW = "/en/lublin/initiatives/new"
IDEA = {
    "title": "Ławka przy przystanku",
    "text": "Przy przystanku nie ma gdzie usiąść, a czeka się długo.",
    "category": "greenery",
}


@pytest.fixture
def free(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Free]:
    """Say which share of the disk is free."""

    def say(share: float) -> None:
        monkeypatch.setattr(disk, "free_share", lambda _folder: share)
        taking.watch(app).forget()

    yield say
    taking.watch(app).forget()


def look_after(minutes: float = 30) -> None:
    """As the command does, in another process: nothing tells this one but its watch."""
    now = clock.now()
    with writing():
        db.session.execute(delete(Maintenance))
        db.session.add(Maintenance(id=1, begun_at=now, until_at=now + timedelta(minutes=minutes)))
    taking.watch().forget()


def cases() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Initiative)) or 0


def photo() -> io.BytesIO:
    raw = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(raw, "JPEG")
    raw.seek(0)
    return raw


class TestDisk:
    def test_uploads_are_refused_first_at_their_field(self, client: Browser, town: Town, free: Free) -> None:
        began = client.submit(NEW, IDEA)
        page = began.location.split("?")[0].rsplit("/", 1)[0] + "/photos"
        free(0.09)
        answer = client.submit(page, {"photo": (photo(), "lawka.jpg"), "alt": "Przystanek bez ławki"})
        assert answer.status_code == 422
        assert re.search(r'href="#photo">We cannot take files just now', answer.text)
        assert "Przystanek bez ławki" in answer.text
        # Forms without files go on.
        assert client.submit(NEW, IDEA).status_code == 303
        free(0.11)
        assert client.submit(page, {"photo": (photo(), "lawka.jpg"), "alt": ""}).status_code == 303

    def test_commands_store_files_all_the_same(self, app: Flask, free: Free) -> None:
        free(0.01)
        with acting(COMMANDER):
            assert files.store_photo(photo().read(), "a.jpg").key
        with acting(NOBODY), pytest.raises(Invalid):
            files.store_photo(photo().read(), "a.jpg")

    def test_a_disk_that_is_full_in_the_middle_of_a_file_leaves_none(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, _raw: bytes) -> None:
            path.touch()
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
        before = set(app.extensions["portal.settings"].files.rglob("*.part"))
        with pytest.raises(Invalid) as refused:
            files.store_document(b"%PDF-1.4\n%%EOF", "a.pdf")
        assert "nearly full" in str(refused.value.reason)
        assert set(app.extensions["portal.settings"].files.rglob("*.part")) == before

    def test_then_forms_of_residents_are_refused_and_give_the_words_back(
        self, client: Browser, town: Town, free: Free
    ) -> None:
        make_initiative(town)
        before = cases()
        free(0.06)
        page = client.get(NEW).text
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token
        free(0.04)
        answer = client.post(NEW, data={**IDEA, "csrf_token": token[1]})
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "600"
        assert IDEA["text"] in answer.text
        assert answer.text.count("<h1") == 1
        assert cases() == before
        # What was typed is sent by the button of that page once there is room.
        sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
        free(0.5)
        assert client.post(NEW, data=sent).status_code == 303
        assert cases() == before + 1

    def test_reading_staff_and_signing_in_go_on(
        self, client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn, free: Free
    ) -> None:
        number = (make_initiative(town).number or "").lower()
        free(0.01)
        for path in ("/en/", "/en/lublin/", "/en/lublin/initiatives", f"/en/lublin/initiatives/{number}"):
            assert client.get(path).status_code == 200
        assert client.submit("/en/sign-in", {"email": "ewa@people.example"}).status_code == 303
        resident, leader = actor_as("resident"), actor_as("leader")
        sign_in(client, resident)
        support = f"/en/lublin/initiatives/{number}/support"
        assert client.submit(support, {"wanted": "on"}).status_code == 503
        sign_in(client, leader)
        assert client.submit(support, {"wanted": "on"}).status_code == 303

    def test_pages_say_so_also_kept_ones(self, client: Browser, town: Town, free: Free) -> None:
        said = "We cannot take forms just now. Everything can be read."
        free(0.5)
        assert said not in client.get("/en/lublin/").text
        free(0.04)
        assert said in client.get("/en/lublin/").text
        free(0.5)
        assert said not in client.get("/en/lublin/").text

    def test_a_database_without_room_answers_503_and_keeps_the_words(
        self, client: Browser, app: Flask, town: Town
    ) -> None:
        """A real refusal of the engine: SQLite by a page limit, PostgreSQL by the words of its error."""
        page = client.get(NEW).text
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token
        if db.engine.dialect.name != "sqlite":
            pytest.skip("PostgreSQL cannot be told to be full")

        def limit(raw: Any, _record: object = None, _proxy: object = None) -> None:
            raw.execute("PRAGMA max_page_count=1")

        db.session.close()
        event.listen(db.engine, "checkout", limit)
        try:
            answers = [
                client.post(NEW, data={**IDEA, "text": "słowo " * 700, "csrf_token": token[1]})
                for _ in range(20)
            ]
            refused = [answer for answer in answers if answer.status_code == 503]
            assert refused
            assert {answer.status_code for answer in answers} <= {303, 503}
            assert "słowo słowo" in refused[-1].text
            assert "We cannot take forms just now" in refused[-1].text
            assert client.get("/en/lublin/initiatives").status_code == 200
        finally:
            event.remove(db.engine, "checkout", limit)
            db.session.close()
            db.engine.dispose()

    def test_the_words_of_postgresql_are_known(self) -> None:
        from sqlalchemy.exc import OperationalError

        from portal.core.db import is_full

        words = 'could not extend file "base/1/2": No space left on device'
        assert is_full(OperationalError("INSERT", {}, Exception(words)))
        assert not is_full(OperationalError("INSERT", {}, Exception("deadlock detected")))


class TestReadOnly:
    def test_it_begins_and_ends_by_the_row_alone(self, app: Flask, frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        assert taking.now() == EVERYTHING
        look_after(30)
        until = clock.now() + timedelta(minutes=30)
        assert taking.now() == Taking(read_only_until=until)
        frozen("2026-03-02 10:30:01")
        assert taking.now().read_only_until is None

    def test_a_process_hears_of_it_within_two_seconds(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticks = [100.0]
        monkeypatch.setattr(taking.time, "monotonic", lambda: ticks[0])
        assert taking.now() == EVERYTHING
        now = clock.now()
        with db.engine.begin() as connection:  # Another process.
            connection.execute(
                insert(Maintenance).values(id=1, begun_at=now, until_at=now + timedelta(minutes=5))
            )
        ticks[0] += taking.LOOK_SECONDS / 2
        assert taking.now() == EVERYTHING
        ticks[0] += taking.LOOK_SECONDS
        assert taking.LOOK_SECONDS * 1.5 < taking.SEEN_WITHIN_SECONDS
        assert taking.now().read_only_until is not None

    def test_without_the_table_everything_is_taken(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Maintenance.__table__, "name", "not_there_yet")
        taking.watch().forget()
        assert taking.now() == EVERYTHING

    def test_forms_answer_calmly_keep_the_words_and_name_the_hour(
        self, client: Browser, town: Town, frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(NEW).text)
        assert token
        look_after(30)
        answer = client.post(NEW, data={**IDEA, "csrf_token": token[1]})
        assert answer.status_code == 503
        assert 1790 < int(answer.headers["Retry-After"]) <= 1801
        assert IDEA["text"] in answer.text
        assert "Wait until about 10:30." in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert cases() == 0
        sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
        frozen("2026-03-02 10:31")
        assert client.post(NEW, data=sent).status_code == 303
        assert cases() == 1

    def test_the_words_survive_a_visitor_whose_session_ran_out(
        self, client: Browser, town: Town, frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        look_after(30)
        answer = client.post(NEW, data={**IDEA, "csrf_token": "of-yesterday"})
        # The token is judged by the form, which is never reached.
        assert answer.status_code == 503
        assert IDEA["text"] in answer.text

    def test_a_button_without_words_is_refused_as_calmly(
        self, client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
    ) -> None:
        number = (make_initiative(town).number or "").lower()
        sign_in(client, actor_as("leader"))
        page = client.get(f"/en/lublin/initiatives/{number}/support").text
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token
        look_after()
        path = "/en/sign-out"
        answer = client.post(path, data={"csrf_token": token[1]})
        assert answer.status_code == 503
        assert "The portal is being updated" in answer.text

    def test_reading_goes_on_and_writes_nothing_not_even_when_somebody_was_last_seen(
        self, client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn, frozen: Frozen
    ) -> None:
        frozen("2026-03-02 10:00")
        number = (make_initiative(town).number or "").lower()
        sign_in(client, actor_as("leader"))
        look_after(60)
        seen = db.session.scalars(select(LoginSession.seen_at)).one()
        frozen("2026-03-02 10:20")
        for path in (
            "/en/lublin/",
            "/en/lublin/desk",
            f"/en/lublin/initiatives/{number}",
            f"/en/lublin/desk/initiatives/{number}",
            NEW,
        ):
            assert client.get(path).status_code == 200, path
        db.session.rollback()
        assert db.session.scalars(select(LoginSession.seen_at)).one() == seen

    def test_a_visitor_reads_forms_without_a_session(self, client: Browser, town: Town) -> None:
        look_after()
        answer = client.get(NEW)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(LoginSession)) == 0

    def test_reading_that_would_have_to_be_logged_is_refused(
        self, app: Flask, client: Browser, town: Town, actor_as: Callable[..., Actor], sign_in: SignIn
    ) -> None:
        from portal.notify.models import Notice
        from portal.notify.outbox import Recipient, send

        with writing():
            send(next(iter(sorted(registry.notices))), Recipient("pl", email="ewa@people.example"), {})
        notice = db.session.scalars(select(Notice.id)).one()
        sign_in(client, actor_as("leader"))
        path = f"/en/lublin/desk/messages/{notice}"
        page = client.get(path).text
        assert "ewa@people.example" not in page  # Opened by a form that asks for the reason and logs it.
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert token
        look_after()
        answer = client.post(f"{path}/address", data={"csrf_token": token[1], "reason": "contact"})
        assert answer.status_code == 503
        assert "ewa@people.example" not in answer.text

    def test_a_link_that_opens_a_case_is_told_to_wait(self, client: Browser, town: Town) -> None:
        case = make_initiative(town, "submitted", with_code=True)
        path = f"/en/follow/{messages.follow_token(queries.case(case.id))}"
        look_after()
        answer = client.get(path)
        assert answer.status_code == 503
        assert "Location" not in answer.headers
        assert "The portal is being updated" in answer.text
        assert int(answer.headers["Retry-After"]) > 60

    def test_every_page_says_so_kept_ones_too(self, client: Browser, town: Town, frozen: Frozen) -> None:
        frozen("2026-03-02 10:00")
        said = "forms open again by themselves at about 10:30"
        assert said not in client.get("/en/lublin/").text
        look_after(30)
        assert said in client.get("/en/lublin/").text
        frozen("2026-03-02 10:30:01")
        assert said not in client.get("/en/lublin/").text

    def test_readyz_tells_until_when(self, client: Browser, town: Town) -> None:
        look_after()
        assert client.get("/readyz").get_json()["takes"]["forms"] is False
        assert client.get("/readyz").get_json()["takes"]["read_only_until"].endswith("Z")

    def test_workers_pause_and_go_on(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[Any] = []
        monkeypatch.setitem(registry.jobs, "test.do", JobKind("test.do", done.append, tries=1))
        monkeypatch.setattr(registry, "modules", ())
        monkeypatch.setattr(jobs, "PAUSED_SECONDS", 0.0)
        with writing():
            jobs.enqueue("test.do", {"n": 1})
        look_after()
        jobs.loop(iter((False, False, False, True)))
        assert done == []
        db.session.rollback()
        assert db.session.scalar(select(Job.lease_until)) is None
        with writing():
            db.session.execute(delete(Maintenance))
        taking.watch().forget()
        jobs.loop(iter((False, True)))
        assert done == [{"n": 1}]

    def test_a_job_in_hand_ends_its_work(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(
            registry.jobs, "test.do", JobKind("test.do", lambda _payload: look_after(), tries=1)
        )
        with writing():
            jobs.enqueue("test.do", {})
        job = jobs.take_due()
        assert job is not None
        assert jobs.run(job)
        db.session.rollback()
        assert db.session.scalar(select(Job.done_at)) is not None

    def test_throttles_let_nobody_guess_uncounted(self, app: Flask) -> None:
        look_after()
        with pytest.raises(ReadOnly):
            throttle.hit(throttle.CODE_NETWORK, "192.0.2.0/24")
        with acting(COMMANDER):
            throttle.hit(throttle.CODE_NETWORK, "192.0.2.0/24")


def test_a_full_database_is_told_apart_in_writing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(Full), writing():
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))
