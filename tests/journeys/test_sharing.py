"""Telling others of an initiative: by mail without script, else by a link or a piece of code to copy."""

import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Visit
from tests.journeys.visitor import Visitor

pytestmark = pytest.mark.journey


def test_what_is_copied_can_be_pasted(visit: Visit) -> None:
    someone = visit("pl", width=320)
    someone.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    someone.go("/lublin/initiatives")
    someone.main().locator(".card__title a").first.click()
    address = someone.page.url
    assert copied(someone, "Copy the link") == address
    someone.follow("Show on your site")
    code = copied(someone, "Copy the code")
    assert code.startswith("<iframe ")
    assert code == someone.main().get_by_label(someone.t("Code to copy")).input_value()


def test_without_script_there_is_mail(visit: Visit) -> None:
    someone = visit("cs", scripts=False)
    someone.go("/ostrava-jih/initiatives")
    someone.main().locator(".card__title a").first.click()
    link = someone.main().get_by_role("link", name=someone.t("By e-mail"))
    subject, body = re.fullmatch(
        r"mailto:\?subject=(.+)&body=(.+)", link.get_attribute("href") or ""
    ).groups()
    assert unquote(subject) == someone.heading()
    assert unquote(body) == someone.page.url
    expect(someone.main().get_by_text(someone.t("Copy the link"))).to_be_hidden()


def copied(someone: Visitor, button: str) -> str:
    """What lies in the clipboard after this button was pressed."""
    someone.main().get_by_role("button", name=someone.t(button)).click()
    someone.reads(someone.t("Copied"))
    return str(someone.page.evaluate("navigator.clipboard.readText()"))
