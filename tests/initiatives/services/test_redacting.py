"""Parts of photos blacked out: what the public gets, what the staff keep, and what is taken back."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from initiatives import queries, services
from initiatives.models import Initiative
from initiatives.services import forgetting
from portal.content import queries as content_queries
from portal.content.models import FileRole
from portal.content.services import attach
from portal.core import files
from portal.core.actor import Actor
from portal.core.audit import AuditEntry
from portal.core.db import db, writing
from portal.core.errors import Conflict, Invalid, Missing, NotAllowed
from portal.core.tenancy import Town
from portal.core.workflow import Lane
from tests.factories.initiatives import make_initiative

ActorAs = Callable[..., Actor]
WHY = "Twarz przechodnia."
LEFT = [(0, 0, 50, 100)]


@pytest.fixture
def case(town: Town) -> Initiative:
    made = make_initiative(town)
    with writing():
        for name, colour in (("a", "red"), ("b", "green")):
            raw = BytesIO()
            Image.new("RGB", (200, 100), colour).save(raw, "PNG")
            attach(
                queries.case(made.id),
                files.store_photo(raw.getvalue(), f"{name}.png"),
                FileRole.PHOTO,
                "Ulica",
            )
    return queries.case(made.id)


def shown(case: Initiative) -> list[Any]:
    return [content_queries.attachment(*case.about, row.id) for row in content_queries.files(*case.about)]


def pixels(key: str) -> tuple[Any, Any]:
    """One pixel of the left and one of the right half."""
    image = Image.open(BytesIO(files.read(key))).convert("RGB")
    return image.getpixel((image.width // 4, image.height // 2)), image.getpixel(
        (3 * image.width // 4, image.height // 2)
    )


def is_black(pixel: Any) -> bool:
    return max(pixel) < 12


def test_a_part_is_black_in_all_public_sizes_under_a_new_address(case: Initiative, actor_as: ActorAs) -> None:
    row = shown(case)[0]
    before, kept, address = row.id, row.key, row.thumb_key
    new_id = services.redact_photo(actor_as("reviewer"), case.id, before, LEFT, WHY)
    assert new_id != before
    assert content_queries.attachment(*case.about, before) is None
    first, second = shown(case)
    assert (first.id, first.name, first.alt, second.name) == (new_id, "a.png", "Ulica", "b.png")
    assert first.key != kept
    for key in (first.key, first.thumb_key):
        left, right = pixels(key)
        assert is_black(left)
        assert right[0] > 200
    assert (first.plain_key, first.plain_thumb_key) == (kept, address)
    assert not is_black(pixels(first.plain_key)[0])
    step = content_queries.history(*case.about, tuple(Lane))[-1]
    assert (step.verb, step.lane, step.note) == ("redact", Lane.AUTHOR, WHY)
    card = db.session.scalar(
        select(content_queries.first_photo("initiative", Initiative.id)).where(Initiative.id == case.id)
    )
    assert card == new_id


def test_it_is_changed_and_taken_back_from_the_picture_before(case: Initiative, actor_as: ActorAs) -> None:
    reviewer = actor_as("reviewer")
    first = services.redact_photo(reviewer, case.id, shown(case)[0].id, LEFT, WHY)
    drawn = shown(case)[0].key
    second = services.redact_photo(reviewer, case.id, first, [(50, 0, 50, 100)], WHY)
    left, right = pixels(shown(case)[0].key)
    assert (is_black(left), is_black(right)) == (False, True)
    assert not files.exists(drawn)
    third = services.redact_photo(reviewer, case.id, second, [], WHY)
    row = shown(case)[0]
    assert (row.id, row.plain_key, row.boxes, len({first, second, third})) == (third, None, [], 3)
    assert not is_black(pixels(row.key)[0])
    with pytest.raises(Invalid):
        services.redact_photo(reviewer, case.id, third, [], WHY)


def test_who_comes_second_is_told(case: Initiative, actor_as: ActorAs) -> None:
    file_id = shown(case)[0].id
    services.redact_photo(actor_as("reviewer"), case.id, file_id, LEFT, WHY)
    with pytest.raises(Conflict):
        services.redact_photo(actor_as("reviewer"), case.id, file_id, LEFT, WHY)
    with pytest.raises(Invalid):
        services.redact_photo(actor_as("reviewer"), case.id, shown(case)[1].id, LEFT, " ")


def test_only_moderators_open_what_lies_below_and_it_is_logged(case: Initiative, actor_as: ActorAs) -> None:
    file_id = services.redact_photo(actor_as("reviewer"), case.id, shown(case)[0].id, LEFT, WHY)
    for someone in (actor_as("operator"), actor_as("decision_maker"), actor_as("resident")):
        with pytest.raises(NotAllowed):
            services.open_plain(someone, case.id, file_id, as_sent=False)
    reviewer = actor_as("reviewer")
    key, row = services.open_plain(reviewer, case.id, file_id, as_sent=False)
    assert key == row.plain_key
    assert services.open_plain(reviewer, case.id, file_id, as_sent=True)[0] == row.original_key
    with pytest.raises(Missing):
        services.open_plain(reviewer, case.id, 1_000_000, as_sent=False)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.code == "initiative.photo_opened")).all()
    assert len(entries) == 2


def test_what_lies_below_ends_with_the_originals(case: Initiative, actor_as: ActorAs) -> None:
    services.redact_photo(actor_as("reviewer"), case.id, shown(case)[0].id, LEFT, WHY)
    row = shown(case)[0]
    hidden = [row.plain_key, row.plain_thumb_key, row.original_key]
    with writing():
        forgetting.remove_originals([case.id])
    assert not any(files.exists(key) for key in hidden)
    row = shown(case)[0]
    assert (row.plain_key, row.original_key) == (None, None)
    assert is_black(pixels(row.key)[0])


def test_what_lies_below_ends_though_the_original_had_ended_before(
    case: Initiative, actor_as: ActorAs
) -> None:
    with writing():
        forgetting.remove_originals([case.id])
    services.redact_photo(actor_as("reviewer"), case.id, shown(case)[0].id, LEFT, WHY)
    row = shown(case)[0]
    hidden = [row.plain_key, row.plain_thumb_key]
    with writing():
        assert forgetting.remove_originals([case.id]) == 1
    assert not any(files.exists(key) for key in hidden)
    assert shown(case)[0].plain_key is None
