"""The workflow of initiatives: states with their labels and public meaning, moves with their guards.

Source: product design sections 5.1 and 7.1 (docs/initiatives.md).
"""

from dataclasses import replace

from initiatives import rules
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.workflow import Lane, Move, Note, State, Workflow

PHASES = {
    "new": _p("initiative phase", "new"),
    "study": _p("initiative phase", "being studied"),
    "decision": _p("initiative phase", "awaiting decision"),
    "building": _p("initiative phase", "being carried out"),
    "built": _p("initiative phase", "carried out"),
    "ended": _p("initiative phase", "ended"),
}
"""Public phases in the order of the road; what filters and pins use."""
OPEN_PHASES = ("new", "study", "decision", "building")

AUTHOR = _l("the author")
REVIEWER = _l("the monitoring team")
LEADER = _l("the team leader")
DECIDER = _l("the decision-maker of the office")
OTHER_DECIDER = _l("another decision-maker than the one who refused")
OWNER = _l("the department in charge")
NOBODY = _l("nobody; the case is closed")

STATES = (
    State(
        "draft",
        _p("initiative state", "draft"),
        "draft",
        _l("Only you see this. It is kept for 60 days."),
        AUTHOR,
        public=False,
    ),
    State(
        "submitted",
        _p("initiative state", "submitted"),
        "hidden",
        _l(
            "The monitoring team checks the text; then it is published. The day by which it does so stands here."
        ),
        REVIEWER,
        public=False,
    ),
    State(
        "held",
        _p("initiative state", "held"),
        "hidden",
        _l("Publishing was stopped. The reason stands on the page of the initiative, with how to object."),
        LEADER,
        public=False,
    ),
    State(
        "returned",
        _p("initiative state", "needs completion"),
        "hidden",
        _l("Something is missing. Complete what the team listed by the day that stands here."),
        AUTHOR,
        public=False,
    ),
    State(
        "lapsed",
        _p("initiative state", "left without action"),
        "hidden",
        _l("It was not completed in time. The author may take it up again within 30 days."),
        AUTHOR,
        public=False,
    ),
    State(
        "published",
        _p("initiative state", "published"),
        "new",
        _l("Everybody can read and support it. The team leader passes it on to those who study it."),
        LEADER,
    ),
    State(
        "assigned",
        _p("initiative state", "assigned"),
        "new",
        _l("A department has it; two reviewers start the studies."),
        REVIEWER,
    ),
    State(
        "purpose_study",
        _p("initiative state", "purpose study"),
        "study",
        _l("Reviewers examine who needs it, how many it reaches and what residents say."),
        REVIEWER,
    ),
    State(
        "feasibility_study",
        _p("initiative state", "feasibility study"),
        "study",
        _l("Reviewers examine law, land, technique, time and money."),
        REVIEWER,
    ),
    State(
        "recommendation",
        _p("initiative state", "awaiting decision"),
        "decision",
        _l("Both studies are finished; the decision is due on the day shown."),
        DECIDER,
    ),
    State(
        "adopted",
        _p("initiative state", "adopted"),
        "building",
        _l("The office will do it. The reasons stand on the page of the initiative."),
        OWNER,
    ),
    State(
        "partly_adopted",
        _p("initiative state", "partly adopted"),
        "building",
        _l(
            "The office will do a part of it. What is left out stands on the page of the initiative, with reasons."
        ),
        OWNER,
    ),
    State(
        "deferred",
        _p("initiative state", "deferred"),
        "decision",
        _l("The decision was put off to the day shown, with reasons."),
        LEADER,
    ),
    State(
        "refused",
        _p("initiative state", "refused"),
        "ended",
        _l(
            "The office will not do it. The reasons stand on the page of the initiative; the author may appeal within seven days."
        ),
        AUTHOR,
    ),
    State(
        "appealed",
        _p("initiative state", "under appeal"),
        "decision",
        _l("Another person than the one who refused decides within 14 days."),
        OTHER_DECIDER,
    ),
    State(
        "planned", _p("initiative state", "planned"), "building", _l("Milestones and money are set."), OWNER
    ),
    State(
        "in_progress",
        _p("initiative state", "in progress"),
        "building",
        _l("Work goes on; the share done stands on the page of the initiative."),
        OWNER,
    ),
    State(
        "done",
        _p("initiative state", "done"),
        "built",
        _l("It is built. The author is asked whether it helped."),
        AUTHOR,
    ),
    State(
        "partly_done",
        _p("initiative state", "partly done"),
        "built",
        _l("A part is built; what is missing and why stands on the page of the initiative."),
        AUTHOR,
    ),
    State(
        "abandoned",
        _p("initiative state", "abandoned"),
        "ended",
        _l("Work was given up; the reasons stand on the page of the initiative."),
        NOBODY,
    ),
    State(
        "confirmed",
        _p("initiative state", "confirmed"),
        "built",
        _l("The author confirmed that it helped."),
        NOBODY,
    ),
    State(
        "disputed",
        _p("initiative state", "disputed"),
        "built",
        _l("The author says it is not done; the owner answers."),
        OWNER,
        mark="decision",
    ),
    State(
        "merged",
        _p("initiative state", "merged"),
        "ended",
        _l("It goes on together with another initiative."),
        NOBODY,
    ),
    State(
        "transferred",
        _p("initiative state", "referred"),
        "ended",
        _l("Another body is responsible for it."),
        NOBODY,
    ),
    State(
        "withdrawn",
        _p("initiative state", "withdrawn"),
        "ended",
        _l("The author took it back."),
        NOBODY,
    ),
)

