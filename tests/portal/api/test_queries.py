"""What a key can be given follows from the operations; deliveries come newest first."""

from portal.api import queries, services
from portal.api.policy import KEY_ROLES
from portal.core import policy
from portal.core.actor import Actor


def test_scopes_offered_are_permissions_of_operations_and_none_of_the_house(admin: Actor) -> None:
    offered = [scope for scope, _ in queries.scopes_offered()]
    assert {"initiative.desk", "initiative.take", "initiative.moderate", "initiative.realise"} <= set(offered)
    assert len(offered) == len(set(offered))
    assert set(offered) <= set(policy.permissions())
    assert not {scope for scope in offered if scope.startswith(("member.", "api.", "portal.", "account."))}


def test_what_no_role_of_a_key_may_do_is_not_offered(admin: Actor) -> None:
    offered = {scope for scope, _ in queries.scopes_offered()}
    assert all(policy.holders(scope) & set(KEY_ROLES) for scope in offered)
    assert not {"initiative.decide", "initiative.judge_appeal"} & offered


def test_the_newest_messages_stand_first_and_not_too_many(admin: Actor, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    made = services.make_webhook(admin, "R", "https://example.org/hook", ["initiative"], "k")
    for _ in range(3):
        services.try_webhook(admin, made)
    monkeypatch.setattr(queries, "DELIVERIES_SHOWN", 2)
    ids = [row.id for row in queries.deliveries(made)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 2
