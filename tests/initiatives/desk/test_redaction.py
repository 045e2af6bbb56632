"""The pages on which parts of photos are blacked out: choosing, marking, looking, taking back."""

from io import BytesIO

import pytest
from PIL import Image

from initiatives import queries
from portal.content import queries as content_queries
from portal.content.models import FileRole
from portal.content.services import attach
from portal.core import files, tenancy
from portal.core.db import writing
from tests.factories.initiatives import make_initiative

DESK = "/en/lublin/desk/initiatives"
PUBLIC = "/en/lublin/initiatives"


@pytest.fixture
def as_role(actor_as, client, sign_in):
    """Sign somebody with this role in; gives the actor."""

    def enter(role):
        actor = actor_as(role)
        sign_in(client, actor)
        return actor

    return enter


@pytest.fixture
def case(town):
    made = make_initiative(town)
    raw = BytesIO()
    Image.new("RGB", (200, 100), "red").save(raw, "PNG")
    with writing():
        attach(queries.case(made.id), files.store_photo(raw.getvalue(), "a.png"), FileRole.PHOTO, "Ulica")
    return queries.case(made.id)


def href(case, *more):
    return "/".join((DESK, case.number.lower(), "redact", *map(str, more)))


def photo_id(case, town):
    with tenancy.within(town.id):
        return content_queries.files(*case.about, public_only=False)[0].id


def test_a_part_is_marked_in_numbers_looked_at_and_blacked_out(client, town, case, as_role):
    as_role("reviewer")
    old = photo_id(case, town)
    assert href(case) in client.get(f"{DESK}/{case.number.lower()}").text
    assert href(case, old) in client.get(href(case)).text
    part = {"x1": "10", "y1": "20", "w1": "30", "h1": "90", "note": "Twarz."}
    looked = client.submit(href(case, old), {**part, "go": "preview", "note": ""})
    assert looked.status_code == 200
    assert '<rect x="10%" y="20%" width="30%" height="80%"/>' in looked.text
    assert photo_id(case, town) == old
    assert client.submit(href(case, old), {**part, "go": "save"}).status_code == 303
    new = photo_id(case, town)
    public = client.get(f"{PUBLIC}/{case.number.lower()}").text
    assert f"files/{new}" in public
    assert f"files/{old}" not in public
    assert client.get(f"{PUBLIC}/{case.number.lower()}/files/{old}").status_code == 404
    assert client.get(f"{PUBLIC}/{case.number.lower()}/files/{new}").status_code == 200
    assert 'value="80"' in client.get(href(case, new)).text
    again = client.get(href(case, old))
    assert (again.status_code, again.location) == (303, href(case))
    assert client.submit(href(case, new), {"go": "undo", "note": "Pomyłka."}).status_code == 303
    assert photo_id(case, town) not in (old, new)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"x1": "10"}, "Write whole numbers from 0 to 100"),
        ({"x1": "10", "y1": "0", "w1": "0", "h1": "5"}, "Write whole numbers from 0 to 100"),
        ({"x1": "-5", "y1": "0", "w1": "5", "h1": "5"}, "Write whole numbers from 0 to 100"),
        ({"x1": "ten", "y1": "0", "w1": "5", "h1": "5"}, "valid"),
        ({}, "Mark at least one part of the photo."),
        ({"x1": "0", "y1": "0", "w1": "5", "h1": "5", "note": ""}, "Say what you changed"),
    ],
)
def test_wrong_numbers_are_told_and_kept(client, town, case, as_role, wrong, says):
    as_role("reviewer")
    old = photo_id(case, town)
    answer = client.submit(href(case, old), {"note": "Twarz przechodnia.", **wrong, "go": "save"})
    assert answer.status_code == 422
    assert says in answer.text
    assert all(f'value="{value}"' in answer.text for name, value in wrong.items() if name != "note")
    assert photo_id(case, town) == old


def test_the_desk_shows_a_blacked_out_photo_without_what_lies_below(client, town, case, as_role):
    as_role("reviewer")
    part = {"x1": "0", "y1": "0", "w1": "100", "h1": "100", "note": "Twarz.", "go": "save"}
    client.submit(href(case, photo_id(case, town)), part)
    new = photo_id(case, town)
    seen = client.get(f"{DESK}/{case.number.lower()}/files/{new}")
    below = client.get(href(case, new, "plain"))
    sent = client.get(f"{href(case, new, 'plain')}?as=sent")
    colours = [
        Image.open(BytesIO(answer.data)).convert("RGB").getpixel((50, 50))[0]
        for answer in (seen, below, sent)
    ]
    assert colours[0] < 12
    assert min(colours[1:]) > 200
    assert "no-store" in below.headers["Cache-Control"]


def test_others_see_none_of_it(client, town, case, as_role):
    old = photo_id(case, town)
    as_role("operator")
    for path in (href(case), href(case, old), href(case, old, "plain")):
        assert client.get(path).status_code == 403
