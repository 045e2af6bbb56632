"""The case desk: what staff see of a case, and the acts that begin there."""

import io

import pytest
from PIL import Image
from sqlalchemy import select, update

from initiatives import queries, services
from initiatives.messages import facts
from initiatives.models import Initiative
from initiatives.services import forgetting
from portal.content import queries as content_queries
from portal.content import services as content
from portal.content.models import Comment, CommentState, FileRole, Stance
from portal.core import files
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.readings import Reason, Why
from portal.core.workflow import Lane
from portal.notify.delivery import record
from portal.notify.kinds import Delivery, Outcome
from portal.notify.models import Notice
from portal.notify.outbox import Recipient, send
from tests.factories.initiatives import make_initiative, merge

DESK = "/en/lublin/desk/initiatives"


def href(case):
    return f"{DESK}/{(case.number or '').lower()}"


def fresh(case):
    db.session.close()
    return db.session.get_one(Initiative, case.id)


def say_comment(case, text, state=CommentState.VISIBLE, user_id=None):
    with writing():
        content.add_comment(
            case, stance=Stance.FOR, text=text, language="pl", user_id=user_id, name="", state=state
        )
    return db.session.scalars(select(Comment).where(Comment.text == text)).one()


def test_case_tells_who_is_next_until_when_and_what_one_can_do(client, town, reviewer):
    case = make_initiative(town, "submitted")
    page = client.get(href(case)).text
    assert "Who is next: the monitoring team" in page
    assert "Check and publish" in page
    assert "working days left" in page
    assert f'<a class="button" href="{href(case)}/move/publish">' in page
    assert f'<a class="button button--quiet" href="{href(case)}/move/send-back">' in page
    assert page.count("<h1>") == 1
    assert f'<span lang="pl">{case.title}</span>' in page


def test_case_without_text_says_whether_it_was_erased_or_taken_over(client, town, reviewer):
    case = make_initiative(town, "withdrawn")
    for values, words in (
        ({"text": ""}, "There is no text: it was erased."),
        ({"external_source": "old", "external_number": "7"}, "the case was taken over from another system."),
    ):
        with writing():
            db.session.execute(update(Initiative).where(Initiative.id == case.id).values(**values))
        assert words in client.get(href(case)).get_data(as_text=True)


def test_one_who_cannot_act_is_told_so(client, town, actor_as, sign_in):
    case = make_initiative(town, "submitted")
    sign_in(client, actor_as("decision_maker"))
    assert "There is nothing for you to do here now." in client.get(href(case)).text


def test_what_is_not_yet_possible_says_why(client, town, actor_as, sign_in):
    me = actor_as("reviewer")
    sign_in(client, me)
    case = make_initiative(town, "purpose_study", reviewers=[me, actor_as("reviewer")])
    page = client.get(href(case)).text
    assert "Two reviewers must finish the purpose study first." in page
    assert "move/start-feasibility" not in page
    assert "Write my sheet" in page


def test_history_shows_both_lanes_and_names_staff(client, town, actor_as, reviewer):
    case = make_initiative(town, "submitted")
    services.publish(reviewer, case.id, "Zgodne z zasadami.")
    services.add_note(reviewer, case.id, "Sprawdzić własność działki.", "key")
    page = client.get(href(case)).text
    assert "Sprawdzić własność działki." in page
    assert "Office only" in page
    assert "Zgodne z zasadami." in page
    assert f"Monitoring team, {reviewer.name}" in page


