"""The settings of a municipality, and the set-up that leads through them after it was founded.

The same pages twice: `?setup=1` adds the line of steps, a button that goes on and a link that skips.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response as FlaskResponse
from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts import queries as people
from portal.accounts.forms import ActForm, FirstAdminForm, InviteForm
from portal.accounts.roles import TEXTS, Role
from portal.accounts.services import invitations
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.calendar import is_working_day
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, LOCALES, Text, day, from_json, moment, pgettext
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.registry import registry
from portal.core.tenancy import Town
from portal.pages import queries, services
from portal.pages.forms import (
    COLOUR_NAMES,
    MOTIF_NAMES,
    OTHER,
    TEXTS_OF,
    ContactForm,
    DaysForm,
    LookForm,
    NameForm,
    SettingsForm,
)
from portal.pages.kinds import (
    LEAST_CONTRAST,
    PRESETS,
    Motif,
    completed,
    contrast,
    palette,
    palette_from,
    stylesheet,
)
from portal.pages.kinds import mark as drawn
from portal.pages.rules import COLOUR_KEYS, CONTACT_KEYS, STATEMENT_KEYS, Facts, days_of, statement_dates
from portal.ui.pages import page, say

STEPS = ("name", "look", "contact", "team", "residents", "done")
"""The set-up in order; free days can wait and stand in the settings only."""


@dataclass(frozen=True, slots=True)
class StepLink:
    """A step in the line of steps."""

    label: str
    href: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in the settings, and where it is changed."""

    label: Text
    value: Text
    href: str = ""


def _title(section: str) -> str:
    return {
        "name": _("Name and texts"),
        "look": _("Colours and mark"),
        "contact": _("Contacts"),
        "days": _("Free days and statement"),
        "team": _("Team"),
        "residents": _("What residents find"),
        "done": _("Done"),
    }[section]


def _in_setup() -> bool:
    return request.args.get("setup") == "1"


def _address(section: str) -> str:
    return url_for(f"pages.settings_{section}", setup=1 if _in_setup() else None)


def _steps(here: str) -> list[StepLink]:
    if not _in_setup():
        return []
    at = STEPS.index(here)
    return [
        StepLink(
            _title(name),
            url_for(f"pages.settings_{name}", setup=1),
            "here" if i == at else "past" if i < at else "ahead",
        )
        for i, name in enumerate(STEPS)
    ]


def _after(section: str) -> str:
    """Where one goes from here: the next step of the set-up, else back to the settings."""
    if not _in_setup():
        return url_for("pages.settings")
    return url_for(f"pages.settings_{STEPS[STEPS.index(section) + 1]}", setup=1)


def _filled(town: Town) -> dict[str, bool]:
    """Which steps of the set-up hold what a resident will miss if it is not there."""
    return {
        "name": bool(town.tagline and town.intro),
        "look": bool(town.colours),
        "contact": all(town.contact.get(key) for key in ("email", "phone", "address")),
        "team": bool(people.colleagues(town.id, Role.ADMIN)),
    }


def settings() -> FlaskResponse:
    """What is known of the municipality, with a way to change each part."""
    town: Town = g.town
    contact = queries.contact_of(town)
    dates = statement_dates(town.contact.get("statement", {}))
    at = {section: url_for(f"pages.settings_{section}") for section in ("name", "look", "contact", "days")}
    districts = [part["name"] for part in town.contact.get("districts", [])]
    lines = {
        "name": [
            Line(pgettext("municipality", "Name"), ", ".join(dict.fromkeys(town.names.values())), at["name"]),
            Line(_("One line about it"), town.tagline or "–"),
            Line(_("Two sentences on its front page"), town.intro or "–"),
        ],
        "look": [
            Line(_("Main colour"), palette(town.colours).brand, at["look"]),
            Line(_("Mark beside the name"), MOTIF_NAMES.get(town.mark, town.mark)),
        ],
        "contact": [
            Line(_("E-mail of the office"), contact.email or "–", at["contact"]),
            Line(_("Phone"), contact.phone or "–"),
            Line(_("Address"), contact.address or "–"),
            Line(_("The office that answers"), contact.office or "–"),
            Line(_("Opening hours"), contact.hours or "–"),
            Line(_("Districts or villages"), ", ".join(districts) or "–"),
        ],
        "days": [
            Line(
                _("Days on which the office is closed"),
                ", ".join(day(closed, "medium") for closed in _closures(town)) or "–",
                at["days"],
            ),
            Line(_("The statement was last reviewed on"), day(dates.reviewed)),
        ],
    }
    return page(
        "pages/settings.html",
        title=_("Settings"),
        sections=[(section, _title(section), found) for section, found in lines.items()],
        setup_href=url_for("pages.settings_name", setup=1),
        empty=[_title(section) for section, filled in _filled(town).items() if not filled],
    )


