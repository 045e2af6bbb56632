"""The catalogues of the interface: texts are collected, handed to the translators, checked and compiled.

`python3 dev.py i18n` (or `flask i18n`) does it all in a checkout; with `--check` it only looks, as the tests
do. The files are written for quiet merges: sorted by msgid, no line numbers, no dates. Running the portal
needs none of this, only what was compiled.
"""

import csv
import gettext
import io
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from portal.core.i18n import CATALOGUES, LOCALES

TRANSLATED = tuple(locale for locale in LOCALES if locale != "en")
KEYWORDS = (
    *("_", "gettext", "_l", "lazy_gettext", "Filled:1"),
    *("_n:1,2", "ngettext:1,2"),
    *("_p:1c,2", "_pl:1c,2", "pgettext:1c,2", "lazy_pgettext:1c,2", "npgettext:1c,2,3"),
)
COMMENT_TAG = "i18n:"
FOLDERS = ("portal", "initiatives", "surveys")
LINE_WIDTH = 100

_HEADER = """\
# Texts of the portal's interface, written by `python3 dev.py i18n`.
# Only the msgstr lines are for translators. Agreed terms stand in terms.csv."""

# Of Python, and of the scripts of the page, which fill {lat} themselves.
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}")
_TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)
_WORD = re.compile(r"\w+")
# Heads that tools fill with dates and names: they would differ in every run and collide in every merge.
_RESTLESS = re.compile(
    rb'^"(?:Project-Id-Version|POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report-Msgid-Bugs-To)'
    rb":.*\n",
    re.MULTILINE,
)
# Counts on which the plural rule of a catalogue must agree with CLDR: all ends of hundreds are among them.
_COUNTS = range(201)
_FORMS = {"pl": ("one", "few", "many"), "cs": ("one", "few", "other")}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend in the catalogue of `locale`; `msgid` is empty where the whole file is meant."""

    locale: str
    msgid: str
    what: str

    def __str__(self) -> str:
        return f"{self.locale}: {self.what}" + (f"\n      “{self.msgid}”" if self.msgid else "")


@dataclass(frozen=True, slots=True)
class Term:
    """An agreed word. `stems` holds per locale the allowed beginnings of words, one tuple of words each."""

    english: tuple[str, ...]
    stems: dict[str, tuple[tuple[str, ...], ...]]
    exceptions: frozenset[str]


def collect(root: Path) -> Catalog:
    """All marked texts below `root` as a template, with the files they stand in. Raises on broken syntax."""
    with (root / "translations" / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # Babel's own gap
    template = Catalog(project="participation-portal", charset="utf-8", fuzzy=False, header_comment=_HEADER)
    found = extract_from_dir(
        root,
        methods,
        options,
        keywords=parse_keywords(KEYWORDS),
        comment_tags=(COMMENT_TAG,),
        strip_comment_tags=True,
        directory_filter=lambda folder: _holds_texts(root, Path(folder)),
    )
    # Sorted, because folders are listed in the order of the disk.
    for filename, _line, msgid, comments, context in sorted(found, key=lambda entry: entry[:2]):
        template.add(msgid, None, [(filename, 0)], auto_comments=comments, context=context)
    return template


def _holds_texts(root: Path, folder: Path) -> bool:
    parts = folder.relative_to(root).parts
    return parts[0] in FOLDERS and folder.name not in {"node_modules", "static", "__pycache__"}


def merge(catalogue: Catalog, template: Catalog) -> None:
    """Bring a catalogue up to its template: new texts come empty, old ones wait as obsolete.

    A text that comes back gets its old translation again. Nothing is guessed from similar texts: a wrong
    guess looks finished.
    """
    for key, message in list(catalogue.obsolete.items()):
        if template.get(_singular(message), message.context):
            catalogue[message.id] = message
            del catalogue.obsolete[key]
    catalogue.update(template, no_fuzzy_matching=True)


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def path_of(root: Path, locale: str) -> Path:
    """Where the catalogue of a locale lies."""
    return root / "translations" / locale / "LC_MESSAGES" / "messages.po"


def read(root: Path, locale: str) -> Catalog:
    """The catalogue of a locale; an empty one where there is none yet. Raises PoFileError."""
    path = path_of(root, locale)
    if not path.exists():
        return Catalog(
            locale=locale,
            project="participation-portal",
            charset="utf-8",
            fuzzy=False,
            header_comment=_HEADER,
        )
    with path.open("rb") as text:
        return read_po(text, locale=locale, abort_invalid=True)


def as_text(catalogue: Catalog, *, obsolete: bool = True) -> bytes:
    """The file of a catalogue or template, the same for the same texts."""
    out = io.BytesIO()
    write_po(
        out,
        catalogue,
        width=LINE_WIDTH,
        sort_output=True,
        include_lineno=False,
        ignore_obsolete=not obsolete,
    )
    return _RESTLESS.sub(b"", out.getvalue())


def update(root: Path, *, drop_old: bool = False) -> None:
    """Write the template and all catalogues anew and compile them; `drop_old` forgets obsolete texts."""
    template = collect(root)
    _write(root / "translations" / "messages.pot", as_text(template))
    for locale in TRANSLATED:
        catalogue = read(root, locale)
        merge(catalogue, template)
        path = path_of(root, locale)
        _write(path, as_text(catalogue, obsolete=not drop_old))
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        _write(path.with_suffix(".mo"), compiled.getvalue())


def _write(path: Path, content: bytes) -> None:
    """Put a file in place at once, and only if it changes: somebody may be reading or editing it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def check(root: Path) -> list[Problem]:
    """Everything that keeps the catalogues of `root` from being complete and right, in a stable order."""
    template = collect(root)
    problems: list[Problem] = []
    pot = root / "translations" / "messages.pot"
    if not pot.exists() or pot.read_bytes() != as_text(template):
        problems.append(Problem("all", "", "messages.pot is not up to date: run `python3 dev.py i18n`"))
    terms = read_terms(root)
    for locale in TRANSLATED:
        catalogue = read(root, locale)
        problems += check_plural_rule(catalogue, locale)
        for message in sorted(template):
            if message.id:
                entry = catalogue.get(_singular(message), message.context)
                problems += [
                    Problem(locale, _singular(message), what)
                    for what in check_entry(message, entry, locale, terms)
                ]
    return problems