def test_contact_stays_shut_until_asked_and_is_logged(client, town, reviewer, token):
    case = make_initiative(town, "submitted", email="tajny@people.example")
    closed = client.get(href(case)).text
    assert "tajny@people.example" not in closed
    assert "Anna Próbna" not in closed
    untold = client.submit(href(case), {"why-reason": ""})
    assert untold.status_code == 422
    assert "tajny@people.example" not in untold.text
    db.session.rollback()
    assert (
        db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.contact_read")).all() == []
    )
    opened = client.submit(href(case), {"why-reason": "contact", "why-words": "pyta o dojazd"})
    assert "tajny@people.example" in opened.text
    assert opened.headers["Cache-Control"] == "no-store"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.contact_read")).one()
    assert (entry.user_id, entry.subject) == (reviewer.user_id, f"initiative:{case.id}")
    assert "tajny" not in str(entry.details)
    assert entry.details == {"reason": "contact", "words": "pyta o dojazd", "number": case.number}


def test_contact_of_an_account_is_what_the_account_says(town, actor_as):
    author = actor_as("resident", name="Ewa Konto", email="ewa@people.example")
    case = make_initiative(town, "submitted", author=author)
    read = services.read_contact(actor_as("reviewer"), case.id, Why(Reason.CHECK))
    assert (read.name, read.email, read.by_account) == ("Ewa Konto", "ewa@people.example", True)


def test_of_an_erased_author_nothing_is_offered(client, town, reviewer):
    case = make_initiative(town, with_code=True)
    assert "The author lost the secret code" in client.get(href(case)).text
    with writing():
        forgetting.erase_author(queries.case(case.id))
    page = client.get(href(case)).text
    assert "Nothing is left that says who filed it" in page
    assert "Show contact data" not in page
    assert "The author lost the secret code" not in page


def test_contact_address_alone_leads_to_the_case(client, town, reviewer):
    case = make_initiative(town, "submitted")
    for page in ("contact", "note"):
        answer = client.get(f"{href(case)}/{page}")
        assert (answer.status_code, answer.location) == (303, href(case))


@pytest.mark.parametrize("role", ["steering", "expert"])
def test_groups_read_the_case_but_no_contact(client, town, actor_as, sign_in, role):
    case = make_initiative(town, "recommendation")
    sign_in(client, actor_as(role))
    page = client.get(href(case)).text
    assert "Show contact data" not in page
    assert "Messages sent" not in page
    assert "Internal note" not in page
    # It stands among what waits for them, so it must not say that there is nothing to do.
    assert "There is nothing for you to do here now." not in page
    assert "It is on your list to be read before the decision." in page
    assert client.get(f"{href(case)}/contact").status_code == 403


def test_note_is_kept_for_the_office(client, town, reviewer):
    case = make_initiative(town, "published")
    sent = client.submit(href(case), {"text": "Zadzwonić do zarządu dróg."})
    assert sent.status_code == 303
    last = content_queries.history(*case.about, tuple(Lane))[-1]
    assert (last.verb, last.internal_note, last.lane) == ("note", "Zadzwonić do zarządu dróg.", Lane.INTERNAL)
    assert "Zadzwonić" not in client.get(f"/en/lublin/initiatives/{(case.number or '').lower()}").text


def test_note_of_a_double_click_is_written_once(town, actor_as):
    case, actor = make_initiative(town, "published"), actor_as("reviewer")
    for _ in range(2):
        services.add_note(actor, case.id, "Raz.", "same key")
    assert [s.verb for s in content_queries.history(*case.about, tuple(Lane))].count("note") == 1


def test_empty_note_is_asked_for(client, town, reviewer):
    case = make_initiative(town, "published")
    page = client.submit(href(case), {"text": "  "})
    assert page.status_code == 422
    assert "Write the note." in page.text


