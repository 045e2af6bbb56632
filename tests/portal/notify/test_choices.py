"""What readers chose: quiet messages, the daily summary, and the link that stops messages by one click."""

import re

import pytest
from sqlalchemy import func, select

from portal.core import tenancy
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.i18n import lazy_gettext as _l
from portal.core.jobs import Job
from portal.core.registry import NoticeCategory, NoticeKind, registry
from portal.notify import choices, jobs, summaries
from portal.notify import outbox as door
from portal.notify.channels import Letter, compose
from portal.notify.kinds import Channel, Choice, Delivery
from portal.notify.models import Notice
from portal.notify.outbox import Recipient, mute_token
from portal.notify.values import unpack

MOBILE = "+48601234567"
EWA = Recipient(locale="en", email="ewa@poczta.example", phone=MOBILE, name="Ewa", user_id=7)


@pytest.fixture(autouse=True)
def news(kinds, monkeypatch):
    """News that may wait, and a decision that may not, both of initiatives somebody follows."""
    category = NoticeCategory("test.followed", _l("News"), _l("News"), preset="digest", stops_all=True)
    team = NoticeCategory("test.work", _l("Work"), _l("Work"), may_stop=False, staff=True)
    mine = NoticeCategory("test.mine", _l("Mine"), _l("Mine"))
    for one in (category, team, mine):
        monkeypatch.setitem(registry.categories, one.key, one)
    for code, transactional, key in (
        ("test.news", False, "test.followed"),
        ("test.decision", True, "test.followed"),
        ("test.deadline", False, "test.work"),
    ):
        kind = NoticeKind(
            code, _l("News of %(number)s"), "test/mail/plain.txt", "Kind", transactional, category=key
        )
        monkeypatch.setitem(registry.notices, code, kind)


def write(code="test.news", to=EWA, number="LUB-I-2026-0042", about=("initiative", 1), **values):
    with writing():
        found = {
            "number": number,
            "title": f"Title of {number}",
            "page": f"/lublin/initiatives/{number.lower()}",
        }
        door.send(code, to, found | values, about)


def choose(channel, choice, category="test.followed", user_id=7):
    with writing():
        choices.choose(user_id, category, channel, choice)


def states():
    db.session.close()
    return [row.state for row in db.session.scalars(select(Notice).order_by(Notice.created_at, Notice.id))]


def digest():
    here = tenancy.current_id()
    tenancy.enter(None)
    jobs.digest()
    tenancy.enter(here)


def test_news_wait_quietly_and_decisions_go_at_once(town):
    write()
    write("test.decision")
    assert sorted(states()) == [Delivery.QUIET, Delivery.WAITING]
    assert db.session.scalar(select(func.count(Job.id)).where(Job.kind == "notify.send")) == 1


def test_people_without_account_get_everything_at_once(town):
    write(to=Recipient(locale="en", email="x@poczta.example"))
    assert states() == [Delivery.WAITING]


def test_summary_has_one_entry_for_each_case_and_holds_no_text(town, run_jobs, outbox):
    for number, about in (("LUB-I-2026-0042", 1), ("LUB-I-2026-0043", 2), ("LUB-I-2026-0042", 1)):
        write(number=number, about=("initiative", about), note="a word of the office")
    digest()
    run_jobs()
    sent = [n for n in outbox() if n.code == "notify.digest"]
    assert len(sent) == 1
    body = sent[0].body
    assert (sent[0].state, sent[0].email) == (Delivery.SENT, "ewa@poczta.example")
    assert body.count("Title of LUB-I-2026-0042") == body.count("Title of LUB-I-2026-0043") == 1
    assert "and 1 message before it" in body
    assert "/en/lublin/initiatives/lub-i-2026-0043" in body
    assert "a word of the office" not in body
    assert [n.state for n in outbox() if n.code == "test.news"] == [Delivery.GATHERED] * 3


def test_nothing_new_means_no_summary_and_nothing_comes_twice(town, outbox):
    digest()
    assert outbox() == []
    write()
    digest()
    digest()
    assert [n.code for n in outbox()].count("notify.digest") == 1


def test_summary_is_of_one_town(town, other_town, outbox):
    write()
    with tenancy.within(other_town.id):
        write(number="OJI-I-2026-0001")
    digest()
    found = [
        (n.municipality_id, len(unpack(n.values)["values"]["entries"]))
        for n in outbox()
        if n.code == "notify.digest"
    ]
    assert sorted(found) == [(town.id, 1), (other_town.id, 1)]


def test_staff_are_led_to_the_desk_and_secrets_stay_out(town):
    choose(Channel.MAIL, Choice.DIGEST, "test.work")
    with writing():
        values = {
            "number": "X",
            "desk": "/lublin/desk/x",
            "page": "/lublin/x",
            "title": "T",
            "link": "/secret",
        }
        door.send("test.deadline", EWA, values, ("initiative", 1), secret=("link", "page"))
    row = db.session.scalars(select(Notice)).one()
    assert summaries._entry([row])["link"] == "/lublin/desk/x"
    with writing():
        door.send("test.news", EWA, values, ("initiative", 1), secret=("link", "page"))
    row = db.session.scalars(select(Notice).where(Notice.code == "test.news")).one()
    assert summaries._entry([row])["link"] == ""


