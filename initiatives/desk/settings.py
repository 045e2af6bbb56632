"""What an office sets for its initiatives: lists of categories, districts and questions, help texts, days of clocks.

A list shows its entries in order, each with a page of its own; every save knows what it was filled from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Response, g, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, rules, services
from initiatives.desk import entry
from initiatives.forms.filing import STEP_LABELS
from initiatives.forms.settings import (
    DEADLINES_FORM,
    KIND_LABELS,
    AskForm,
    CategoryForm,
    DistrictForm,
    HelpForm,
    MoveForm,
    QuestionForm,
    ReplyForm,
    SettingsForm,
    SupportForm,
    WordsForm,
    in_languages,
)
from initiatives.forms.studies import MEASURE_LABELS, CriterionForm
from initiatives.forms.verbs import move_of
from initiatives.kinds import (
    FILLED_IN,
    STEPS,
    WEIGHED,
    Category,
    Criterion,
    Kind,
    Measure,
    Office,
    Question,
    Reply,
    Terms,
)
from initiatives.services import Asked, CriterionAsked, ReplyAsked
from initiatives.states import CATEGORIES, DAYS, DEADLINES, PARTS, WORKFLOW
from portal.core import actor as actors
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text, ngettext
from portal.core.i18n import gettext as _
from portal.core.i18n import pgettext as _p
from portal.ui.pages import Link, page, say

LISTS = ("categories", "districts", "questions", "purpose", "feasibility", "replies")
STUDIES = ("purpose", "feasibility")
ALONE = ("deadlines", "words", "support")
"""Parts that are one form and no list."""
WORDS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the settings on their first page."""

    title: str
    text: str
    now: str
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a list. `moves`: the form that moves it up, and the one that moves it down; none at an end."""

    title: str
    facts: list[str]
    href: str
    hidden: bool
    up: MoveForm | None = None
    down: MoveForm | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of what stands there now, beside what was typed."""

    label: Text
    value: str


def _titles() -> dict[str, str]:
    return {
        "categories": _("Categories"),
        "districts": _("Districts"),
        "questions": _("Extra questions"),
        "purpose": _("Purpose study"),
        "feasibility": _("Feasibility study"),
        "help": _("Help texts"),
        "deadlines": _("Deadlines"),
        "words": _("Words in comments"),
        "support": _p("settings", "Support"),
        "replies": _("Reply templates"),
    }


def _crumbs(part: str = "") -> list[Link]:
    found = [*entry.crumbs(), Link(_("Settings of initiatives"), url_for("initiatives.settings"))]
    return [*found, Link(_titles()[part], _href(part))] if part else found


def _href(part: str) -> str:
    return url_for("initiatives.settings_part", part=part)


def settings() -> Response:
    """The parts, with what holds now."""
    office = queries.office()
    titles = _titles()
    hidden = sum(found.hidden for found in office.categories)
    changed = sum(office.days[key] != days for key, days in DAYS.items())
    offered = len(office.categories) - hidden
    parts = {
        "categories": (
            _("What residents choose from when they file, and everybody filters by."),
            ngettext("%(n)s category is offered", "%(n)s categories are offered", offered),
        ),
        "districts": (
            _("Housing estates, districts or villages."),
            ngettext(
                "%(n)s district is offered",
                "%(n)s districts are offered",
                sum(not found.hidden for found in office.districts),
            )
            if office.districts
            else _("None is named: those of earlier cases are offered"),
        ),
        "questions": (
            _("What your office has to know besides, in public or for the team alone."),
            ngettext("%(n)s question is asked", "%(n)s questions are asked", len(office.open_questions)),
        ),
        "purpose": (
            _("What reviewers examine first: whether it is wanted, by whom, and what shows it."),
            _asked_now(len(office.asked_in("purpose"))),
        ),
        "feasibility": (
            _("What reviewers examine then: law, land, technique, money, time."),
            _asked_now(len(office.asked_in("feasibility"))),
        ),
        "help": (
            _("Your own words above each step of filing."),
            ngettext("%(n)s step has a text", "%(n)s steps have a text", len(office.help)),
        ),
        "replies": (
            _("Ready words for the steps of your team, by state and category."),
            ngettext(
                "%(n)s template is offered",
                "%(n)s templates are offered",
                sum(not found.hidden for found in office.replies),
            ),
        ),
        "words": (
            _("Comments with one of them wait until the team has looked."),
            ngettext("%(n)s word", "%(n)s words", sum(map(len, office.words.values()))),
        ),
        "support": (
            _("At how many supports your office promises something, and how long support is open."),
            _support_now(office.support),
        ),
        "deadlines": (
            _("How many working days each step may take."),
            ngettext("%(n)s is your own", "%(n)s are your own", changed)
            if changed
            else _("All as we ship them"),
        ),
    }
    return page(
        "initiatives/desk/settings.html",
        title=_("Settings of initiatives"),
        crumbs=entry.crumbs(),
        parts=[Part(titles[key], text, now, _href(key)) for key, (text, now) in parts.items()],
    )