HIDDEN = ("submitted", "held", "returned", "lapsed")
STUDIES = ("purpose_study", "feasibility_study")
VERDICTS = ("adopted", "partly_adopted", "deferred", "refused")
WITHDRAWABLE = (
    "draft", *HIDDEN, "published", "assigned", *STUDIES, "recommendation", "deferred", "appealed",
)  # fmt: skip
CORRECTIONS: dict[str, str] = {
    "assigned": "published",
    "purpose_study": "assigned",
    "feasibility_study": "purpose_study",
    "recommendation": "feasibility_study",
    "adopted": "recommendation",
    "partly_adopted": "recommendation",
    "deferred": "recommendation",
    "refused": "recommendation",
    "planned": "adopted",
    "in_progress": "planned",
    "done": "in_progress",
    "partly_done": "in_progress",
    "abandoned": "in_progress",
    "confirmed": "done",
    "disputed": "done",
    "merged": "published",
    "transferred": "published",
    "published": "submitted",
    "held": "submitted",
    "returned": "submitted",
}
"""Where a logged reversal leads back to: the step before."""

MOVES = (
    Move(
        "submit",
        _l("Send"),
        ("draft", "returned", "lapsed"),
        ("submitted",),
        "initiative.own",
        guards=(rules.can_be_sent,),
        note=Note.NONE,
        lane=Lane.AUTHOR,
        notice="initiative.received",
    ),
    Move(
        "publish",
        _l("Publish"),
        ("submitted", "held"),
        ("published",),
        "initiative.moderate",
        notice="initiative.published",
        help=_l("Everybody can read it from now on. Check that no personal data of others stands in it."),
    ),
    Move(
        "send_back",
        _l("Return for completion"),
        ("submitted",),
        ("returned",),
        "initiative.moderate",
        guards=(rules.not_returned_before,),
        note=Note.REQUIRED,
        lane=Lane.AUTHOR,
        notice="initiative.returned",
        help=_l("Once only; the author has a few working days. Write each defect on a line of its own."),
    ),
    Move(
        "hold",
        _l("Hold back"),
        ("submitted",),
        ("held",),
        "initiative.moderate",
        note=Note.REQUIRED,
        lane=Lane.AUTHOR,
        notice="initiative.held",
        help=_l("For spam and offences only. The author gets the reason and may object."),
    ),
    Move(
        "lapse",
        _l("Leave without action"),
        ("returned",),
        ("lapsed",),
        "initiative.moderate",
        lane=Lane.AUTHOR,
        notice="initiative.lapsed",
        help=_l("Happens by itself when the working days for it have passed."),
    ),
    Move(
        "assign",
        _l("Assign"),
        ("published", "assigned"),
        ("assigned",),
        "initiative.assign",
        guards=(rules.has_lead,),
        notice="initiative.assigned",
        help=_l("Name the department, the lead and the reviewers. At least two reviewers are needed."),
    ),
    Move(
        "start_purpose",
        _l("Start the purpose study"),
        ("assigned",),
        ("purpose_study",),
        "initiative.assess",
        guards=(rules.has_two_reviewers,),
        notice="initiative.study_started",
    ),
    Move(
        "start_feasibility",
        _l("Go on to the feasibility study"),
        ("purpose_study",),
        ("feasibility_study",),
        "initiative.assess",
        guards=(rules.purpose_complete,),
    ),
    Move(
        "recommend",
        _l("Recommend"),
        ("feasibility_study",),
        ("recommendation",),
        "initiative.recommend",
        guards=(rules.study_complete, rules.synthesis_complete),
    ),
    Move(
        "resume",
        _l("Return to the decision"),
        ("deferred",),
        ("recommendation",),
        "initiative.recommend",
        help=_l("Happens by itself on the day the decision named."),
    ),
    Move(
        "decide",
        _l("Decide"),
        ("recommendation",),
        VERDICTS,
        "initiative.decide",
        guards=(rules.study_complete,),
        note=Note.REQUIRED,
        notice="initiative.decided",
        help=_l("The reasons are published at once and sent to the author and to everybody who follows."),
    ),
    Move(
        "appeal",
        _l("Appeal"),
        ("refused",),
        ("appealed",),
        "initiative.own",
        guards=(rules.may_appeal,),
        note=Note.REQUIRED,
        notice="initiative.appealed",
    ),
    Move(
        "uphold",
        _l("Uphold the refusal"),
        ("appealed",),
        ("refused",),
        "initiative.decide_appeal",
        note=Note.REQUIRED,
        notice="initiative.appeal_decided",
        help=_l("The refusal then stands for good."),
    ),
    Move(
        "reverse",
        _l("Reverse the refusal"),
        ("appealed",),
        ("adopted", "partly_adopted", "deferred"),
        "initiative.decide_appeal",
        note=Note.REQUIRED,
        notice="initiative.appeal_decided",
    ),
    Move(
        "plan",
        _l("Plan"),
        ("adopted", "partly_adopted"),
        ("planned",),
        "initiative.realise",
        note=Note.REQUIRED,
        notice="initiative.progress",
        help=_l("Name the milestones and the money set aside."),
    ),
    Move(
        "start",
        _l("Start the work"),
        ("planned",),
        ("in_progress",),
        "initiative.realise",
        notice="initiative.progress",
    ),
    Move(
        "finish",
        _l("Finish"),
        ("in_progress",),
        ("done", "partly_done"),
        "initiative.realise",
        note=Note.REQUIRED,
        notice="initiative.progress",
        help=_l("Say what was built, and what it cost against the plan."),
    ),
    Move(
        "answer",
        _l("Answer the objection"),
        ("disputed",),
        ("done", "partly_done"),
        "initiative.realise",
        note=Note.REQUIRED,
        notice="initiative.progress",
        help=_l(
            "The result stays, and everybody reads why. To mend something instead, take the work up again."
        ),
    ),
    Move(
        "abandon",
        _l("Abandon"),
        ("planned", "in_progress"),
        ("abandoned",),
        "initiative.realise",
        note=Note.REQUIRED,
        notice="initiative.progress",
    ),
    Move(
        "confirm",
        _l("It helped"),
        ("done", "partly_done"),
        ("confirmed",),
        "initiative.own",
    ),
    Move(
        "dispute",
        _l("It is not done"),
        ("done", "partly_done"),
        ("disputed",),
        "initiative.own",
        note=Note.REQUIRED,
    ),
    Move(
        "resume_work",
        _l("Take the work up again"),
        ("disputed",),
        ("in_progress",),
        "initiative.realise",
        notice="initiative.progress",
    ),
    Move(
        "merge",
        _l("Merge into another"),
        ("published", "assigned"),
        ("merged",),
        "initiative.assign",
        guards=(rules.has_merge_consent,),
        note=Note.REQUIRED,
        notice="initiative.merged",
    ),
    Move(
        "split",
        _l("Split off again"),
        ("merged",),
        ("published",),
        "initiative.assign",
        note=Note.REQUIRED,
        notice="initiative.split",
    ),
    Move(
        "transfer",
        _l("Refer to another body"),
        ("published", "assigned"),
        ("transferred",),
        "initiative.assign",
        note=Note.REQUIRED,
        notice="initiative.transferred",
    ),
    Move(
        "withdraw",
        _l("Withdraw"),
        WITHDRAWABLE,
        ("withdrawn",),
        "initiative.own",
        notice="initiative.withdrawn",
    ),
    Move(
        "correct",
        _l("Correct"),
        tuple(CORRECTIONS),
        tuple(dict.fromkeys(CORRECTIONS.values())),
        "initiative.correct",
        note=Note.REQUIRED,
        notice="initiative.corrected",
        help=_l("Takes the last step back. The correction and its reason stay in the public history."),
    ),
)

