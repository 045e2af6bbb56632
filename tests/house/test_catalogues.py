"""The catalogues are complete, and the tool that says so finds what it is meant to find."""

import gettext
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from click.testing import CliRunner

from portal.core import catalogues
from portal.core.catalogues import Problem, Term
from portal.core.i18n import CATALOGUES

ROOT = CATALOGUES.parent
COUNTS = (0, 1, 2, 5, 12, 21, 22, 25, 112, 122)
SOURCE = """
from portal.core.i18n import Filled, gettext as _, lazy_gettext as _l, lazy_pgettext as _p, ngettext

LABEL = _l("A lazy label")
PHASE = _p("phase", "New")
def say(n):
    # i18n: seen in the head of the list
    _("Only %(n)s", n=_("nested"))
    ngettext("%(n)s day", "%(n)s days", n)
    raise ValueError(Filled("Too large: %(limit)s.", {"limit": 10}))
"""
TEMPLATE = """
{# i18n: on the button #}
<p title="{{ _("Hello, %(name)s", name=name) }}">{{ pgettext("button", "Search") }}</p>
{{ ngettext("%(n)s file", "%(n)s files", n) }}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout with one module, one template and no translation yet."""
    (tmp_path / "translations").mkdir()
    shutil.copy(ROOT / "translations" / "babel.cfg", tmp_path / "translations")
    (tmp_path / "translations" / "terms.csv").write_text("en,cs,pl,exceptions,note\n", encoding="utf-8")
    write(tmp_path / "portal" / "budget" / "rules.py", SOURCE)
    write(tmp_path / "portal" / "budget" / "templates" / "budget" / "list.html", TEMPLATE)
    write(tmp_path / "portal" / "ui" / "frontend" / "node_modules" / "x.py", '_("of others")')
    write(tmp_path / "tests" / "test_x.py", '_("of a test")')
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def translate(root: Path, locale: str, **texts: str) -> None:
    """Give every text of a locale its msgid as translation, or the given one."""
    catalogue = catalogues.read(root, locale)
    for message in catalogue:
        if message.id and isinstance(message.id, str):
            message.string = texts.get(message.id, message.id)
        elif message.id:
            message.string = (message.id[0], message.id[1], message.id[1])
    catalogues.path_of(root, locale).write_bytes(catalogues.as_text(catalogue))


# The real catalogues


@pytest.mark.parametrize("locale", ["pl", "cs"])
def test_every_text_is_translated(locale: str) -> None:
    problems = [problem for problem in catalogues.check(ROOT) if problem.locale in {locale, "all"}]
    assert not problems, "Run `python3 dev.py i18n`, then translate:\n" + "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("locale", "forms"), [("pl", (2, 0, 1, 2, 2, 2, 1, 2, 2, 1)), ("cs", (2, 0, 1, 2, 2, 2, 2, 2, 2, 2))]
)
def test_plural_rules_are_those_of_the_glossary(locale: str, forms: tuple[int, ...]) -> None:
    rule = gettext.c2py(catalogues.read(ROOT, locale).plural_expr)
    assert tuple(rule(n) for n in COUNTS) == forms


def test_no_english_word_stands_in_two_rows_of_the_terms() -> None:
    variants = [variant for term in catalogues.read_terms(ROOT) for variant in term.english]
    assert sorted(set(variants)) == sorted(variants)


# Collecting and merging


def test_every_way_of_marking_is_collected(root: Path) -> None:
    template = catalogues.collect(root)
    assert {(message.id, message.context) for message in template if message.id} == {
        ("A lazy label", None),
        ("New", "phase"),
        ("Only %(n)s", None),
        ("nested", None),
        (("%(n)s day", "%(n)s days"), None),
        ("Too large: %(limit)s.", None),
        ("Hello, %(name)s", None),
        ("Search", "button"),
        (("%(n)s file", "%(n)s files"), None),
    }
    assert template["Only %(n)s"].auto_comments == ["seen in the head of the list"]
    assert template["Hello, %(name)s"].auto_comments == ["on the button"]