def _support_now(terms: Terms) -> str:
    found = []
    if terms.threshold is not None:
        found.append(ngettext("Threshold: %(n)s support", "Threshold: %(n)s supports", terms.threshold))
    if terms.days is not None:
        found.append(ngettext("Open for %(n)s day", "Open for %(n)s days", terms.days))
    return "; ".join(found) or _("No threshold and no end")


def _asked_now(n: int) -> str:
    return ngettext("%(n)s criterion is asked", "%(n)s criteria are asked", n)


def part(part: str) -> BaseResponse:
    """One part: a list, or a form."""
    if part in LISTS:
        return _list(part)
    if part == "deadlines":
        return _deadlines()
    if part == "help":
        return _help_list()
    if part == "words":
        return _words()
    if part == "support":
        return _support()
    raise Missing


# ---- lists ----


def _list(part: str) -> BaseResponse:
    """The entries in their order; a button moves one up or down (POST)."""
    form = MoveForm()
    if form.validate_on_submit():
        try:
            move = services.move_criterion if part in STUDIES else services.move_setting
            move(
                actors.current(),
                g.town.id,
                part,
                _number(form.place.data),
                -1 if form.step.data == "up" else 1,
                form.mark.data or "",
            )
        except Conflict as problem:
            say(problem.reason, "error")
        return redirect(_href(part), 303)
    office = queries.office()
    retired = office.retired_questions if part == "questions" else []
    leads = {
        "categories": _(
            "A category keeps its theme, whatever you call it. Hidden ones stay on old cases and among the filters."
        ),
        "districts": _("When you rename a district, its cases go along."),
        "questions": _(
            "They are asked together with the text, in the order below. Ask as little as you can: each question "
            "keeps somebody from filing."
        ),
        "replies": _(
            "They are offered in this order above the text of a step. Whoever chooses one still reads and changes it."
        ),
        **dict.fromkeys(
            STUDIES,
            _(
                "Each reviewer answers them in this order. Another wording counts for sheets written from now on; what "
                "was answered stays under the words it was asked in."
            ),
        ),
    }
    add = {
        "categories": _("Add a category"),
        "districts": _("Add a district"),
        "questions": _("Add a question"),
        "replies": _("Add a template"),
        **dict.fromkeys(STUDIES, _("Add a criterion")),
    }
    return page(
        "initiatives/desk/settings_list.html",
        422 if form.is_submitted() else 200,
        title=_titles()[part],
        crumbs=_crumbs(),
        lead=leads[part],
        here=_href(part),
        rows=_rows(office, part),
        retired=[
            Row(office.say(found.words), [], _item_href(part, str(found.id)), hidden=False)
            for found in retired
        ],
        new_href=_item_href(part, "new"),
        add_label=add[part],
        form=form,
    )


def _item_href(part: str, key: str) -> str:
    return url_for("initiatives.settings_item", part=part, key=key)


def _category_facts(found: Category) -> list[str]:
    theme, usual = str(CATEGORIES[found.theme]), queries.usual_of(found)
    facts = [] if theme == str(queries.category_label(found.key)) else [_("Theme: %(theme)s", theme=theme)]
    return [*facts, _("Usually belongs to: %(name)s", name=usual.name)] if usual else facts


