"""A resident with an account: signs in by the link of a message, supports, follows, comments."""

import pytest

from tests.journeys import acts
from tests.journeys.acts import Receipt
from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey

OWEN = "owen.radcliff@mail.example"


def test_link_signs_in_once(visit: Visit) -> None:
    owen = visit("en", width=390)
    owen.go("/sign-in")
    owen.fill("E-mail address", OWEN)
    owen.press("Send me a link")
    owen.sees("Read the message here")
    link = owen.message_link(OWEN, "/sign-in/link/")
    owen.open(link)
    owen.press("Sign in")
    owen.sees("You are signed in.")
    assert owen.path == "/en/account"
    # Whoever finds the message later finds a link that no longer works, and the way to a new one.
    finder = visit("en")
    finder.open(link, status=410)
    finder.sees("This link no longer works")
    owen.page.locator("details.menu summary").click()
    owen.page.get_by_role("button", name="Sign out").click()
    owen.sees("You are signed out.")
    owen.go("/account")
    assert owen.path == "/en/sign-in"


def test_support_follow_and_comment_are_seen_by_everybody(visit: Visit) -> None:
    case = published(visit, "Stojaki na rowery przy ratuszu")
    anybody = visit("pl", width=320)
    anybody.go(case.path)
    anybody.reads(supporters(anybody, 0))
    # Whoever has no account is asked to sign in, and comes back to what they wanted.
    anybody.follow("Support it")
    assert anybody.path == "/pl/sign-in"

    nisha = visit("en", resident="nisha.verghese@mail.example")
    nisha.go(case.path)
    nisha.press("Support it")
    nisha.sees("Thank you. Your support counts.")
    nisha.press("Follow it")
    nisha.sees("You will hear of every important step.")
    nisha.follow("Write a comment")
    nisha.press("Publish the comment")
    assert nisha.status == 422
    nisha.sees("Write a comment.")
    nisha.tick("For", "stance")
    nisha.fill("Comment", "I lock my bicycle to the fence of the theatre. <b>A stand</b> would be kinder.")
    nisha.press("Publish the comment")
    nisha.sees("Thank you for your comment.")

    # Another process, another language, at once: no page of the cache is stale.
    for _ in range(4):
        anybody.go(case.path)
        anybody.reads(supporters(anybody, 1))
        anybody.reads("<b>A stand</b> would be kinder")

    nisha.go(case.path)
    nisha.press("Take your support back")
    nisha.sees("Your support was taken back.")
    anybody.go(case.path)
    anybody.reads(supporters(anybody, 0))

    # The next step of the case reaches whoever follows, in their language.
    leader = visit("pl", staff="leader@lublin.example")
    leader.go(f"{case.desk}/move/transfer")
    leader.fill("Another body", "Politechnika Lubelska")
    leader.page.locator("#note").fill("Teren przed ratuszem należy do uczelni.")
    leader.press("Refer to another body")
    text = nisha.message("nisha.verghese@mail.example", case.number).inner_text()
    assert "Politechnika Lubelska" in text
    nisha.go(case.path)
    nisha.reads("Politechnika Lubelska")


def supporters(visitor: Visitor, count: int) -> str:
    """How many support it, in words."""
    return visitor.n("%(n)s supporter", "%(n)s supporters", count)


def published(visit: Visit, title: str) -> Receipt:
    """A fresh case that the team has published."""
    case = acts.file(visit("pl"), "lublin", title=title)
    acts.publish(visit("pl", staff="reviewer@lublin.example"), case)
    return case