def check_plural_rule(catalogue: Catalog, locale: str) -> list[Problem]:
    """Whether the plural rule in the file's head sorts whole numbers as CLDR does."""
    rule = gettext.c2py(catalogue.plural_expr)
    category, forms = Locale.parse(locale).plural_form, _FORMS[locale]
    if catalogue.num_plurals == len(forms) and all(forms[rule(n)] == category(n) for n in _COUNTS):
        return []
    return [Problem(locale, "", f"the plural rule “{catalogue.plural_forms}” is not that of the language")]


def check_entry(message: Message, entry: Message | None, locale: str, terms: Sequence[Term]) -> Iterator[str]:
    """What is wrong with the translation of one message of the template; nothing where it is right."""
    if entry is None or type(entry.id) is not type(message.id):
        yield "not in the catalogue: run `python3 dev.py i18n`"
        return
    translations = _translations(entry, len(_FORMS[locale]))
    if not all(translations):
        yield "translation is missing" if not any(translations) else "a plural form is missing"
        return
    if entry.fuzzy:
        yield "marked as fuzzy"
    yield from chain.from_iterable(check_marks(message, text, form) for form, text in enumerate(translations))
    yield from check_terms(_singular(message), translations, locale, terms)


def _translations(entry: Message, forms: int) -> tuple[str, ...]:
    if isinstance(entry.id, str):
        return (str(entry.string or ""),)
    strings = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
    return tuple(str(text or "") for text in (*strings, *[""] * forms)[: max(forms, len(strings))])


