"""What several journeys do alike: sign in, file an initiative, make a move at the desk."""

import re
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from portal.accounts import rules
from portal.core import clock
from portal.ui.page_cache import LAG, POLL
from tests.journeys.visitor import Visitor

TITLE = "Ławki w cieniu przy placu zabaw"
TEXT = (
    "Na placu zabaw przy ulicy Wapiennej nie ma ani jednej ławki w cieniu. Dziadkowie stoją w słońcu albo "
    "siadają na krawężniku. Proponuję trzy ławki z oparciem pod lipami."
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody keeps after filing."""

    town: str
    number: str
    code: str = ""

    @property
    def path(self) -> str:
        """Address of the public page below the language."""
        return f"/{self.town}/initiatives/{self.number.lower()}"

    @property
    def desk(self) -> str:
        """Address of the case desk below the language."""
        return f"/{self.town}/desk/initiatives/{self.number.lower()}"


def photo(width: int = 1200, height: int = 900) -> bytes:
    """A drawing as a JPEG, as a phone would send a photo."""
    picture = Image.new("RGB", (width, height), "#cfe3c4")
    ImageDraw.Draw(picture).rectangle(
        (width // 4, height // 2, width * 3 // 4, height * 2 // 3), fill="#8a5a2b"
    )
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=80)
    return kept.getvalue()


def sign_in_staff(visitor: Visitor, email: str, codes: dict[str, int]) -> None:
    """By password and code, as members of a team do."""
    visitor.go("/sign-in/staff")
    visitor.fill("E-mail address", email)
    visitor.fill("Password", rules.DEMO_PASSWORD)
    visitor.press("Continue")
    visitor.fill("Six-digit code", next_code(email, codes))
    visitor.press("Sign in")
    # Who runs the portal and works for no municipality is led to the installation.
    visitor.page.wait_for_url(re.compile(r"/(desk|portal)$"))


def next_code(email: str, codes: dict[str, int]) -> str:
    """A code this person has not used yet; waits when all that count now are used up."""
    step = max(codes.get(email, 0) + 1, rules.step_at(clock.now()))
    while step > rules.step_at(clock.now()) + rules.CODE_DRIFT:
        time.sleep(0.5)
    codes[email] = step
    return rules.code_at(rules.demo_factor(email), step)


def sign_in_resident(visitor: Visitor, email: str) -> None:
    """By the link of a message."""
    before = visitor.mail(email, "/sign-in/link/").count()
    visitor.go("/sign-in")
    visitor.fill("E-mail address", email)
    visitor.press("Send me a link")
    token = visitor.message_link(email, "/sign-in/link/", before).rpartition("/")[2]
    # The message speaks the language of the account, its link too; this visitor reads another one.
    visitor.go(f"/sign-in/link/{token}")
    visitor.press("Sign in")


def begin(visitor: Visitor, town: str = "lublin", title: str = TITLE, text: str = TEXT, **more: Any) -> None:
    """Fill in the first step; the visitor then stands at the place."""
    visitor.go(f"/{town}/initiatives/new")
    visitor.fill("Title", title)
    visitor.fill("Your idea", text)
    visitor.choose("Category", more.get("category", "greenery and parks"), of="")
    visitor.press("Save and go on")
    if "similar" in visitor.page.url:
        visitor.press("Save and go on")


def file(visitor: Visitor, town: str = "lublin", email: str = "", **more: Any) -> Receipt:
    """File an initiative the short way: whole municipality, no photo."""
    begin(visitor, town, **more)
    visitor.tick("The whole municipality")
    visitor.press("Save and go on")
    visitor.press("Go on")
    if email:
        visitor.fill("E-mail address", email)
    visitor.press("Save and go on")
    visitor.press("Send to the office")
    return receipt(visitor, town)


def receipt(visitor: Visitor, town: str) -> Receipt:
    """Number and code from the page that says thank you."""
    assert visitor.path.endswith("/receipt"), visitor.path
    kept = visitor.main().locator(".code").all_inner_texts()
    return Receipt(town, *kept)


# The team ----------------------------------------------------------------------------------------------------


def move(visitor: Visitor, case: Receipt, verb: str, label: str, reason: str = "") -> None:
    """Make a move of a case, with its reason."""
    visitor.go(f"{case.desk}/move/{verb}")
    if reason:
        visitor.page.locator("#note").fill(reason)
    visitor.press(label)
    assert visitor.path == f"/{visitor.lang}{case.desk}", visitor.main().inner_text()


def publish(reviewer: Visitor, case: Receipt) -> None:
    """Let everybody read it."""
    move(reviewer, case, "publish", "Publish")


def assign(leader: Visitor, case: Receipt, department: str, reviewers: tuple[str, ...]) -> None:
    """Give it to a department and to people."""
    leader.go(f"{case.desk}/move/assign")
    leader.fill("Department", department)
    leader.choose("Who leads the case", reviewers[0])
    for name in reviewers:
        leader.tick(name)
    leader.press("Assign")
    assert leader.path == f"/{leader.lang}{case.desk}", leader.main().inner_text()


def write_sheet(reviewer: Visitor, case: Receipt, kind: str, words: str) -> None:
    """Write every part of one's sheet of a study, and finish it."""
    reviewer.go(f"{case.desk}/studies/{kind}")
    for area in reviewer.main().locator("form[method=post] textarea").all():
        area.fill(words)
    for score in reviewer.main().get_by_role("radio", name=reviewer.t("4 – rather for it")).all():
        score.check()
    if kind == "feasibility":
        reviewer.fill("Cost, once", "18 000")
        reviewer.fill("Running cost per year", "600")
    reviewer.press("Finish my sheet")
    reviewer.sees("Your sheet is finished.")


def let_kept_pages_age() -> None:
    """Until visitors without a session see a change (`ui/page_cache.Versions`)."""
    time.sleep(max(LAG, POLL) + 0.2)


def say_why(visitor: Visitor) -> None:
    """Say what a case is opened for that is handled without publication."""
    visitor.choose("What do you open it for?", "To work on the case")
    visitor.press("Open the case")