def test_files_hold_neither_dates_nor_line_numbers_and_stay_as_they_are(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl")
    catalogues.update(root)
    before = catalogues.path_of(root, "pl").read_bytes()
    catalogues.update(root)
    assert catalogues.path_of(root, "pl").read_bytes() == before
    assert b"POT-Creation-Date" not in before
    assert b"#: portal/budget/rules.py\n" in before
    assert b"fuzzy" not in before


def test_a_text_that_comes_back_gets_its_translation_again(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl", nested="w środku")
    source = root / "portal" / "budget" / "rules.py"
    source.write_text(SOURCE.replace('"nested"', '"nested too"'), encoding="utf-8")
    catalogues.update(root)
    assert catalogues.read(root, "pl")["nested too"].string == "", "nothing is guessed"
    source.write_text(SOURCE, encoding="utf-8")
    catalogues.update(root)
    assert catalogues.read(root, "pl")["nested"].string == "w środku"


def test_old_texts_go_when_asked(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl")
    source = root / "portal" / "budget" / "rules.py"
    source.write_text(SOURCE.replace('"nested"', '"nested too"'), encoding="utf-8")
    catalogues.update(root)
    assert b'#~ msgid "nested"' in catalogues.path_of(root, "pl").read_bytes()
    catalogues.update(root, drop_old=True)
    assert b"#~" not in catalogues.path_of(root, "pl").read_bytes()


def test_what_is_compiled_is_what_is_read(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl", nested="w środku")
    catalogues.update(root)
    with catalogues.path_of(root, "pl").with_suffix(".mo").open("rb") as compiled:
        texts = gettext.GNUTranslations(compiled)
    assert texts.gettext("nested") == "w środku"
    assert texts.pgettext("phase", "New") == "New"


# Checking


def test_a_complete_catalogue_has_no_problems(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl")
    translate(root, "cs")
    assert catalogues.check(root) == []


def test_a_text_not_collected_yet_is_a_problem(root: Path) -> None:
    catalogues.update(root)
    translate(root, "pl")
    translate(root, "cs")
    write(root / "portal" / "budget" / "states.py", '_("Fresh")')
    assert catalogues.check(root) == [
        Problem("all", "", "messages.pot is not up to date: run `python3 dev.py i18n`"),
        Problem("pl", "Fresh", "not in the catalogue: run `python3 dev.py i18n`"),
        Problem("cs", "Fresh", "not in the catalogue: run `python3 dev.py i18n`"),
    ]


def test_a_foreign_plural_rule_is_a_problem() -> None:
    assert catalogues.check_plural_rule(Catalog(locale="pl"), "pl") == []
    assert catalogues.check_plural_rule(Catalog(locale="cs"), "pl")


@pytest.mark.parametrize(
    ("msgid", "string", "what"),
    [
        ("Save", "", "translation is missing"),
        (("%(n)s day", "%(n)s days"), ("%(n)s dzień", "%(n)s dni", ""), "a plural form is missing"),
        (("%(n)s day", "%(n)s days"), ("%(n)s dzień", "%(n)s dni"), "a plural form is missing"),
        (("%(n)s day", "%(n)s days"), ("dzień", "dni", "%(n)s dni"), "the placeholder %(n)s is missing"),
        ("By %(name)s", "Autor", "the placeholder %(name)s is missing"),
        ("At {lat}", "Na", "the placeholder {lat} is missing"),
        ("Author", "Autor: %(name)s", "is not in the msgid"),
        ("%(share)s %%", "%(share)s %", "a lone %"),
        ("<b>Yes</b>", "Tak", "the tag <b>"),
        ("Yes", "<script>Tak", "the tag <script>"),
        ('<a href="/x">Go</a>', '<a href="/y">Idź</a>', 'the tag <a href="/y">'),
        ("Name: ", "Nazwa:", "the space around"),
    ],
)
def test_defects_are_found(msgid: str | tuple[str, str], string: str | tuple[str, ...], what: str) -> None:
    found = list(catalogues.check_entry(Message(msgid), Message(msgid, string), "pl", []))
    assert any(what in problem for problem in found), found


def test_the_form_for_one_may_say_it_in_words() -> None:
    days = Message(("%(n)s day", "%(n)s days"), ("jeden dzień", "%(n)s dni", "%(n)s dni"))
    assert list(catalogues.check_entry(days, days, "pl", [])) == []


def test_a_guess_is_a_problem() -> None:
    guess = Message("Save", "Zapisz", flags=["fuzzy"])
    assert list(catalogues.check_entry(Message("Save"), guess, "pl", [])) == ["marked as fuzzy"]


def test_a_text_that_got_a_plural_is_a_problem() -> None:
    now = Message(("%(n)s day", "%(n)s days"))
    assert list(catalogues.check_entry(now, Message("%(n)s day", "%(n)s dzień"), "pl", []))


# Agreed terms

STUDY = Term(("study", "studies"), {"pl": (("studi",),), "cs": ()}, frozenset({"Study hard"}))
FEASIBILITY = Term(("feasibility study",), {"pl": (("studi", "wykonaln"),), "cs": ()}, frozenset())


@pytest.mark.parametrize(
    ("msgid", "text", "good"),
    [
        ("The study has begun", "Rozpoczęto studium", True),
        ("The study has begun", "Rozpoczęto badanie", False),
        ("Two studies", "Dwa badania", False),
        ("A studying person", "Osoba ucząca się", True),
        ("Study hard", "Ucz się pilnie", True),
        ("Feasibility study", "Studium wykonalności", True),
        ("Feasibility study", "Studium celowości", False),
        ("Page of %(study)s", "Strona: %(study)s", True),
    ],
)
def test_agreed_terms_are_asked_for(msgid: str, text: str, *, good: bool) -> None:
    assert (not list(catalogues.check_terms(msgid, [text], "pl", [STUDY, FEASIBILITY]))) is good
    assert not list(catalogues.check_terms(msgid, [text], "cs", [STUDY, FEASIBILITY]))


# Command


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command over the small checkout: exit code and what it printed."""
    write(root / "pyproject.toml", "")
    monkeypatch.setattr(catalogues, "CATALOGUES", root / "translations")

    def invoke(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(catalogues.i18n, list(words))
        return result.exit_code, result.output

    return invoke


def test_checking_writes_nothing_and_says_what_to_mend(
    root: Path, run: Callable[..., tuple[int, str]]
) -> None:
    code, output = run("--check")
    assert code == 1
    assert "pl: not in the catalogue" in output
    assert not catalogues.path_of(root, "pl").exists()


def test_the_command_updates_and_ends_well_when_all_is_translated(
    root: Path, run: Callable[..., tuple[int, str]]
) -> None:
    code, output = run()
    assert (code, "pl: translation is missing" in output) == (1, True)
    translate(root, "pl")
    translate(root, "cs")
    assert run() == (0, "All catalogues are complete.\n")
    assert run("--check")[0] == 0


def test_an_installed_portal_has_nothing_to_collect(root: Path, run: Callable[..., tuple[int, str]]) -> None:
    (root / "pyproject.toml").unlink()
    code, output = run()
    assert code == 1
    assert "use a checkout" in output


ONLY_SOME = {
    (
        "Polish towns, rural municipalities and a county, together with a Czech city district. Each has its own "
        "team, its own contacts and is responsible for its own cases."
    ),
}


@pytest.mark.parametrize(("locale", "word"), [("pl", "gmin"), ("cs", r"(obec|obc)(?!e\b)")])
def test_texts_fit_a_county_and_a_city_district_too(locale: str, word: str) -> None:
    """Gmina and obec stand only where they are meant; cs *část obce* is a district, *znak obce* its arms."""
    found = {
        str(message.id)
        for message in catalogues.read(ROOT, locale)
        if isinstance(message.id, str) and re.search(rf"\b{word}", str(message.string), re.IGNORECASE)
    }
    assert found <= ONLY_SOME