BULK = (
    "assign", "reply", "publish", "send_back", "hold", "start_purpose", "start_feasibility", "resume", "transfer",
    "start",
)  # fmt: skip
"""Verbs that many cases can go through at once with one form. Decisions never: each of them has its own reasons."""
BULK_ENDS_PROPOSAL = ("start_purpose", "transfer")
"""Those after which a proposal to merge the case falls."""

WORDED = (
    "publish", "send_back", "hold", "assign", "decide", "uphold", "reverse", "plan", "start", "finish", "answer",
    "abandon", "resume_work", "merge", "drop_merge", "split", "transfer", "extend", "reply", "open", "correct",
    "accept_change", "decline_change",
)  # fmt: skip
"""Verbs of the desk that carry words, in the order of the road: what reply templates are made for."""

WORKFLOW = Workflow("initiative", "draft", STATES, MOVES)

ARRIVE, CALL_BACK = "arrive", "call_back"
"""Steps that follow from what another municipality did: it refers a case here, or takes that back. No moves of the
table, as nobody here makes them."""

EXTEND = Move(
    "extend",
    _l("Give more time"),
    (*STUDIES, "recommendation"),
    (*STUDIES, "recommendation"),
    "initiative.assign",
    note=Note.REQUIRED,
    notice="initiative.extended",
    help=_l("Once for each deadline. The new day and the reason are public."),
)
REPLY = Move(
    "reply",
    _l("Write to the author"),
    tuple(state.key for state in WORKFLOW.states if state.key != "draft"),
    tuple(state.key for state in WORKFLOW.states if state.key != "draft"),
    "initiative.moderate",
    guards=(rules.has_author,),
    note=Note.REQUIRED,
    lane=Lane.AUTHOR,
    notice="initiative.reply",
    help=_l("The author gets it as a message and finds it on the page of the case."),
)
OPEN = Move(
    "open",
    _l("Publish as the author asks"),
    tuple(state.key for state in WORKFLOW.states if state.key != "draft"),
    tuple(state.key for state in WORKFLOW.states if state.key != "draft"),
    "initiative.moderate",
    guards=(rules.is_asked_to_open,),
    notice="initiative.published",
    help=_l(
        "So far only the author and the team read it. Check that no personal data of anybody stands in it."
    ),
)
PROPOSE = Move(
    "merge",
    _l("Propose to merge it into another"),
    WORKFLOW.move("merge").sources,
    WORKFLOW.move("merge").sources,
    "initiative.assign",
    note=Note.REQUIRED,
    notice="initiative.merge_asked",
    help=_l(
        "Both authors are asked and have seven days. It is merged when both agree, and stays as it is when one of "
        "them says no or an author we can reach does not answer. Both pages stay, and supporters choose for themselves."
    ),
)
DROP_MERGE = Move(
    "drop_merge",
    _l("Take the proposal to merge back"),
    tuple(state.key for state in WORKFLOW.states if state.public),
    tuple(state.key for state in WORKFLOW.states if state.public),
    "initiative.assign",
    guards=(rules.has_merge_proposal,),
    note=Note.REQUIRED,
    notice="initiative.merge_off",
    help=_l("Both go on by themselves, and both authors are told why."),
)
CHANGEABLE = ("adopted", "partly_adopted", "planned", "in_progress")
"""States of a decision that is to be carried out: its author may propose to change it."""
ACCEPT_CHANGE = Move(
    "accept_change",
    _l("Accept the change"),
    CHANGEABLE,
    CHANGEABLE,
    "initiative.assign",
    guards=(rules.has_change_proposal,),
    note=Note.REQUIRED,
    notice="initiative.change_accepted",
    help=_l(
        "The decision and the state stay. What changes stands beside the decision from now on, with your reasons."
    ),
)
DECLINE_CHANGE = Move(
    "decline_change",
    _l("Decline the change"),
    CHANGEABLE,
    CHANGEABLE,
    "initiative.assign",
    guards=(rules.has_change_proposal,),
    note=Note.REQUIRED,
    notice="initiative.change_declined",
    help=_l("Everything stays as it was decided. The author may propose another change later."),
)
CHANGE_ANSWERS = (ACCEPT_CHANGE.verb, DECLINE_CHANGE.verb)
BESIDE = {
    move.verb: move for move in (EXTEND, REPLY, OPEN, PROPOSE, DROP_MERGE, ACCEPT_CHANGE, DECLINE_CHANGE)
}
"""No moves of the table, as the state stays; to whoever works with the case they are."""