def _rows(office: Office, part: str) -> list[Row]:
    made: list[tuple[str, list[str], str, bool]] = []
    if part == "categories":
        made = [
            (str(queries.category_label(found.key)), _category_facts(found), found.key, found.hidden)
            for found in office.categories
        ]
    elif part == "districts":
        for place, district in enumerate(office.districts):
            made.append((district.name, [], str(place), district.hidden))
    elif part == "replies":
        made = [(found.name, _reply_facts(found), str(found.id), found.hidden) for found in office.replies]
    elif part in STUDIES:
        made = [
            (queries.criterion_label(found), _criterion_facts(found), found.key, found.hidden)
            for found in office.criteria_of(part)
            if not found.ended
        ]
    else:
        made = [
            (office.say(found.words), _question_facts(found), str(found.id), False)
            for found in office.open_questions
        ]
    mark = queries.settings_mark(office, part)
    rows = []
    for place, (title, facts, key, hidden) in enumerate(made):
        rows.append(
            Row(
                title,
                facts,
                _item_href(part, key),
                hidden,
                up=_move_form(place, "up", mark) if place else None,
                down=_move_form(place, "down", mark) if place < len(made) - 1 else None,
            )
        )
    return rows


def _move_form(place: int, step: str, mark: str) -> MoveForm:
    return MoveForm(formdata=None, place=str(place), step=step, mark=mark)


def _question_facts(question: Question) -> list[str]:
    return [
        str(KIND_LABELS[question.kind]),
        _("Has to be answered") if question.required else _("May be left open"),
        _("Everybody reads the answer") if question.public else _("Only the team reads the answer"),
        _("Only in the category: %(category)s", category=queries.category_label(question.category))
        if question.category
        else _("In every category"),
    ]


def _criterion_facts(found: Criterion) -> list[str]:
    facts = [
        str(MEASURE_LABELS[found.measure]),
        _("Has to be answered") if found.required else _("May be left open"),
    ]
    return [*facts, _("weight %(n)s", n=found.weight)] if found.measure in WEIGHED else facts


def _reply_facts(found: Reply) -> list[str]:
    facts = [
        _("For: %(what)s", what=", ".join(str(move_of(verb).label) for verb in found.verbs)),
        _(
            "In: %(languages)s",
            languages=", ".join(LANGUAGE_NAMES[code] for code in LOCALES if found.texts.get(code)),
        ),
    ]
    if found.states:
        labels = (str(WORKFLOW.state(key).label) for key in found.states)
        facts.append(_("Only in the states: %(states)s", states=", ".join(labels)))
    if found.categories:
        names = (str(queries.category_label(key)) for key in found.categories)
        facts.append(_("Only in the categories: %(categories)s", categories=", ".join(names)))
    return facts


def _number(text: str | None) -> int:
    """A whole number of a field or an address. Raises Missing."""
    if not text or not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Missing
    return int(text)


# ---- entries ----


def item(part: str, key: str) -> BaseResponse:
    """One entry of a list, or a new one."""
    editors: dict[str, Callable[[Office, str], BaseResponse]] = {
        "categories": _category,
        "districts": _district,
        "questions": _question,
        "help": _help,
        "replies": _reply,
        **{study: partial(_criterion, study) for study in STUDIES},
    }
    if part not in editors:
        raise Missing
    return editors[part](queries.office(), key)


def _edited(
    part: str,
    form: SettingsForm,
    save: Callable[[], object],
    template: str,
    title: str,
    theirs: Callable[[], list[Fact]],
    **more: Any,
) -> BaseResponse:
    """The page of a form: saved and back to the list, else shown again with what is wrong or what others saved."""
    status, other = 200, None
    if not form.save_waits and form.validate_on_submit():
        try:
            save()
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        except Conflict as problem:
            form.mark.data = queries.settings_mark(queries.office(), "days" if part == "deadlines" else part)
            form.blame({}, problem.reason)
            status, other = 409, theirs()
        else:
            say(_("Saved. It holds from now on."))
            # Days are one page and not a list; after saving one looks at all parts.
            return redirect(url_for("initiatives.settings") if part in ALONE else _href(part), 303)
    if status == 200 and form.is_submitted() and (form.problems or not form.save_waits):
        status = 422
    language = g.town.language
    return page(
        f"initiatives/desk/{template}.html",
        status,
        title=title,
        crumbs=_crumbs() if part in ALONE else _crumbs(part),
        form=form,
        theirs=other,
        languages=[(code, LANGUAGE_NAMES[code]) for code in sorted(LOCALES, key=lambda c: c != language)],
        own_language=language,
        back_href=url_for("initiatives.settings") if part in ALONE else _href(part),
        **more,
    )


