"""A passkey from its first day: made in the account, used alone, after the password, and to confirm who one is.

Chromium's virtual authenticator stands for the phone: it makes real keys and says whether its owner unlocked it.
Browsers bind passkeys to names, so these people reach the portal as `localhost`.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from portal.accounts import rules
from tests.journeys import acts
from tests.journeys.conftest import PATIENCE_MS, Wallet
from tests.journeys.visitor import Visitor, options

pytestmark = pytest.mark.journey

PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest.fixture
def here(chromium: Browser, portal_url: str) -> Iterator[Callable[..., Visitor]]:
    """`here("en")`: somebody who reaches the portal as localhost."""
    opened: list[Visitor] = []

    def enter(lang: str, *, scripts: bool = True) -> Visitor:
        context = chromium.new_context(**options(lang, 1280, scripts=scripts))
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context, portal_url.replace("127.0.0.1", "localhost"), lang)
        opened.append(visitor)
        return visitor

    yield enter
    complaints = [line for visitor in opened for line in visitor.complaints]
    for visitor in opened:
        visitor.context.close()
    assert not complaints, "\n".join(complaints)


def phone_of(visitor: Visitor) -> tuple[CDPSession, str]:
    """Give this browser a virtual authenticator."""
    devtools = visitor.context.new_cdp_session(visitor.page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})
    return devtools, made["authenticatorId"]


def unlocked(phone: tuple[CDPSession, str], *, yes: bool) -> None:
    """Whether the owner lays a finger on it."""
    devtools, key = phone
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": yes})


def sign_out(visitor: Visitor) -> None:
    """By the menu of the person."""
    visitor.page.locator("details.menu summary").click()
    visitor.page.get_by_role("button", name=visitor.t("Sign out"), exact=True).click()
    visitor.page.wait_for_load_state()


def test_staff_make_a_passkey_and_sign_in_with_it(here: Callable[..., Visitor], wallet: Wallet) -> None:
    email = "steering@lublin.example"
    visitor = here("pl")
    phone = phone_of(visitor)
    acts.sign_in_staff(visitor, email, wallet.codes)
    visitor.go("/account/security")
    visitor.follow("Add a passkey")
    visitor.fill("Name of the passkey", "Mój telefon")
    visitor.press("Make a passkey")
    visitor.page.wait_for_url("**/account/security")
    visitor.reads("Mój telefon")
    # The same device again: it knows the key already and says so.
    visitor.follow("Add a passkey")
    visitor.press("Make a passkey")
    visitor.sees("This device holds a passkey for your account already.")
    sign_out(visitor)

    # Nothing but the passkey; the desk opens, so this is as strong as password and code.
    visitor.go("/sign-in/staff")
    visitor.follow("Sign in with a passkey")
    unlocked(phone, yes=False)
    visitor.press("Use the passkey")
    visitor.sees(
        "No passkey was used: the question of your browser was closed or took too long. You can try again."
    )
    unlocked(phone, yes=True)
    visitor.press("Use the passkey")
    visitor.page.wait_for_url("**/desk")
    sign_out(visitor)

    # After the password, in place of the code.
    visitor.go("/sign-in/staff")
    visitor.fill("E-mail address", email)
    visitor.fill("Password", rules.DEMO_PASSWORD)
    visitor.press("Continue")
    visitor.follow("Use a passkey instead")
    visitor.press("Use the passkey")
    visitor.page.wait_for_url("**/desk")

    # Removed, it opens nothing any more.
    visitor.go("/account/security")
    visitor.follow("Remove %(name)s", name="Mój telefon")
    visitor.press("Remove the passkey")
    visitor.misses("Mój telefon")
    sign_out(visitor)
    visitor.go("/sign-in/passkey")
    visitor.press("Use the passkey")
    visitor.sees("This passkey is not known here. Sign in another way; then you can add it in your account.")


def test_resident_signs_in_with_a_passkey_and_stays_a_resident(here: Callable[..., Visitor]) -> None:
    email = "kamil.orzeszko@poczta.example"
    visitor = here("cs")
    phone_of(visitor)
    # The link of a message names the portal by its number; the passkey wants the name.
    before = visitor.mail(email, "/sign-in/link/").count()
    visitor.go("/sign-in")
    visitor.fill("E-mail address", email)
    visitor.press("Send me a link")
    words = visitor.message(email, "/sign-in/link/", before).inner_text()
    token = re.search(r"/sign-in/link/(\S+)", words)
    assert token
    visitor.go(f"/sign-in/link/{token[1]}")
    visitor.press("Sign in")
    visitor.go("/account/security")
    visitor.follow("Add a passkey")
    visitor.press("Make a passkey")
    visitor.page.wait_for_url("**/account/security")
    sign_out(visitor)
    visitor.go("/sign-in")
    visitor.follow("Sign in with a passkey")
    visitor.press("Use the passkey")
    visitor.page.wait_for_url("**/account")
    visitor.go("/lublin/desk", status=403)


def test_page_tells_those_without_script_what_to_do(here: Callable[..., Visitor]) -> None:
    visitor = here("en", scripts=False)
    visitor.go("/sign-in/passkey")
    visitor.reads("This needs a browser with JavaScript")
    expect(visitor.main().get_by_role("button")).to_have_count(0)
    visitor.follow("I belong to a team: sign in with password and code")
    assert re.search(r"/en/sign-in/staff", visitor.page.url)