def check_marks(message: Message, text: str, form: int) -> Iterator[str]:
    """Placeholders, tags and surrounding space as in the msgid; the form for one may leave the number out."""
    pattern = message.id if isinstance(message.id, str) else message.id[-1]
    wanted, found = set(_PLACEHOLDER.findall(pattern)), set(_PLACEHOLDER.findall(text))
    if not isinstance(message.id, str) and form == 0:
        wanted, found = wanted - {"%(n)s"}, found - {"%(n)s"}
    for name in sorted(wanted - found):
        yield f"the placeholder {name} is missing in “{text}”"
    for name in sorted(found - wanted):
        yield f"the placeholder {name} of “{text}” is not in the msgid"
    if any(name.startswith("%") for name in wanted) and "%" in _PLACEHOLDER.sub("", text).replace("%%", ""):
        yield f"a lone % in “{text}”: write %%"
    tags, own = Counter(_TAG.findall(pattern)), Counter(_TAG.findall(text))
    for tag in sorted((tags - own) + (own - tags)):
        yield f"the tag {tag} stands in “{text}” {own[tag]} times and in the msgid {tags[tag]} times"
    if _edges(pattern) != _edges(text):
        yield f"the space around “{text}” differs from the msgid"


def _edges(text: str) -> tuple[str, str]:
    bare = text.strip()
    return text[: text.find(bare)], text[text.find(bare) + len(bare) :]


def read_terms(root: Path) -> list[Term]:
    """The rows of terms.csv: `en` with variants and `cs`, `pl` with stems, both parted by |.

    A stem of several words asks for a word beginning with each of them. `exceptions` lists, parted by |,
    msgids that use the English word in another sense. An empty cell asks nothing of that language.
    """
    with (root / "translations" / "terms.csv").open(encoding="utf-8", newline="") as rows:
        return [
            Term(
                _parts(row["en"]),
                {locale: tuple(tuple(stem.split()) for stem in _parts(row[locale])) for locale in TRANSLATED},
                frozenset(_parts(row["exceptions"], keep_case=True)),
            )
            for row in csv.DictReader(rows)
        ]


def _parts(cell: str, *, keep_case: bool = False) -> tuple[str, ...]:
    parts = (part.strip() for part in cell.split("|"))
    return tuple(part if keep_case else part.lower() for part in parts if part)


def check_terms(msgid: str, translations: Iterable[str], locale: str, terms: Sequence[Term]) -> Iterator[str]:
    """Whether agreed terms of the msgid stand in each translation; the longest term at a place counts."""
    by_variant = {variant: term for term in terms for variant in term.english}
    if not by_variant:
        return
    longest_first = sorted(by_variant, key=lambda variant: (-len(variant), variant))
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
    plain = _TAG.sub(" ", _PLACEHOLDER.sub(" ", msgid))
    for variant in dict.fromkeys(found.lower() for found in pattern.findall(plain)):
        term = by_variant[variant]
        stems = term.stems[locale]
        if not stems or msgid in term.exceptions:
            continue
        for text in translations:
            if not any(_speaks(text, stem) for stem in stems):
                agreed = " or ".join(f"“{' '.join(stem)}…”" for stem in stems)
                yield f"the agreed term for “{variant}” is {agreed}, not in “{text}”"


def _speaks(text: str, stem: tuple[str, ...]) -> bool:
    words = _WORD.findall(_TAG.sub(" ", _PLACEHOLDER.sub(" ", text)).lower())
    return all(any(word.startswith(beginning) for word in words) for beginning in stem)


@click.command("i18n")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; end with 1 if something is wrong.")
@click.option("--drop-old", is_flag=True, help="Forget translations of texts that are gone.")
def i18n(*, only_check: bool, drop_old: bool) -> None:
    """Collect the texts, update and compile the catalogues, and check them."""
    root = CATALOGUES.parent
    if not (root / "pyproject.toml").exists():
        raise click.ClickException(
            "An installed portal has no sources to collect texts from; use a checkout."
        )
    if not only_check:
        update(root, drop_old=drop_old)
    problems = check(root)
    for problem in problems:
        click.echo(f"  {problem}")
    if problems:
        click.echo(f"{len(problems)} to mend in translations/.")
        sys.exit(1)
    click.echo("All catalogues are complete.")
