"""What the API keeps of people: who made a key."""

from portal.api import privacy, services
from portal.core.actor import Actor


def test_a_person_is_told_of_the_keys_they_made(admin: Actor) -> None:
    services.make_key(admin, "Registry", ["leader"], ["initiative.desk"], 30, "k")
    (row,) = privacy.export(admin.user_id or 0)
    assert (row["kind"], row["name"]) == ("key", "Registry")
    assert privacy.export(1) == []


def test_erasing_an_account_leaves_the_offices_record(admin: Actor) -> None:
    services.make_key(admin, "Registry", ["leader"], ["initiative.desk"], 30, "k")
    assert privacy.erase(admin.user_id or 0) == 0
    assert len(privacy.export(admin.user_id or 0)) == 1