def _closures(town: Town) -> list[date]:
    return sorted(date.fromisoformat(text) for text in town.closures)


def _edit(
    section: str,
    form: SettingsForm,
    facts: Callable[[], Facts],
    wrong: Mapping[str, Text] | None = None,
    **context: Any,
) -> BaseResponse:
    """Show a page of settings, or take it over and go on. `wrong`: field → what its form cannot see by itself."""
    status, theirs = 200, []
    if form.is_submitted():
        good = form.validate()
        if wrong:
            form.blame(wrong)
        shows = request.form.get("go") == "preview"
        status = 200 if good and not wrong and shows else 422
        if good and not wrong and not shows:
            try:
                services.change_settings(
                    actors.current(), g.town.id, section, facts(), form.version.data or ""
                )
            except Conflict as problem:
                form.blame({}, problem.reason)
                status, theirs = 409, _changed_meanwhile(section, form)
            except Invalid as problem:
                form.blame(_named(form, problem.fields), problem.reason)
            else:
                say(_("Saved. Every page shows it at once."))
                return redirect(_after(section), 303)
    return page(
        f"pages/settings_{section}.html",
        status,
        layout="ui/wizard.html" if _in_setup() else "ui/desk.html",
        title=_title(section),
        form=form,
        steps=_steps(section),
        in_setup=_in_setup(),
        next_href=_after(section),
        theirs=theirs,
        languages=_languages(form),
        texts=TEXTS_OF.get(type(form), ()),
        **context,
    )


def _languages(form: SettingsForm) -> list[tuple[str, str, bool]]:
    """The languages of a form, the municipality's own first: key, name, whether something is to be mended there."""
    town: Town = g.town
    order = sorted(LOCALES, key=lambda locale: locale != town.language)
    return [
        (
            locale,
            LANGUAGE_NAMES[locale],
            any(field.errors for field in form if field.name.endswith(f"_{locale}")),
        )
        for locale in order
    ]


def _named(form: SettingsForm, fields: Mapping[str, Text]) -> dict[str, Text]:
    """What a service refused, at the fields of this form: a text by the one of the first language."""
    town: Town = g.town
    renamed = {"colour": "brand", "opened": "closed"}
    found = {}
    for name, reason in fields.items():
        own = renamed.get(name, name)
        found[own if own in form else f"{own}_{town.language}"] = reason
    return found


def _changed_meanwhile(section: str, form: SettingsForm) -> list[Line]:
    """What somebody else saved, where it differs from this form; saving once more keeps the form's."""
    tenancy.forget_towns()
    there = tenancy.town(g.town.slug)
    form.version.data = queries.made_from(there, section)
    return [
        Line(_labelled(form, name), str(value or "–"))
        for name, value in _FILLED_FROM[type(form)](there).items()
        if str(form[name].data or "") != str(value or "")
    ]


def _labelled(form: SettingsForm, name: str) -> str:
    label = str(form[name].label.text)
    locale = name.rpartition("_")[2]
    return f"{label} – {LANGUAGE_NAMES[locale]}" if locale in LANGUAGE_NAMES else label


def _texts(form: SettingsForm) -> dict[str, dict[str, str]]:
    return {
        key: {locale: form[f"{key}_{locale}"].data or "" for locale in LOCALES}
        for key in TEXTS_OF[type(form)]
    }


def _of_name(town: Town) -> dict[str, Any]:
    kept = {"name": town.names, "tagline": town.taglines, "intro": town.intros}
    return {f"{key}_{locale}": texts.get(locale, "") for key, texts in kept.items() for locale in LOCALES}


def name() -> BaseResponse:
    """Its name and what it says of itself, in each language."""
    form = NameForm(version=queries.made_from(g.town, "name"), **_of_name(g.town))
    return _edit("name", form, lambda: Facts(texts=_texts(form)))


def _of_look(town: Town) -> dict[str, Any]:
    kept = palette(town.colours)
    made = palette_from(kept.brand)
    ground = next((key for key, value in PRESETS.items() if value == kept.brand), OTHER)
    # Only shades the office chose: those that follow from the ground stay out of the form.
    own = {
        key: value
        for key, value in town.colours.items()
        if key in COLOUR_KEYS and value != getattr(made, key)
    }
    return {
        "ground": ground,
        "brand": kept.brand,
        "dark": "",
        "ink": "",
        "soft": "",
        **own,
        "mark": town.mark,
    }