def _category(office: Office, key: str) -> BaseResponse:
    found = office.category(key)
    if found is None and key != "new":
        raise Missing
    form = CategoryForm(
        mark=queries.settings_mark(office, "categories"),
        hidden=found.hidden if found else False,
        town=found.town if found else "",
        body=found.body if found else "",
        **in_languages("text", found.names if found else {}),
    )
    form.offer(*queries.towns_to_refer(g.town.id))
    ours = CATEGORIES.get(key)

    def save() -> None:
        services.save_category(
            actors.current(),
            g.town.id,
            "" if found is None else key,
            form.theme.data or "",
            form.texts(),
            bool(form.hidden.data),
            form.mark.data or "",
            town=form.town.data or "",
            body=form.body.data or "",
        )

    def theirs() -> list[Fact]:
        now = queries.office().category(key)
        if now is None:
            return []
        usual = queries.usual_of(now)
        return [
            *_texts_now(now.names),
            Fact(_("Usually belongs to"), usual.name if usual else "–"),
        ]

    return _edited(
        "categories",
        form,
        save,
        "settings_category",
        str(queries.category_label(key)) if found else _("New category"),
        theirs,
        is_new=found is None,
        ours=ours,
        theme=CATEGORIES[found.theme] if found else "",
    )


def _texts_now(texts: Mapping[str, str]) -> list[Fact]:
    return [Fact(LANGUAGE_NAMES[code], texts.get(code, "") or "–") for code in LOCALES]


def _district(office: Office, key: str) -> BaseResponse:
    place = None if key == "new" else _number(key)
    if place is not None and place >= len(office.districts):
        raise Missing
    found = None if place is None else office.districts[place]
    form = DistrictForm(
        mark=queries.settings_mark(office, "districts"),
        name=found.name if found else "",
        hidden=found.hidden if found else False,
    )

    def save() -> None:
        services.save_district(
            actors.current(),
            g.town.id,
            place,
            form.name.data or "",
            bool(form.hidden.data),
            form.mark.data or "",
        )

    def theirs() -> list[Fact]:
        return [Fact(_("Districts"), ", ".join(row.name for row in queries.office().districts) or "–")]

    title = found.name if found else _("New district")
    return _edited("districts", form, save, "settings_district", title, theirs)


def _question(office: Office, key: str) -> BaseResponse:
    found = None if key == "new" else office.question(_number(key))
    if key != "new" and (found is None or (found.ended and not found.retired)):
        raise Missing
    if found is not None and found.retired:
        return _retired(office, found)
    form = QuestionForm(
        mark=queries.settings_mark(office, "questions"),
        kind=found.kind.value if found else Kind.SHORT.value,
        category=found.category if found else "",
        required=found.required if found else False,
        public=found.public if found else False,
        **in_languages("text", found.words if found else {}),
        **in_languages("help", found.help if found else {}),
        **_choices_by_language(found),
    )

    def save() -> None:
        asked = Asked(
            kind=Kind(form.kind.data),
            words=form.texts(),
            help=form.texts("help"),
            choices=form.lines(),
            category=form.category.data or "",
            required=bool(form.required.data),
            public=bool(form.public.data),
        )
        services.save_question(
            actors.current(), g.town.id, found.id if found else None, asked, form.mark.data or ""
        )

    def theirs() -> list[Fact]:
        now = queries.office()
        return [Fact(str(place), now.say(row.words)) for place, row in enumerate(now.open_questions, start=1)]

    return _edited(
        "questions",
        form,
        save,
        "settings_question",
        office.say(found.words) if found else _("New question"),
        theirs,
        is_new=found is None,
        retire_href=url_for("initiatives.settings_ask", key=found.id) if found else "",
    )


