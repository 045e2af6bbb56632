"""The case desk: everything about one case on one page, and the small acts that begin there."""

import secrets
from dataclasses import dataclass
from datetime import date

from flask import Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from initiatives import queries, services
from initiatives.desk import comments, entry, shortcuts
from initiatives.desk.actions import Action, actions
from initiatives.desk.lists import Due, due_of
from initiatives.desk.sheets import Comparison, compared, may_compare
from initiatives.forms.desk import (
    VERDICT_LABELS,
    EditForm,
    NoteForm,
    answers_to_edit,
    editing,
    public_texts,
)
from initiatives.forms.verbs import version_of
from initiatives.models import Initiative, Place, StudyKind
from initiatives.services import Contact
from initiatives.states import CHANGEABLE, CHANNELS, DEADLINES, OUTCOMES, WHO, WORKFLOW
from portal.accounts import queries as accounts
from portal.accounts.rules import own_path
from portal.content import queries as content
from portal.content.models import FileRole
from portal.content.rules import REASONS
from portal.core import actor as actors
from portal.core import tenancy
from portal.core.actor import Actor
from portal.core.errors import Conflict, Invalid, Missing
from portal.core.i18n import LANGUAGE_NAMES, Text, current_locale, day, money, number
from portal.core.i18n import gettext as _
from portal.core.policy import can
from portal.core.workflow import Lane
from portal.notify import queries as notices
from portal.ui.pages import Link, page, say
from portal.ui.reading import CaseReasonForm, ReasonForm
from portal.ui.sending import send_stored

WHY = "why-"
SIMILAR_IN = ("submitted", "published", "assigned")
"""States in which a double is still worth looking for."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the facts beside a case."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Clock:
    """An open deadline."""

    label: Text
    due: Due | None
    extended: bool


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the case."""

    row: content.FileRow
    href: str
    small_href: str


def case(number: str) -> Response:
    """The case desk."""
    return _shown(entry.opened(number))


def why(number: str) -> BaseResponse:
    """What somebody opens a case for that is handled without publication; then it opens, and they get to where they went."""
    found = entry.found(number)
    target = own_path(request.args.get("next")) or entry.href_of(found)
    if request.method == "GET" and not entry.is_shut(found):
        return redirect(target, 303)
    form = CaseReasonForm()
    if form.validate_on_submit():
        entry.read(found, form.why)
        return redirect(target, 303)
    return page(
        "initiatives/desk/why.html",
        422 if form.is_submitted() else 200,
        title=_("What do you open %(number)s for?", number=found.number),
        crumbs=entry.crumbs(),
        form=form,
        confirm_label=_("Open the case"),
        back_href=url_for("initiatives.desk"),
    )


def contact(number: str) -> BaseResponse:
    """The case desk with the author's contact data open, once it is said why; that leaves an audit entry (R35)."""
    found = entry.opened(number, "initiative.contact")
    if request.method == "GET":  # After signing in, or in another language: the button is pressed anew.
        return entry.back_to(found)
    form = ReasonForm(prefix=WHY)
    if not form.validate_on_submit():
        return _shown(found, reason_form=form)
    read = services.read_contact(actors.current(), found.id, form.why)
    return _shown(entry.opened(number), contact=read)


def new_code(number: str) -> BaseResponse:
    """A new secret code for somebody who lost theirs, to be read out; a link goes to their contact."""
    found = entry.opened(number, "initiative.contact")
    if request.method == "GET":
        return entry.back_to(found)
    code = services.new_code(actors.current(), found.id, request.form.get("key") or secrets.token_urlsafe(16))
    return _shown(entry.opened(number), code=code)


def note(number: str) -> BaseResponse:
    """Write an internal note."""
    found = entry.opened(number, "initiative.note")
    if request.method == "GET":
        return entry.back_to(found)
    form = NoteForm()
    if not form.validate_on_submit():
        return _shown(found, note_form=form)
    try:
        services.add_note(
            actors.current(),
            found.id,
            form.text.data or "",
            form.form_key.data or "",
            form.people.data or (),
        )
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _shown(entry.opened(number), note_form=form)
    say(_("The note stands in the history. Only the office reads it."))
    return entry.back_to(found)


def mention(number: str) -> BaseResponse:
    """Say that one has read what a colleague's note wanted."""
    found = entry.opened(number, "initiative.note")
    if request.method == "POST":
        services.read_mentions(actors.current(), found.id)
    return entry.back_to(found)