def test_photo_is_shown_anew_drawn_and_the_original_opens_elsewhere_and_is_logged(client, town, reviewer):
    case = make_initiative(town, "submitted")
    raw = io.BytesIO()
    Image.new("RGB", (900, 700), "teal").save(raw, "JPEG")
    with writing():
        row = content.attach(
            case, files.store_photo(raw.getvalue(), "ławka.jpg"), FileRole.PHOTO, "Przystanek"
        )
        db.session.flush()
        photo_id, original_key = row.id, row.original_key
    page = client.get(href(case)).text
    assert f"{href(case)}/files/{photo_id}?size=small" in page
    assert 'alt="Przystanek"' in page
    shown = client.get(f"{href(case)}/files/{photo_id}")
    assert (shown.mimetype, shown.data[8:12]) == ("image/webp", b"WEBP")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown.headers["Cache-Control"] == "private, no-store"
    original = client.get(f"{href(case)}/redact/{photo_id}/plain?as=sent")
    assert (original.mimetype, original.data) == ("image/jpeg", raw.getvalue())
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.code, entry.details["as_sent"]) == ("initiative.photo_opened", True)
    small = client.get(f"{href(case)}/files/{photo_id}?size=small")
    assert (small.mimetype, small.data[8:12]) == ("image/webp", b"WEBP")
    assert client.get(f"{href(case)}/files/{photo_id + 1}").status_code == 404
    files.remove(original_key)
    assert client.get(f"{href(case)}/redact/{photo_id}/plain?as=sent").status_code == 404
    assert client.get(f"{href(case)}/files/{photo_id}").status_code == 200


def test_document_is_saved_not_shown(client, town, reviewer):
    case = make_initiative(town, "submitted")
    with writing():
        row = content.attach(case, files.store_document(b"%PDF-1.4\n%%EOF", "opis.pdf"), FileRole.DOCUMENT)
        db.session.flush()
        document_id = row.id
    answer = client.get(f"{href(case)}/files/{document_id}")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")


# ---- editing ----

EDIT = {
    "title": "Ławka przy przystanku",
    "text": "Przy przystanku nie ma gdzie usiąść, proszę o ławkę.",
    "category": "access",
    "note": "Bez nazwiska sąsiada.",
}


def test_text_is_edited_with_a_reason_for_the_author(client, town, reviewer):
    case = make_initiative(town, "submitted")
    sent = client.submit(f"{href(case)}/edit", EDIT)
    assert sent.status_code == 303
    now = fresh(case)
    assert (now.text, now.category) == (EDIT["text"], "access")
    last = content_queries.history(*case.about, tuple(Lane))[-1]
    assert (last.verb, last.note, last.lane) == ("edit", EDIT["note"], Lane.AUTHOR)


def test_a_case_gets_into_the_right_district(client, town, reviewer):
    make_initiative(town, district="Felin")
    case = make_initiative(town, district="Rury")
    page = client.get(f"{href(case)}/edit").text
    assert "Not known" in page
    assert client.submit(f"{href(case)}/edit", {**EDIT, "district": "Felin"}).status_code == 303
    assert fresh(case).district == "Felin"
    assert client.submit(f"{href(case)}/edit", {**EDIT, "district": "Nowhere"}).status_code == 303
    assert fresh(case).district == "Felin"
    assert client.submit(f"{href(case)}/edit", {**EDIT, "district": ""}).status_code == 303
    assert fresh(case).district == ""


def test_edit_from_an_older_version_shows_both_texts(client, town, reviewer, actor_as, token):
    case = make_initiative(town, "submitted")
    edit_token = token(f"{href(case)}/edit")
    services.redact(
        actor_as("reviewer"),
        case.id,
        "Tytuł kolegi",
        "Tekst kolegi, który był szybszy ode mnie.",
        "",
        "roads",
        1,
        "x",
    )
    data = {**EDIT, "version": "1", "csrf_token": edit_token}
    answer = client.post(f"{href(case)}/edit", data=data)
    assert answer.status_code == 409
    assert "Tekst kolegi, który był szybszy ode mnie." in answer.text
    assert EDIT["text"] in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert fresh(case).title == "Tytuł kolegi"
    again = client.post(f"{href(case)}/edit", data={**data, "version": "2"})
    assert again.status_code == 303
    assert fresh(case).title == EDIT["title"]