NOT_COUNTED = ("withdrawn", "merged")
"""Public states in which no signatures on paper are counted: they could not follow a case to its joint page."""


def at_desk(verb: str) -> Move:
    """What a verb is at the desk: there a merge is a proposal first. Raises KeyError."""
    return BESIDE.get(verb) or WORKFLOW.move(verb)


TAKEN_OVER = {
    "published": replace(
        WORKFLOW.state("published"),
        help=_l(
            "It was taken over from an earlier system with its steps so far. Everybody can read and support it; "
            "the monitoring team has not taken it up here yet."
        ),
    ),
    "done": replace(
        WORKFLOW.state("done"),
        help=_l("It was ended in an earlier system and taken over from there."),
        next_actor=NOBODY,
    ),
}
"""States of a case that came by an import and that nobody has touched here: nothing is promised, no clock runs."""
WITHHELD = {
    "submitted": replace(
        WORKFLOW.state("submitted"),
        help=_l(
            "The monitoring team checks the text, without publishing it. The day by which it does so stands here."
        ),
    ),
    "published": replace(
        WORKFLOW.state("published"),
        label=_p("initiative state", "checked"),
        help=_l("The team has checked it and takes it up. It is handled without publication."),
    ),
}
"""States of a case whose author wants it handled without publication, where the usual words would be wrong."""
CHECK_OFF = replace(
    WORKFLOW.move("publish"),
    label=_l("Check it off, without publication"),
    help=_l("It goes on like any other, but only the author and the team ever read it."),
)
"""The move `publish` of such a case."""
STATES_OF_PHASE = {phase: WORKFLOW.keys(phase) for phase in PHASES}