def file(number: str, file_id: int) -> Response:
    """A file of the case; a photo as we drew it anew, small with `?size=small`.

    What came in, with all it may hold unseen, opens on the page that blacks out parts, for moderators, and is logged (R35).
    """
    found = entry.opened(number)
    row = content.attachment(*found.about, file_id)
    if row is None:
        raise Missing
    if row.waits and not row.role.is_picture:
        raise Missing
    is_small = request.args.get("size") == "small" and row.thumb_key
    return send_stored(
        row.thumb_key if is_small and row.thumb_key else row.key, row.media_type, row.name, public=False
    )


def edit(number: str) -> BaseResponse:
    """Take personal data out of the text, or put the case into the right category or district."""
    found = entry.opened(number, "initiative.moderate")
    form = editing(found)(
        title=found.title,
        text=found.text,
        address=found.address,
        category=found.category,
        district=found.district,
        version=str(found.version),
        **answers_to_edit(found),
    )
    if not form.validate_on_submit():
        return _edit_page(found, form, 422 if form.is_submitted() else 200)
    try:
        services.redact(
            actors.current(),
            found.id,
            form.title.data or "",
            form.text.data or "",
            form.address.data or "",
            form.category.data or "",
            version_of(form),
            form.note.data or "",
            form.answers(),
            form.district.data,
        )
    except Invalid as problem:
        form.blame(problem.fields, problem.reason)
        return _edit_page(entry.opened(number), form, 422)
    except Conflict:
        now = entry.opened(number)
        mine = (form.title.data, form.text.data, form.address.data or "", form.category.data, form.answers())
        theirs = (now.title, now.text, now.address, now.category, public_texts(now))
        if (*theirs, now.district) == (*mine, form.district.data):
            return entry.back_to(now)
        form.version.data = str(now.version)
        return _edit_page(now, form, 409)
    say(_("The text was changed."))
    return entry.back_to(found)


def _edit_page(found: Initiative, form: EditForm, status: int) -> Response:
    return page(
        "initiatives/desk/edit.html",
        status,
        title=_("Edit the text"),
        crumbs=entry.crumbs(found),
        case=found,
        form=form,
        changed=status == 409,
        joint=_joint_text(found) if status == 409 and found.state == "merged" else None,
        present_category=queries.category_label(found.category),
        back_href=entry.href_of(found),
    )


def _joint_text(found: Initiative) -> Initiative | None:
    """The case it goes on in since it was merged meanwhile: whoever edits sees both texts."""
    joint = queries.joint_of(found)
    return joint if joint.id != found.id and can(actors.current(), "initiative.desk", joint) else None


# ---- the page ----


