"""Markdown into safe HTML, and links that follow the reader's language. Pure; nothing else here makes markup.

Raw HTML is shown as the text it is, headings and pictures have blocks of their own (a picture without a
description cannot be slipped in), and what comes out passes an allow-list once more. Source: threat T9.
"""

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from portal.core.i18n import LOCALES

TAGS = {"p", "br", "strong", "em", "s", "ul", "ol", "li", "blockquote", "a", "code", "hr"}
ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "ol": {"start"}, "*": set()}
SCHEMES = {"http", "https", "mailto", "tel"}
OFF = ("heading", "lheading", "image", "table", "code", "fence", "reference", "html_block", "html_inline")
"""Rules of Markdown that a text block does without."""

_reader = MarkdownIt("js-default").disable(list(OFF))
_OWN = re.compile(rf"^/(?:{'|'.join(LOCALES)})(?=/|$)")
_HREF = re.compile(r'href="([^"]*)"')
_CALL = re.compile(r'(<a href="tel:[^>]*>)([^<]*)(</a>)')
_LINK = re.compile(
    r"(?:/(?![/\\])[^\s\\]*|https?://[^\s/\\]+\S*|mailto:[^\s@]+@[^\s@]+|tel:\+?[0-9][0-9 \-]*)"
)
_MARKS = re.compile(r"[*_`>~\\]|^\s*(?:[-+]|\d+[.)])\s+", re.MULTILINE)
_INLINE_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
NO_BREAK = "\N{NO-BREAK SPACE}"


@lru_cache(maxsize=1024)
def html_of(markdown: str, locale: str) -> Markup:
    """The text as HTML; links into this portal lead to the page in the reader's language."""
    html = nh3.clean(
        _reader.render(markdown),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener",
    )
    html = _HREF.sub(lambda found: f'href="{spoken(found[1], locale)}"', html)
    # A phone number is not cut at the end of a line.
    html = _CALL.sub(lambda found: f"{found[1]}{found[2].replace(' ', NO_BREAK)}{found[3]}", html)
    return Markup(html)  # noqa: S704 - cleaned above


def spoken(href: str, locale: str) -> str:
    """An address of this portal in another language; any other address as it is."""
    return _OWN.sub(f"/{locale}", href)


def is_link(text: str) -> bool:
    """Whether an address may stand behind a button: a path of ours, the web, mail or phone."""
    return _LINK.fullmatch(text) is not None


def words_of(markdown: str) -> str:
    """The words of a text without its marks, for the search and for summaries."""
    return _MARKS.sub("", _INLINE_LINK.sub(r"\1", markdown)).strip()