GONE = frozenset({"merged", "transferred", "withdrawn"})
"""States of cases that go on elsewhere or not at all, of which nothing will come here."""

CHANGE_OF = {
    "text": _l("The title or the text"),
    "place": _l("The place"),
    "work": _l("What is to be done"),
}
"""What a proposed change concerns."""
CHANGE_OUTCOMES = {
    "open": _p("proposed change", "waits for the answer"),
    "accepted": _p("proposed change", "accepted"),
    "declined": _p("proposed change", "declined"),
    "withdrawn": _p("proposed change", "taken back by the author"),
    "overtaken": _p("proposed change", "fell, as the case has moved on"),
}
"""What became of a proposed change."""

OUTCOMES = {
    "none": _p("initiative outcome", "none yet"),
    "done": _p("initiative outcome", "done"),
    "partly": _p("initiative outcome", "partly done"),
    "refused": _p("initiative outcome", "refused"),
    "unneeded": _p("initiative outcome", "no longer needed"),
}

HELPED = {
    "yes": _l("Yes, it helped"),
    "partly": _l("It helped partly"),
    "no": _l("No, it did not help"),
}
"""What somebody says who is asked whether it helped."""

CATEGORIES = {
    "roads": _l("roads and pavements"),
    "transport": _l("public transport and cycling"),
    "parking": _l("parking"),
    "greenery": _l("greenery and parks"),
    "cleanliness": _l("cleanliness and waste"),
    "environment": _l("air, noise, water"),
    "safety": _l("safety and lighting"),
    "schools": _l("schools and nurseries"),
    "care": _l("health and social help"),
    "leisure": _l("culture, sport, leisure"),
    "access": _l("accessibility for everybody"),
    "planning": _l("planning and building"),
    "office": _l("office and online services"),
    "other": _p("category", "other"),
}
"""The start set; offices will rename, hide and add their own."""