def look() -> BaseResponse:
    """Colours and mark, with a look at them before they are saved."""
    town: Town = g.town
    form = LookForm(version=queries.made_from(town, "look"), **_of_look(town))
    colours = _colours(form)
    shown = palette({**town.colours, **colours})
    # Only what is a colour reaches an address, and only an address a page.
    sample = {key: getattr(shown, key)[1:] for key in COLOUR_KEYS}
    pairs = (
        (_("Text on the main colour"), shown.ink, shown.brand),
        (_("Links on the page"), shown.dark, "#ffffff"),
    )
    return _edit(
        "look",
        form,
        lambda: Facts(colours=colours, mark=form.mark.data or ""),
        None if colours.get("brand") else {"brand": _("Write the number of the colour, such as #8a2432.")},
        preview=request.form.get("go") == "preview",
        sheet_href=url_for("pages.settings_css", **sample),
        sample_href=url_for("pages.settings_mark", mark=form.mark.data or "", **sample),
        grounds=[(key, label, PRESETS.get(key, "")[1:]) for key, label in COLOUR_NAMES.items()],
        contrasts=[
            (label, f"{contrast(text, ground):.1f}", contrast(text, ground) >= LEAST_CONTRAST)
            for label, text, ground in pairs
        ],
        sample=sample,
    )


def _colours(form: LookForm) -> dict[str, str]:
    brand = form.brand.data if form.ground.data == OTHER else PRESETS.get(form.ground.data or "", "")
    typed = {"brand": brand, "dark": form.dark.data, "ink": form.ink.data, "soft": form.soft.data}
    told = {key: (value or "").lower() for key, value in typed.items()}
    before = palette(g.town.colours)
    if told["brand"] != before.brand:
        # Shades that the form only brought along belong to the former colour.
        told = {key: value for key, value in told.items() if value != getattr(before, key)}
    return completed(told)


def preview_css() -> FlaskResponse:
    """The style sheet of colours that are not saved, for the page that tries them on."""
    return _kept_short(stylesheet(palette(_sample())), "text/css")


def preview_mark() -> FlaskResponse:
    """A mark in colours that are not saved."""
    town: Town = g.town
    motif = request.args.get("mark", "")
    if motif not in ("", *Motif):
        raise Missing
    return _kept_short(drawn(motif, town.code, palette(_sample())), "image/svg+xml")


def _kept_short(body: str, media_type: str) -> FlaskResponse:
    # The address holds everything that decides it.
    response = FlaskResponse(body, mimetype=media_type)
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


def _sample() -> dict[str, str]:
    """The colours of the address; whatever is none becomes the portal's own."""
    given = {key: "#" + request.args.get(key, "") for key in COLOUR_KEYS if request.args.get(key)}
    return completed(given)


def _of_contact(town: Town) -> dict[str, Any]:
    contact = town.contact
    found: dict[str, Any] = {key: contact.get(key, "") for key in CONTACT_KEYS}
    found["districts"] = "\n".join(
        part["name"] for part in contact.get("districts", []) if not part.get("hidden")
    )
    for key in TEXTS_OF[ContactForm]:
        kept = contact.get(key) or {}
        texts = {town.language: kept} if isinstance(kept, str) else kept
        found |= {f"{key}_{locale}": texts.get(locale, "") for locale in LOCALES}
    return found


def contact() -> BaseResponse:
    """Where residents reach the office."""
    form = ContactForm(version=queries.made_from(g.town, "contact"), **_of_contact(g.town))
    return _edit(
        "contact",
        form,
        lambda: Facts(
            texts=_texts(form),
            contact={key: form[key].data or "" for key in CONTACT_KEYS},
            districts=[line.strip() for line in (form.districts.data or "").splitlines() if line.strip()],
        ),
    )


def _of_days(town: Town) -> dict[str, Any]:
    kept = town.contact.get("statement", {})
    dates = statement_dates(kept)
    return {
        "closed": "\n".join(f"{closed:%d.%m.%Y}" for closed in _closures(town)),
        **{key: getattr(dates, key) for key in STATEMENT_KEYS},
    }


def days() -> BaseResponse:
    """Free days, which no deadline counts, and the days the accessibility statement must name."""
    town: Town = g.town
    form = DaysForm(version=queries.made_from(town, "days"), **_of_days(town))
    wrong = _closed_problem(town, form)
    return _edit("days", form, lambda: _told_days(town, form), {"closed": wrong} if wrong else None)