def _criterion(study: str, office: Office, key: str) -> BaseResponse:
    found = None if key == "new" else office.criterion(key)
    if key != "new" and (found is None or found.ended or found.study != study):
        raise Missing
    form = CriterionForm(
        mark=queries.settings_mark(office, study),
        measure=found.measure.value if found else Measure.SCORE.value,
        weight=found.weight if found else 1,
        required=found.required if found else True,
        hidden=found.hidden if found else False,
        **in_languages("text", found.names if found else {}),
        **in_languages("help", found.help if found else {}),
    )

    def save() -> None:
        measures = {measure.value: measure for measure in Measure}
        if form.measure.data not in measures:
            reason = _("Choose how it is answered.")
            raise Invalid(reason, {"measure": reason})
        asked = CriterionAsked(
            measure=measures[form.measure.data],
            names=form.texts(),
            help=form.texts("help"),
            weight=form.weight.data or 1,
            required=bool(form.required.data),
            hidden=bool(form.hidden.data),
        )
        services.save_criterion(
            actors.current(), g.town.id, study, found.key if found else "", asked, form.mark.data or ""
        )

    def theirs() -> list[Fact]:
        return [
            Fact(queries.criterion_label(row), ", ".join(_criterion_facts(row)))
            for row in queries.office().criteria_of(study)
            if not row.ended
        ]

    ours = PARTS.get(found.thread) if found else None
    return _edited(
        study,
        form,
        save,
        "settings_criterion",
        queries.criterion_label(found) if found else _("New criterion"),
        theirs,
        ours=ours,
    )


def _choices_by_language(found: Question | None) -> dict[str, str]:
    choices = found.choices if found else ()
    return {
        f"choices_{locale}": "\n".join(texts[locale] for texts in choices if texts.get(locale))
        for locale in LOCALES
    }


def _reply(office: Office, key: str) -> BaseResponse:
    found = None if key == "new" else office.reply(_number(key))
    if key != "new" and found is None:
        raise Missing
    form = ReplyForm(
        mark=queries.settings_mark(office, "replies"),
        name=found.name if found else "",
        verbs=list(found.verbs) if found else ["reply"],
        states=list(found.states) if found else [],
        categories=list(found.categories) if found else [],
        hidden=found.hidden if found else False,
        **in_languages("text", found.texts if found else {}),
    )

    def save() -> None:
        asked = ReplyAsked(
            name=form.name.data or "",
            verbs=form.verbs.data or [],
            texts=form.texts(),
            states=form.states.data or [],
            categories=form.categories.data or [],
            hidden=bool(form.hidden.data),
        )
        services.save_reply(
            actors.current(), g.town.id, found.id if found else None, asked, form.mark.data or ""
        )

    def theirs() -> list[Fact]:
        now = queries.office().reply(found.id) if found else None
        return [Fact(_p("thing", "Name"), now.name), *_texts_now(now.texts)] if now else []

    return _edited(
        "replies",
        form,
        save,
        "settings_reply",
        found.name if found else _("New template"),
        theirs,
        places=[f"{{{name}}}" for name in FILLED_IN],
    )


def _retired(office: Office, found: Question) -> BaseResponse:
    """A question that is asked no more: its words, and the way to ask it again."""
    return _ask_page(office, found, again=True)


def ask(key: int) -> BaseResponse:
    """Ask a question no more, or again, after a look at what that means."""
    office = queries.office()
    found = office.question(key)
    if found is None or (found.ended and not found.retired):
        raise Missing
    return _ask_page(office, found, again=found.retired)


def _ask_page(office: Office, found: Question, *, again: bool) -> BaseResponse:
    form = AskForm(mark=queries.settings_mark(office, "questions"))
    if form.validate_on_submit():
        try:
            services.ask_question(actors.current(), g.town.id, found.id, again, form.mark.data or "")
        except (Invalid, Conflict) as problem:
            say(problem.reason, "error")
        else:
            say(_("The question is asked again.") if again else _("The question is asked no more."))
        return redirect(_href("questions"), 303)
    return page(
        "initiatives/desk/settings_ask.html",
        422 if form.is_submitted() else 200,
        title=_("Ask this again?") if again else _("Ask this no more?"),
        crumbs=_crumbs("questions"),
        form=form,
        words=office.say(found.words),
        again=again,
        confirm_label=_("Ask it again") if again else _("Ask it no more"),
        back_href=_href("questions"),
    )


