"""The desk pages of signatures on paper, and what the public reads of support."""

from datetime import timedelta

import pytest

from initiatives import queries, services
from initiatives.desk.signatures import TEXT_MOST, shortened
from initiatives.models import SheetState
from portal.core import pdf
from portal.core.db import db
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"


def href(case, more=""):
    return f"{DESK}/{case.number.lower()}/signatures{more}"


def public(client, case):
    return client.get(f"/en/lublin/initiatives/{case.number.lower()}")


@pytest.fixture
def operator(actor_as, client, sign_in):
    """An operator, signed in."""
    actor = actor_as("operator")
    sign_in(client, actor)
    return actor


def test_an_operator_enters_a_sheet_and_counts_it_again(client, town, operator):
    case = make_initiative(town)
    found = client.get(f"{DESK}/signatures", query_string={"number": case.number})
    assert found.status_code == 303
    assert found.location.endswith(href(case))
    today = case.local_today.isoformat()
    refused = client.submit(href(case), {"valid": "dwanaście", "signed_on": today, "place": "Biblioteka"})
    assert refused.status_code == 422
    assert "Biblioteka" in refused.text
    assert (
        client.submit(href(case), {"valid": "12", "signed_on": today, "place": "Biblioteka"}).status_code
        == 303
    )
    (sheet,) = queries.signature_sheets(case.id)
    waiting = client.get(f"{DESK}/signatures").text
    assert href(case, f"/{sheet.id}") in waiting
    page = client.get(href(case, f"/{sheet.id}")).text
    assert "You counted this sheet yourself" in page
    assert "12" not in page.split("<main")[1].split("</form>")[0].split('name="valid"')[0].split("h1")[2]
    assert client.submit(href(case, f"/{sheet.id}"), {"valid": ""}).status_code == 422
    assert client.submit(href(case, f"/{sheet.id}"), {"valid": "11"}).location.endswith(
        href(case, f"/{sheet.id}")
    )
    differs = client.get(href(case, f"/{sheet.id}")).text
    assert "The last two countings differ" in differs
    assert client.submit(href(case, f"/{sheet.id}"), {"valid": "12"}).location.endswith(href(case))
    assert client.get(href(case, f"/{sheet.id}")).status_code == 303
    shown = public(client, case).text
    assert "12 supporters" in shown
    assert "Online: 0, on paper: 12" in shown


def test_a_sheet_is_struck_out_with_a_reason(client, town, operator):
    case = make_initiative(town)
    services.enter_sheet(operator, case.id, services.Counted(3, case.local_today), "key")
    (sheet,) = queries.signature_sheets(case.id)
    path = href(case, f"/{sheet.id}/strike")
    assert client.submit(path, {"why": ""}).status_code == 422
    assert client.submit(path, {"why": "Kopia."}).status_code == 303
    db.session.close()
    assert queries.signature_sheets(case.id)[0].state is SheetState.STRUCK
    assert "Kopia." in client.get(href(case)).text
    assert client.get(path).status_code == 303


def test_whoever_comes_second_is_told(client, town, operator):
    case = make_initiative(town)
    services.enter_sheet(operator, case.id, services.Counted(3, case.local_today), "key")
    (sheet,) = queries.signature_sheets(case.id)
    for path, fields in ((f"/{sheet.id}", {"valid": "3"}), (f"/{sheet.id}/strike", {"why": "Kopia."})):
        sent = client.submit(href(case, path), {**fields, "version": "99"})
        assert sent.status_code == 303
        assert "Somebody else worked on this sheet" in client.get(sent.location).text


def test_a_second_post_of_a_counting_is_no_quarrel(client, town, operator):
    case = make_initiative(town)
    services.enter_sheet(operator, case.id, services.Counted(3, case.local_today), "key")
    (sheet,) = queries.signature_sheets(case.id)
    path = href(case, f"/{sheet.id}")
    form = client.get(path)
    for _ in range(2):
        sent = client.submit_shown(form, path, {"valid": "3"})
        assert sent.location.endswith(href(case))
    assert "Somebody else worked on this sheet" not in client.get(sent.location).text


def test_nothing_is_counted_for_a_merged_case(client, town, operator):
    case = make_initiative(town, "merged")
    assert client.get(href(case)).status_code in (403, 404)


def test_an_unknown_number_is_refused_with_what_was_typed(client, town, operator):
    hidden = make_initiative(town, "submitted")
    for typed in ("LUB-I-1999-9999", hidden.number, "<b>"):
        found = client.get(f"{DESK}/signatures", query_string={"number": typed})
        assert found.status_code == 422
        assert "Check the number" in found.text
    assert client.get(href(hidden)).status_code == 404


def test_the_sheet_to_print_is_a_sound_pdf(client, town, operator):
    case = make_initiative(town, text="Długi opis. " * 300)
    queries.case(case.id).support_until = case.local_today + timedelta(days=9)
    db.session.commit()
    found = client.get(href(case, ".pdf"))
    assert found.mimetype == "application/pdf"
    assert pdf.fault(found.data) is None


def test_the_text_of_a_sheet_ends_at_a_word():
    assert shortened("Krótko.\n\n Zwięźle. ") == "Krótko.\nZwięźle."
    long = shortened("słowo " * 200)
    assert len(long) <= TEXT_MOST
    assert long.endswith("słowo…")


def test_the_public_reads_threshold_promise_and_end(client, town, actor_as):
    leader, case = actor_as("leader"), make_initiative(town, support_count=1)
    mark = queries.settings_mark(queries.office(), "support")
    services.save_support(leader, town.id, 3, {"pl": "Rada omawia.", "en": "The council talks."}, None, mark)
    queries.case(case.id).support_until = case.local_today
    db.session.commit()
    shown = public(client, case).text
    for words in ("1 of 3 supports.", "2 more are needed.", "The council talks.", "You can support it until"):
        assert words in shown
    queries.case(case.id).support_until = case.local_today - timedelta(days=1)
    db.session.commit()
    over = client.get(f"/en/lublin/initiatives/{case.number.lower()}?x=1").text
    assert "Support ended on" in over
    assert '/support"' not in over


def test_late_support_gets_a_clear_refusal(client, town, actor_as, sign_in):
    case = make_initiative(town)
    sign_in(client, actor_as("resident"))
    path = f"/en/lublin/initiatives/{case.number.lower()}/support"
    client.get(path)
    found = queries.case(case.id)
    found.support_until = found.local_today
    db.session.commit()
    page = client.get(path)
    assert page.status_code == 200
    found = queries.case(case.id)
    found.support_until = found.local_today - timedelta(days=1)
    db.session.commit()
    sent = client.post(
        path, data={"csrf_token": page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]}
    )
    assert sent.status_code == 409
    assert "Your support was not counted" in sent.text
    assert "Your support was not counted" in client.get(path).text