def test_who_edits_a_case_that_was_merged_meanwhile_gets_both_texts(client, town, reviewer, actor_as, token):
    case = make_initiative(town, with_author=False)
    target = make_initiative(
        town, with_author=False, title="Wspólna", text="Wspólny tekst obu, który był tu wcześniej."
    )
    edit_token = token(f"{href(case)}/edit")
    merge(actor_as("leader"), case, target)
    answer = client.post(f"{href(case)}/edit", data={**EDIT, "version": "1", "csrf_token": edit_token})
    assert answer.status_code == 409
    assert "Wspólny tekst obu, który był tu wcześniej." in answer.text
    assert EDIT["text"] in answer.text
    assert fresh(case).text != EDIT["text"]


def test_edit_by_double_click_is_no_conflict(client, town, reviewer, token):
    case = make_initiative(town, "submitted")
    data = {**EDIT, "version": "1", "csrf_token": token(f"{href(case)}/edit")}
    assert [client.post(f"{href(case)}/edit", data=data).status_code for _ in range(2)] == [303, 303]
    assert fresh(case).version == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"note": ""}, "Say what you changed"),
        ({"title": ""}, "Write a title."),
        ({"category": "nonsense"}, "Choose a category."),
        ({"text": "Za krótko"}, "Describe your idea in 30 to 8,000 characters."),
        ({"text": "x" * 8001}, "This text is too long."),
        ({"version": "nonsense"}, "Somebody else changed this meanwhile."),
    ],
)
def test_wrong_edit_is_told_and_kept(client, town, reviewer, wrong, says):
    case = make_initiative(town, "submitted")
    page = client.submit(f"{href(case)}/edit", {**EDIT, **wrong})
    assert page.status_code in (422, 409)
    assert says in page.text
    assert fresh(case).version == 1


def test_imported_case_without_a_text_can_be_edited(client, town, reviewer):
    case = make_initiative(
        town, "published", text="", external_source="warszawa19115", external_number="1/14"
    )
    assert client.submit(f"{href(case)}/edit", {**EDIT, "text": ""}).status_code == 303


# ---- who gets in ----


@pytest.mark.parametrize(
    "page", ["", "/edit", "/studies/purpose", "/synthesis", "/realisation", "/move/publish"]
)
def test_foreign_town_draft_and_nonsense_are_not_found(client, town, other_town, actor_as, sign_in, page):
    foreign = make_initiative(other_town, "published")
    draft = make_initiative(town, "draft")
    assert draft.number is None
    sign_in(client, actor_as("leader"))
    for number in ((foreign.number or "").lower(), "lub-i-2026-9999", "nonsense"):
        assert client.get(f"{DESK}/{number}{page}").status_code == 404


def test_operator_opens_own_cases_only(client, town, actor_as, sign_in):
    operator = actor_as("operator")
    sign_in(client, operator)
    own = make_initiative(town, "submitted", taken_by_user_id=operator.user_id)
    hidden, public = make_initiative(town, "submitted"), make_initiative(town, "published")
    assert client.get(href(own)).status_code == 200
    assert client.get(href(hidden)).status_code == 404
    assert client.get(href(public)).status_code == 403


def test_one_who_took_part_is_told_why_the_desk_is_closed(client, town, actor_as, sign_in):
    leader = actor_as("leader")
    sign_in(client, leader)
    case = make_initiative(town, "published")
    services.support(leader, case.id)
    own = make_initiative(town, "submitted", author=leader)
    for closed in (case, own):
        answer = client.get(href(closed))
        assert answer.status_code == 403
        assert "You took part in this initiative yourself" in answer.text


def test_doubles_are_pointed_out(client, town, reviewer):
    first = make_initiative(town, "published", title="Ławka przy aptece na Kośminku")
    second = make_initiative(town, "submitted", title="Ławka przy aptece, Kośminek")
    page = client.get(href(second)).text
    assert "Perhaps the same was proposed before:" in page
    assert first.number in page