CHANNELS = {
    "web": _p("channel", "Web form"),
    "phone": _p("channel", "Phone call"),
    "paper": _p("channel", "Paper or letter"),
    "meeting": _p("channel", "Meeting"),
    "email": _p("channel", "E-mail"),
    "mobile": _p("channel", "Home visit"),
    "api": _p("channel", "Another system"),
    "job": _p("channel", "The portal"),
    "command": _p("channel", "Taken over from another system"),
}
"""How an initiative came in."""

WHO = {
    "author": _p("who acted", "Author"),
    "resident": _p("who acted", "Resident"),
    "operator": _p("who acted", "Contact operator"),
    "reviewer": _p("who acted", "Monitoring team"),
    "team": _p("who acted", "Monitoring team"),
    "leader": _p("who acted", "Team leader"),
    "decision_maker": _p("who acted", "Decision-maker"),
    "other_decision_maker": _p("who acted", "Another decision-maker"),
    "owner": _p("who acted", "Department in charge"),
    "other_office": _p("who acted", "Another municipality"),
    "system": _p("who acted", "The portal"),
}
"""Who took a step of the history; never the name of a private person."""
AUTHOR_WHO = frozenset({"author", "operator"})
"""Whose words are the author's: an operator writes down what the caller says."""
STAFF_WHO = frozenset({"reviewer", "team", "leader", "decision_maker", "other_decision_maker", "owner"})
"""Of these the desk also shows the name: they acted for the office."""

STEPS = {
    "imported": _l("Taken over from the earlier system"),
    "edit": _l("Text edited by the team"),
    "extend": _l("More time"),
    "milestone": _l("Milestone reached"),
    "news": _l("News of the work"),
    "cost": _l("Planned or spent money changed"),
    "silent": _l("No news for sixty days"),
    "echo": _l("Most of those who were asked say it did not help"),
    "threshold": _l("Support has reached the number the office had named"),
    "sheet": _l("Sheet with signatures counted"),
    "sheet_struck": _l("Sheet with signatures struck out"),
    "note": _l("Internal note"),
    "report": _l("Something was reported"),
    "late": _l("Deadline passed"),
    "assign": _l("Assigned anew"),
    "reply": _l("The office wrote to the author"),
    "undo": _l("Taken back"),
    "withheld": _l("The author wants it handled without publication"),
    "asked_public": _l("The author asks to publish it"),
    "open": _l("Published as the author asked"),
    "redact": _l("Parts of a photo blacked out by the team"),
    "unredact": _l("A blacked out photo shown in full again"),
    "propose": _l("Merge with another initiative proposed"),
    "agree": _l("The author agrees to the merge"),
    "object": _l("The author does not agree to the merge"),
    "drop_merge": _l("The proposal to merge was taken back"),
    "no_merge": _l("Not merged: it goes on by itself"),
    "joined": _l("Another initiative goes on here"),
    "left": _l("An initiative goes on by itself again"),
    "propose_change": _l("The author proposes a change"),
    "withdraw_change": _l("The author took the proposed change back"),
    "accept_change": _l("The proposed change was accepted"),
    "decline_change": _l("The proposed change was declined"),
    "close_change": _l("The proposed change fell, as the case has moved on"),
}
"""Titles of steps that leave the case in its state."""