def _closed_problem(town: Town, form: DaysForm) -> Text:
    """Why the days typed cannot be taken: a line that is no day, or a new day on which nobody works anyway."""
    days, unread = days_of(form.closed.data or "")
    if unread:
        return _("“%(line)s” is no day. Write it like 31.12.2026.", line=unread[0][:40])
    kept = _closures(town)
    idle = next((new for new in days if new not in kept and not is_working_day(new, town.country)), None)
    if idle is None:
        return ""
    return _(
        "%(day)s is a Saturday, Sunday or public holiday, which no deadline counts anyway. Take it out.",
        day=day(idle),
    )


def _told_days(town: Town, form: DaysForm) -> Facts:
    wanted = set(days_of(form.closed.data or "")[0])
    kept = set(_closures(town))
    told = {key: form[key].data for key in STATEMENT_KEYS}
    return Facts(
        closed=sorted(wanted - kept),
        opened=sorted(kept - wanted),
        statement={key: value.isoformat() if value else "" for key, value in told.items()},
    )


_FILLED_FROM: Mapping[type[SettingsForm], Callable[[Town], dict[str, Any]]] = {
    NameForm: _of_name,
    LookForm: _of_look,
    ContactForm: _of_contact,
    DaysForm: _of_days,
}


# The team, what the modules ask for, and the end of the set-up -----------------------------------------------


def team() -> BaseResponse:
    """Invite the people who will work here: the first administrator by the operator, then the others by them."""
    town: Town = g.town
    actor = actors.current()
    headed = bool(people.colleagues(town.id, Role.ADMIN))
    manages = can(actor, "member.manage")
    form: FirstAdminForm | InviteForm | ActForm = ActForm()
    if manages:
        form = InviteForm(language=town.language)
    elif not headed and can(actor, "portal.operate"):
        form = FirstAdminForm()
    if not isinstance(form, ActForm) and form.validate_on_submit():
        try:
            _invite(form, town)
        except (Invalid, Conflict) as problem:
            form.blame(getattr(problem, "fields", {}), problem.reason)
        else:
            say(_("The invitation is on its way to %(email)s.", email=form.address))
            return redirect(_address("team"), 303)
    return page(
        "pages/settings_team.html",
        422 if form.is_submitted() else 200,
        layout="ui/wizard.html" if _in_setup() else "ui/desk.html",
        title=_title("team"),
        form=form,
        steps=_steps("team"),
        in_setup=_in_setup(),
        next_href=url_for("pages.settings_residents", setup=1),
        headed=headed,
        confirm_href=url_for("accounts.confirm", next=_address("team")) if manages.would_help else "",
        duties={role.value: TEXTS[role].duty for role in Role},
        members=people.members(town.id) if can(actor, "member.read") else [],
        invited=[
            (one.email, ", ".join(str(TEXTS[role].title) for role in one.roles), moment(one.expires_at))
            for one in people.invited(town.id)
        ]
        if manages or can(actor, "portal.operate")
        else [],
    )


def _invite(form: FirstAdminForm | InviteForm, town: Town) -> None:
    key = form.form_key.data or ""
    if isinstance(form, InviteForm):
        invitations.invite(actors.current(), form.address, form.roles.data, form.language.data, key)
    else:
        invitations.send_first_admin(
            actors.current(), form.address, town.language, key, form.roles.data or ()
        )


@dataclass(frozen=True, slots=True)
class Task:
    """What a module asks of a new municipality. `href` is empty for whoever may not do it."""

    key: str
    title: Text
    why: Text
    now: str
    done: bool
    action: Text
    href: str


def _tasks() -> list[Task]:
    actor = actors.current()
    found = []
    for task in (task for module in registry.modules for task in module.setup):
        now, is_done = task.standing()
        href = url_for(task.endpoint, **task.values) if can(actor, task.permission) else ""
        found.append(Task(task.key, task.title, task.why, now, is_done, task.action, href))
    return found


def residents() -> FlaskResponse:
    """What each module shows residents of a new municipality, and where that is made its own."""
    return page(
        "pages/settings_residents.html",
        title=_title("residents"),
        steps=_steps("residents"),
        in_setup=_in_setup(),
        tasks=_tasks(),
        next_href=_after("residents"),
    )


def done() -> FlaskResponse:
    """The end of the set-up: what is there, what can still be filled in."""
    town: Town = g.town
    filled = {**_filled(town), "residents": all(task.done for task in _tasks())}
    return page(
        "pages/settings_done.html",
        title=_("%(name)s is ready", name=town.name) if all(filled.values()) else _("The set-up is over"),
        steps=_steps("done"),
        parts=[
            StepLink(
                _title(section),
                url_for(f"pages.settings_{section}", setup=1),
                "past" if is_filled else "ahead",
            )
            for section, is_filled in filled.items()
        ],
        town_href=url_for("pages.town"),
        settings_href=url_for("pages.settings"),
        intro=from_json(town.intros),
    )