@pytest.mark.parametrize(
    "state", ["submitted", "returned", "merged", "transferred", "refused", "in_progress"]
)
@pytest.mark.parametrize("language", ["pl", "cs", "en"])
def test_case_opens_in_every_language_and_state(client, town, actor_as, sign_in, state, language):
    sign_in(client, actor_as("leader"))
    case = make_initiative(town, state)
    answer = client.get(href(case).replace("/en/", f"/{language}/"))
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_facts_tell_place_people_and_money(client, town, actor_as, reviewer):
    lead = actor_as("leader", name="Hanna Wiodąca")
    case = make_initiative(
        town, "in_progress", lead=lead, department="Wydział Dróg", place="whole", cost_minor=1_200_000
    )
    page = client.get(href(case)).text
    for words in ("The whole municipality", "Hanna Wiodąca", "Wydział Dróg", "12,000 PLN", "Web form"):
        assert words in page


def test_lead_finds_the_milestones(client, town, actor_as, sign_in):
    lead = actor_as("leader")
    sign_in(client, lead)
    case = make_initiative(town, "in_progress", lead=lead)
    assert f'href="{href(case)}/realisation"' in client.get(href(case)).text


def test_a_message_that_did_not_arrive_says_why_and_is_sent_again(
    client, town, reviewer, run_jobs, outbox, token
):
    case = make_initiative(town, "published")
    with writing():
        to = Recipient(locale="pl", email="gone@people.example")
        send("initiative.withdrawn", to, {**facts(case), "link": "", "is_author": False}, about=case.about)
    notice = outbox()[-1]
    run_jobs()
    with writing():
        db.session.execute(update(Notice).where(Notice.id == notice.id).values(state=Delivery.DEAD))
        record(notice.id, Outcome.REFUSED, error="550 no such user")
    page = client.get(href(case)).text
    assert "E-mail: Not delivered" in page
    assert "Reason: 550 no such user" in page
    address = f"/en/lublin/desk/messages/{notice.id}/resend"
    assert f'action="{address}"' in page
    assert "gone@people.example" not in page
    assert client.post(address, data={"csrf_token": token(href(case))}).status_code == 303
    run_jobs()
    assert outbox()[-1].state is Delivery.SENT
    assert "Send again" not in client.get(href(case)).text


def test_a_note_names_a_colleague_who_finds_it_and_says_it_is_read(client, town, actor_as, reviewer, sign_in):
    leader = actor_as("leader", name="Ewa <b>Lis</b>")
    case = make_initiative(town, "assigned")
    refused = client.submit(href(case), {"text": "@Nikt, proszę <i>spojrzeć</i>"})
    assert refused.status_code == 422
    assert "No colleague who may read this case is called “Nikt”." in refused.text
    assert "@Nikt, proszę &lt;i&gt;spojrzeć&lt;/i&gt;" in refused.text
    assert client.submit(href(case), {"text": "@Ewa, proszę <i>spojrzeć</i>"}).status_code == 303
    page = client.get(href(case)).text
    assert "<i>spojrzeć" not in page
    assert "Told: Ewa &lt;b&gt;Lis&lt;/b&gt;" in page
    assert "A note of a colleague names you." not in page
    sign_in(client, leader)
    assert case.number in client.get(f"{DESK}?tab=mentioned").text
    assert "Initiatives in which a colleague named me" in client.get("/en/lublin/desk").text
    page = client.get(href(case))
    assert "A note of a colleague names you." in page.text
    assert client.get(f"{href(case)}/mention").status_code == 303
    client.post_button(page, f"{href(case)}/mention")
    assert "A note of a colleague names you." not in client.get(href(case)).text
    assert "Mentioned me" not in client.get(DESK).text


def test_a_colleague_is_ticked_without_any_script(client, town, actor_as, reviewer):
    leader = actor_as("leader")
    case = make_initiative(town, "assigned")
    assert client.submit(href(case), {"text": "Proszę.", "people": str(leader.user_id)}).status_code == 303
    assert f"Told: {leader.name}" in client.get(href(case)).text