DEADLINES = {
    "check": _l("Check and publish"),
    "complete": _l("Completion by the author"),
    "assign": _l("Assign"),
    "purpose": _l("Purpose study"),
    "feasibility": _l("Feasibility study"),
    "decision": _l("Decision"),
    "appeal": _l("Answer to the appeal"),
    "dispute": _l("Answer to the author’s objection"),
    "change": _l("Answer to the author’s proposal of a change"),
}
"""What each clock of a case waits for."""

WORKING_DAYS = {
    "submitted": ("check", rules.CHECK_DAYS),
    "returned": ("complete", rules.COMPLETE_DAYS),
    "published": ("assign", rules.ASSIGN_DAYS),
    "purpose_study": ("purpose", rules.STUDY_DAYS),
    "feasibility_study": ("feasibility", rules.STUDY_DAYS),
    "recommendation": ("decision", rules.DECISION_DAYS),
    "disputed": ("dispute", rules.COMPLETE_DAYS),
}
"""The clock each state starts, and its working days unless the office has set others. Source: product 5.1."""
CHANGE_CLOCK = "change"
"""The clock that no state starts: it runs beside, and goes on when the case moves on to where the proposal still fits."""
DAYS = {**dict(WORKING_DAYS.values()), CHANGE_CLOCK: rules.CHANGE_DAYS}
"""Working days of each clock as we ship them."""

PARTS = {
    "need": (_p("study", "Need"), _l("Who is troubled by what, and how badly? Say what shows it.")),
    "reach": (
        _p("study", "Reach"),
        _l("How many people does it help, how often, in which parts of the area?"),
    ),
    "equity": (
        _p("study", "Equity"),
        _l("Does it help those who have least: older or disabled people, children, remote places?"),
    ),
    "evidence": (_p("study", "Survey evidence"), _l("What do surveys and statistics say about this matter?")),
    "voice": (
        _p("study", "Residents’ voice"),
        _l("What do supporters, comments and meetings say? Who is against it, and why?"),
    ),
    "law": (_p("study", "Law"), _l("Is it the office’s task? Which acts, permits and consents are needed?")),
    "land": (
        _p("study", "Land"),
        _l("Who owns the place? What do the local plan and the networks in the ground allow?"),
    ),
    "technique": (
        _p("study", "Technique"),
        _l("Can it be built and looked after? What has to be prepared first?"),
    ),
    "cost-once": (
        _l("Cost, once"),
        _l("What does it cost to build, with design and tender? Say how you know."),
    ),
    "cost-yearly": (_l("Running cost per year"), _l("What do upkeep, staff and energy cost each year?")),
    "time": (_p("study", "Time"), _l("How long from the decision to the opening, with season and tender?")),
    "owner": (_p("study", "Owner"), _l("Which department builds it, and who looks after it later?")),
    "risks": (_p("study", "Risks"), _l("What can go wrong, and what can be done about it?")),
}
"""Parts of both studies: name, and the question a reviewer answers."""

ANSWER_LABELS = {
    "yes": _p("study answer", "Yes"),
    "unclear": _p("study answer", "Unclear"),
    "no": _p("study answer", "No"),
}
"""Answers to a criterion that asks for yes or no."""
