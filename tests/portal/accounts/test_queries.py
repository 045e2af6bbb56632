"""Reading people for other modules."""

from portal.accounts import menu, queries
from portal.accounts.models import User
from portal.core.db import db, writing
from portal.core.i18n import speaking
from portal.core.registry import MenuItem, Place
from tests.factories.accounts import make_member, make_resident


def test_colleagues_stand_in_the_order_of_the_language(app, town):
    for number, name in enumerate(["Čapek", "Cibulka", "Chalupa", "Hora"]):
        make_member(town, "reviewer", email=f"r{number}@urad.example", name=name)
    with speaking("cs"):
        assert [c.name for c in queries.colleagues(town.id)] == ["Cibulka", "Čapek", "Hora", "Chalupa"]


def test_colleagues_are_those_of_one_town_and_role(app, town, other_town):
    mine = make_member(town, "reviewer", "editor", email="a@urzad.example")
    make_member(other_town, "reviewer", email="b@urzad.example")
    make_member(town, "leader", email="c@urzad.example")
    assert [c.user_id for c in queries.colleagues(town.id, "reviewer", "editor")] == [mine.id]


def test_names_of_nobody_are_not_asked_for(app, town):
    user = make_resident()
    assert queries.names([]) == {}
    assert queries.names([user.id, 5]) == {user.id: "Ewa Sadowa"}


def test_the_name_of_an_account_is_never_its_address(app, town):
    user = make_resident()
    assert queries.given_name(user.id) == "Ewa Sadowa"
    with writing():
        db.session.get_one(User, user.id).name = None
    assert [queries.given_name(one) for one in (user.id, 1, None)] == ["", "", ""]


def test_person_of_another_version_is_nobody(app, town):
    user = make_resident()
    assert queries.person(user.id) is not None
    assert queries.person(1) is None


def test_module_adds_a_tab_to_the_account(app, town):
    menu.offer(MenuItem("accounts.email", "Mine", Place.PORTAL, "account.own", order=20))
    try:
        with app.test_request_context("/pl/account/sessions"):
            tabs = menu.tabs()
        assert [str(t.label) for t in tabs][1] == "Mine"
        assert [t.href.rpartition("/")[2] for t in tabs if t.current] == ["sessions"]
    finally:
        menu._items.pop("accounts.email")