def test_sms_is_sent_besides_where_it_was_chosen(town, outbox):
    choose(Channel.SMS, Choice.AT_ONCE)
    write("test.decision")
    write("test.decision", to=Recipient(locale="en", email="ewa@poczta.example", user_id=7))
    assert sorted(n.channel for n in outbox()) == [Channel.MAIL, Channel.MAIL, Channel.SMS]


def test_same_message_is_not_written_twice_on_either_way(town, outbox):
    choose(Channel.SMS, Choice.AT_ONCE)
    for _ in range(2):
        with writing():
            door.send("test.decision", EWA, {"number": "X"}, dedupe="once")
    assert sorted(n.channel for n in outbox()) == [Channel.MAIL, Channel.SMS]


def test_one_click_stops_the_category_without_signing_in(client, town, outbox, run_jobs):
    write("test.decision")
    run_jobs()
    body = outbox()[0].body
    assert mute_token(7, "test.followed")[:10] not in body
    path = f"/en/mute/{mute_token(7, 'test.followed')}"
    page = client.get(path).get_data(as_text=True)
    assert "Stop these messages" in page
    assert choices.of(7) == {}
    answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "You get no more of these messages" in answer.get_data(as_text=True)
    assert choices.of(7) == {"test.followed": {Channel.MAIL: Choice.NEVER, Channel.SMS: Choice.NEVER}}
    write("test.decision")
    assert len(outbox()) == 1
    assert db.session.scalar(select(AuditEntry.subject).where(AuditEntry.code == "message.muted")) == "user:7"


def test_header_of_the_mail_holds_the_link_that_stops_it(town, run_jobs, monkeypatch):
    sent = []
    monkeypatch.setattr("portal.notify.channels.Console.send", lambda _self, letter: sent.append(letter))
    write("test.decision")
    run_jobs()
    [letter] = sent
    assert isinstance(letter, Letter)
    mail = compose(letter, "portal@portal.example")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(
        r"<http://127\.0\.0\.1:8000(/en/mute/\S+)>", mail["List-Unsubscribe"].replace("\n ", "")
    )
    assert link
    assert door.muted_by(link[1].rpartition("/")[2])[0] == 7
    assert f"http://127.0.0.1:8000{link[1]}" in letter.text


def test_messages_of_duty_have_no_such_link(town, outbox):
    write("test.deadline")
    assert "unsubscribe" not in unpack(outbox()[0].values)["values"]


@pytest.mark.parametrize("token", ["x", mute_token.__name__, "A" * 60])
def test_forged_link_is_not_there(client, town, token):
    assert client.post(f"/en/mute/{token}").status_code == 404


def test_summary_has_a_link_that_stops_what_it_gathers(client, town, run_jobs, outbox):
    choose(Channel.MAIL, Choice.DIGEST, "test.work")
    write()
    write("test.deadline", about=("initiative", 2))
    digest()
    run_jobs()
    [summary] = [n for n in outbox() if n.code == "notify.digest"]
    assert "If you want no more of these messages" in summary.body
    assert mute_token(7, "test.followed")[:10] not in summary.body
    page = client.post(f"/en/mute/{mute_token(7, 'test.followed', 'test.mine')}")
    assert page.status_code == 200
    assert "News; Mine" in page.get_data(as_text=True)
    assert "Decisions in cases that you only follow" in page.get_data(as_text=True)
    assert set(choices.of(7)) == {"test.followed", "test.mine", "test.work"}


def test_message_in_a_summary_says_that_it_has_no_text_of_its_own(client, town):
    write()
    for _ in range(2):  # Waiting for the summary, and gone out in one.
        page = client.get("/en/demo/messages").get_data(as_text=True)
        assert "an entry in its reader’s daily summary" in page
        digest()
    assert "an entry in its reader’s daily summary" in client.get("/en/demo/messages").get_data(as_text=True)


def test_what_was_stopped_meanwhile_is_in_no_summary(client, town, outbox):
    write()
    client.post(f"/en/mute/{mute_token(7, 'test.followed')}")
    digest()
    assert outbox() == []


def test_what_cannot_be_stopped_stays_in_the_summary_and_gives_no_link(town, outbox):
    choose(Channel.MAIL, Choice.DIGEST, "test.work")
    choose(Channel.MAIL, Choice.NEVER)
    write("test.deadline")
    digest()
    [summary] = [n for n in outbox() if n.code == "notify.digest"]
    assert "unsubscribe" not in unpack(summary.values)["values"]


def test_choices_are_handed_out_and_erased(town):
    from portal.notify import privacy

    choose(Channel.MAIL, Choice.NEVER)
    choose(Channel.MAIL, Choice.DIGEST)
    assert privacy.export(7)[0] == {
        "kind": "choice", "category": "test.followed", "channel": "mail", "when": "digest",
    }  # fmt: skip
    with writing():
        privacy.erase(7)
    assert choices.of(7) == {}