# ---- help, deadlines ----


def _help_list() -> Response:
    office = queries.office()
    rows = [
        Row(
            str(STEP_LABELS[step]),
            [office.say(office.help.get(step, {})) or _("No text of your own")],
            _item_href("help", step),
            hidden=False,
        )
        for step in STEPS
    ]
    return page(
        "initiatives/desk/settings_list.html",
        title=_titles()["help"],
        crumbs=_crumbs(),
        here="",
        lead=_("They stand above a step of filing: whom to ask, what your office needs, what it cannot do."),
        rows=rows,
        retired=[],
        new_href="",
        add_label="",
        form=MoveForm(formdata=None),
    )


def _help(office: Office, key: str) -> BaseResponse:
    if key not in STEPS:
        raise Missing
    form = HelpForm(
        mark=queries.settings_mark(office, "help"), **in_languages("text", office.help.get(key, {}))
    )

    def save() -> None:
        services.save_help(actors.current(), g.town.id, key, form.texts(), form.mark.data or "")

    def theirs() -> list[Fact]:
        return _texts_now(queries.office().help.get(key, {}))

    title = _("Help text: %(step)s", step=STEP_LABELS[key])
    return _edited("help", form, save, "settings_help", title, theirs)


def _words() -> BaseResponse:
    """Words that hold a comment back, with a look at what they would have held."""
    office = queries.office()
    form = WordsForm(
        mark=queries.settings_mark(office, "words"),
        **in_languages("text", {code: "\n".join(found) for code, found in office.words.items()}),
    )
    tried: tuple[int, list[Any]] | None = None
    if form.is_submitted() and form.preview.data and form.validate():
        try:
            tried = queries.held_by_words(services.sound_words(form.texts()), WORDS_SHOWN)
        except Invalid as problem:
            form.blame(problem.fields, problem.reason)
        form.save_waits = True

    def save() -> None:
        services.save_words(actors.current(), g.town.id, form.texts(), form.mark.data or "")

    def theirs() -> list[Fact]:
        return _texts_now({code: ", ".join(found) for code, found in queries.office().words.items()})

    return _edited(
        "words",
        form,
        save,
        "settings_words",
        _titles()["words"],
        theirs,
        tried=tried,
        days=queries.WORDS_DAYS,
    )


def _support() -> BaseResponse:
    office = queries.office()
    terms = office.support
    form = SupportForm(
        mark=queries.settings_mark(office, "support"),
        threshold=terms.threshold,
        days=terms.days,
        **in_languages("text", terms.promise),
    )

    def save() -> None:
        services.save_support(
            actors.current(),
            g.town.id,
            form.threshold.data,
            form.texts(),
            form.days.data,
            form.mark.data or "",
        )

    def theirs() -> list[Fact]:
        now = queries.office().support
        return [Fact(_titles()["support"], _support_now(now)), *_texts_now(now.promise)]

    return _edited("support", form, save, "settings_support", _titles()["support"], theirs)


def _deadlines() -> BaseResponse:
    office = queries.office()
    form = DEADLINES_FORM(mark=queries.settings_mark(office, "days"), **office.days)

    def save() -> None:
        services.save_days(actors.current(), g.town.id, form.days(), form.mark.data or "")

    def theirs() -> list[Fact]:
        now = queries.office().days
        return [Fact(DEADLINES[key], str(now[key])) for key in rules.DAYS_BOUNDS]

    clocks = [
        (
            key,
            _("From %(low)s to %(high)s working days; we ship %(days)s.", low=low, high=high, days=DAYS[key]),
        )
        for key, (low, high) in rules.DAYS_BOUNDS.items()
    ]
    return _edited(
        "deadlines", form, save, "settings_deadlines", _titles()["deadlines"], theirs, clocks=clocks
    )