def _shown(
    found: Initiative,
    *,
    note_form: NoteForm | None = None,
    reason_form: ReasonForm | None = None,
    contact: Contact | None = None,
    code: str = "",
) -> Response:
    actor = actors.current()
    town: tenancy.Town = g.town
    wrong = note_form or reason_form
    decisions = queries.decisions(found.id)
    clocks = _clocks(found, town)
    shown_files = _files(found)
    acts = [*_study_actions(actor, found), *actions(actor, found)]
    writes = None
    if can(actor, "initiative.note", found):
        writes = note_form or NoteForm(formdata=None)
        writes.offer(queries.to_mention(found, actor.user_id))
    response = page(
        "initiatives/desk/case.html",
        422 if wrong else 200,
        title=found.title or found.number,
        crumbs=entry.crumbs(),
        case=found,
        wrong=wrong,
        category=queries.category_label(found.category),
        answers=queries.answered(found, team=bool(can(actor, "initiative.note", found))),
        language=LANGUAGE_NAMES.get(found.language, found.language),
        is_foreign=found.language != current_locale(),
        public_href=url_for("initiatives.detail", number=entry.slug_of(found)) if found.is_public else "",
        clocks=clocks,
        actions=acts,
        keys=shortcuts.for_case(found, acts, notes=writes is not None),
        facts=_facts(found),
        photos=[view for view in shown_files if view.row.role is FileRole.PHOTO],
        documents=[view for view in shown_files if view.row.role is FileRole.DOCUMENT],
        contact=contact,
        code=code,
        original=found.author.original if contact and found.author else None,
        new_code_href=_new_code_href(actor, found),
        new_code_key=secrets.token_urlsafe(16),
        contact_href=_contact_href(actor, found),
        is_erased=found.author is not None and found.author.is_erased,
        reason_form=reason_form or ReasonForm(formdata=None, prefix=WHY),
        contact_language=LANGUAGE_NAMES.get(contact.locale, contact.locale) if contact else "",
        public_name=found.author.name if found.author and found.author.shows_name else "",
        edit_href=url_for("initiatives.case_edit", number=entry.slug_of(found))
        if can(actor, "initiative.moderate", found)
        else "",
        redact_href=url_for("initiatives.redact", number=entry.slug_of(found))
        if can(actor, "initiative.moderate", found)
        else "",
        steps=queries.timeline(found, tuple(Lane)),
        note_form=writes,
        mentions=queries.open_mentions(found.id, actor.user_id),
        mention_href=url_for("initiatives.mention", number=entry.slug_of(found)),
        note_href=url_for("initiatives.note", number=entry.slug_of(found)),
        comments=comments.views_of_case(found) if can(actor, "initiative.hear", found) else [],
        comments_href=url_for("initiatives.comments_file", number=entry.slug_of(found)),
        speak_href=url_for("initiatives.case_speak", number=entry.slug_of(found))
        if found.is_public and found.state != "withdrawn" and can(actor, "initiative.speak", found)
        else "",
        reasons=REASONS,
        offices=WHO,
        messages=notices.for_case(*found.about) if can(actor, "message.read") else [],
        reads_messages=bool(can(actor, "message.read")),
        opinions=queries.opinions(found.id),
        decisions=decisions,
        verdicts=VERDICT_LABELS,
        studies=_studies(actor, found),
        similar=_similar(found),
        referred_to=queries.referred_to(found),
        referred_from=queries.referred_from(found),
        usual=_usual(actor, found),
        merged_number=queries.number_of(found.merged_into_id) if found.merged_into_id else None,
        joined=queries.joined_to([found.id]) if found.joined_count else [],
        merging=_merging(actor, found),
        changes=queries.changes_told(found, mine=True) if decisions or found.state in CHANGEABLE else [],
        milestones=queries.milestones(found.id),
        currency=found.currency,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _usual(actor: Actor, found: Initiative) -> queries.Usual | None:
    """Whom such cases usually belong to, for whoever can still refer it."""
    if found.state not in WORKFLOW.move("transfer").sources or not can(actor, "initiative.assign", found):
        return None
    return queries.usually_of(found)


@dataclass(frozen=True, slots=True)
class Merging:
    """An open proposal to merge: the other case, and what each author said; the link is the author's own page."""

    proposal: queries.Proposal
    desk_href: str
    answers: list[Fact]
    answer_href: str


def _merging(actor: Actor, found: Initiative) -> Merging | None:
    proposal = queries.proposal(found)
    if proposal is None:
        return None
    other = queries.case_by_number(proposal.number, with_sheets=False)
    return Merging(
        proposal,
        url_for("initiatives.case", number=proposal.number.lower()),
        [
            Fact(_("Author of this one"), _said(found, proposal.agrees)),
            Fact(_("Author of the other one"), _said(other, proposal.other_agrees)),
        ],
        url_for("initiatives.merge", number=entry.slug_of(found))
        if can(actor, "initiative.own", found)
        else "",
    )


def _said(case: Initiative, agrees: bool | None) -> str:
    if agrees is not None:
        return _("agrees") if agrees else _("does not agree")
    silent = {
        "told": _("has not answered yet"),
        "looks": _("left no contact; may answer with number and code, silence is taken for a yes"),
        "nobody": _("cannot be asked: there is no contact"),
    }
    return silent[services.party(case, None).reach]


def _clocks(found: Initiative, town: tenancy.Town) -> list[Clock]:
    today: date = found.local_today
    return [
        Clock(DEADLINES.get(row.key, row.key), due_of(row.due_on, today, town), row.extended)
        for row in content.open_deadlines(*found.about)
    ]


def _study_actions(actor: Actor, found: Initiative) -> list[Action]:
    """The ways to the pages of studies, synthesis and milestones that are open to this person."""
    slug = entry.slug_of(found)
    acts = []
    for kind in StudyKind:
        if found.state == f"{kind.value}_study" and can(actor, "initiative.assess", found):
            done = may_compare(found, kind, actor.user_id)
            label = _("Compare the sheets") if done else _("Write my sheet")
            acts.append(
                Action(label, url_for("initiatives.study", number=slug, kind=kind.value), main=not done)
            )
    if can(actor, "initiative.realise", found) and (
        found.phase == "building" or found.state in services.GOES_ON
    ):
        label = _("News, milestones, money, photos")
        acts.append(Action(label, url_for("initiatives.realisation", number=slug)))
    if found.state == "recommendation" and not found.withheld and can(actor, "initiative.recommend", found):
        acts.append(
            Action(_("Agenda of the steering group"), url_for("initiatives.case_agenda", number=slug))
        )
    if can(actor, "initiative.count", found):
        acts.append(Action(_("Signatures on paper"), url_for("initiatives.signatures", number=slug)))
    return acts


def _new_code_href(actor: Actor, found: Initiative) -> str:
    """Where a lost code is replaced; authors with an account have none."""
    author = found.author
    if author is None or author.is_erased or author.user_id is not None:
        return ""
    if not can(actor, "initiative.contact", found):
        return ""
    return url_for("initiatives.new_code", number=entry.slug_of(found))


def _contact_href(actor: Actor, found: Initiative) -> str:
    if found.author is None or found.author.is_erased or not can(actor, "initiative.contact", found):
        return ""
    return url_for("initiatives.contact", number=entry.slug_of(found))


def _facts(found: Initiative) -> list[Fact]:
    people = {found.lead_user_id or 0, *found.reviewer_ids} - {0}
    names = accounts.names(people)
    reviewers = [names[user_id] for user_id in found.reviewer_ids if user_id in names]
    facts = [
        (_("Number"), found.number or ""),
        (_("Old number"), found.external_number or ""),
        (_("Filed on"), day(found.submitted_at)),
        (_("How it came"), str(CHANNELS.get(found.channel.value, found.channel.value))),
        (_("Category"), str(queries.category_label(found.category) or found.category)),
        (_("Place"), _place(found)),
        (_("District"), found.district),
        (_("Rough cost"), money(found.cost_minor, found.currency)),
        (_("Supporters"), number(found.support_count)),
        (_("Of them on paper"), number(found.paper_count) if found.paper_count else ""),
        (_("Support open until"), day(found.support_until)),
        (_("Department"), found.department),
        (_("Lead"), names.get(found.lead_user_id or 0, "")),
        (_("Reviewers"), ", ".join(reviewers)),
        (_("Referred to"), _referral(queries.referred_to(found))),
        (_("Referred here by"), _referral(queries.referred_from(found))),
        (_("Returns on"), day(found.returns_on) if found.state == "deferred" else ""),
        (_("Appeal possible until"), day(found.appeal_until) if found.state == "refused" else ""),
        (_("Outcome"), "" if found.outcome.value == "none" else str(OUTCOMES[found.outcome.value])),
    ]
    return [Fact(label, value) for label, value in facts if value]


def _referral(found: queries.Referral | None) -> str:
    return "" if found is None else ", ".join(filter(None, (found.name, day(found.on) if found.on else "")))


def _place(found: Initiative) -> str:
    if found.place is Place.WHOLE:
        return _("The whole municipality")
    point = ""
    if found.lat is not None and found.lon is not None:
        point = f"{found.lat:.5f}, {found.lon:.5f}"
    return ", ".join(filter(None, (found.address, point)))


def _files(found: Initiative) -> list[FileView]:
    slug = entry.slug_of(found)
    return [
        FileView(
            row,
            url_for("initiatives.case_file", number=slug, file_id=row.id),
            url_for("initiatives.case_file", number=slug, file_id=row.id, size="small"),
        )
        for row in content.files(*found.about, public_only=False)
    ]


def _studies(actor: Actor, found: Initiative) -> list[Comparison]:
    """The studies as far as this person may see them."""
    comparisons = (compared(found, kind) for kind in StudyKind if may_compare(found, kind, actor.user_id))
    return [comparison for comparison in comparisons if comparison]


def _similar(found: Initiative) -> list[Link]:
    """Others that may say the same, for whoever decides whether it is a double."""
    if found.state not in SIMILAR_IN:
        return []
    return [
        Link(f"{other.title} ({other.number})", url_for("initiatives.case", number=other.number.lower()))
        for other in queries.similar(found.title, found.text, found.lat, found.lon, found.id)
    ]
