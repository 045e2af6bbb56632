"""Every message about accounts, rendered as the worker does, in each language."""

import pytest

from portal.accounts import messages
from portal.accounts.messages import NOTICES
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.core import clock, tenancy
from portal.core.db import db, writing
from portal.notify.kinds import Delivery
from portal.notify.outbox import Recipient
from tests.factories.accounts import make_member, make_resident, values_of

WHATS = (
    "password",
    "address",
    "factor",
    "recovery",
    "app",
    "passkey_added",
    "passkey_removed",
    "phone",
    "identity",
    "roles",
    "closed",
)


@pytest.fixture
def all_sent(town, other_town, outbox, run_jobs):
    """Write one message of each kind to somebody who reads `locale`; gives them as they went out."""

    def send(locale):
        user = make_resident(language=locale)
        to = Recipient(locale=locale, email="nowy@poczta.example")
        tenancy.enter(None)
        with writing():
            messages.sign_in_link(to, "s" * 43)
            messages.staff_has_password(user)
            messages.account_closed(user)
            messages.reset_link(user, "s" * 43)
            messages.confirm_address(to, "s" * 43)
            messages.invitation(to, "s" * 43)
            messages.setup(to, "s" * 43)
            messages.phone_code(user, "+48601234567", "123456")
            for left in (9, 0):
                messages.recovery_used(user, left)
            for what in WHATS:
                messages.account_changed(to, what)
            messages.unused(user, clock.now(), 30)
        admin = make_member(town, "admin", email=f"admin.{locale}@urzad.example")
        with tenancy.within(town.id), writing():
            messages.invitation(to, "s" * 43)
            db.session.get_one(User, admin.id).language = locale
            messages.access_begun(town.id, "Maria", Role.EDITOR, clock.now())
        run_jobs()
        return outbox()

    return send


@pytest.mark.parametrize("locale", ["pl", "cs", "en"])
def test_every_message_goes_out_with_its_links(all_sent, locale):
    sent = all_sent(locale)
    assert {notice.code for notice in sent} == {kind.code for kind in NOTICES}
    assert {notice.state for notice in sent} == {Delivery.SENT}
    for notice in sent:
        # The SMS with a code says all there is to say.
        assert "http://127.0.0.1:8000" in notice.body or notice.code == "account.phone_code"
        assert "%(" not in notice.body
        # What is kept for staff to read never opens anything.
        assert "s" * 43 not in notice.body
        assert notice.subject


def test_invitation_names_the_municipality(all_sent):
    bodies = [notice.body for notice in all_sent("en") if notice.code == "account.invitation"]
    assert any("Lublin" in body for body in bodies)
    assert any("run the Residents’ Portal" in body for body in bodies)


def test_links_stand_on_the_configured_address_whatever_the_host_header_says(client, town, outbox):
    make_member(town, "leader", email="adam@urzad.example")
    client.submit("/pl/password", {"email": "adam@urzad.example"}, headers={"Host": "localhost:8000"})
    assert values_of(outbox()[0])["link"].startswith("http://127.0.0.1:8000/pl/password/")


def test_addresses_in_messages_are_pages_of_ours(app, town):
    adapter = app.url_map.bind("127.0.0.1")
    for path, endpoint in {
        "/sign-in/link/x": "accounts.use_link",
        "/sign-in/staff": "accounts.sign_in_staff",
        "/password": "accounts.password",
        "/password/x": "accounts.new_password",
        "/invitation/x": "accounts.invitation",
        "/account/email/x": "accounts.new_email",
        "/contact": "pages.contact",
    }.items():
        found, _ = adapter.match(messages.address(path, "cs").removeprefix("http://127.0.0.1:8000"))
        assert found == endpoint
