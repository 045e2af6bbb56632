"""The workflow of pages and news: the same table for both."""

from portal.articles import rules
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.workflow import Lane, Move, Note, State, Workflow

STATES = (
    State("private", _p("page state", "private"), "draft", _l("Only the office sees it."), public=False),
    State(
        "pending",
        _p("page state", "waits for approval"),
        "decision",
        _l("Somebody asks to publish it; an editor reads it first."),
        public=False,
    ),
    State(
        "scheduled",
        _p("page state", "scheduled"),
        "study",
        _l("It becomes public by itself at the time given."),
        public=False,
    ),
    State("published", _p("page state", "published"), "built", _l("Everybody can read it.")),
    State(
        "withdrawn",
        _p("page state", "withdrawn"),
        "ended",
        _l("It was public and is no longer. Everything is kept."),
        public=False,
    ),
)

MOVES = (
    Move(
        "submit",
        _l("Ask for approval"),
        ("private",),
        ("pending",),
        "page.edit",
        guards=(rules.is_complete,),
        lane=Lane.INTERNAL,
        notice="article.pending",
        help=_l("The editors get a message. Nothing is public yet."),
    ),
    Move(
        "take-back",
        _l("Take the request back"),
        ("pending",),
        ("private",),
        "page.edit",
        note=Note.NONE,
        lane=Lane.INTERNAL,
    ),
    Move(
        "send-back",
        _l("Send back to the author"),
        ("pending",),
        ("private",),
        "page.publish",
        note=Note.REQUIRED,
        lane=Lane.INTERNAL,
        notice="article.returned",
        help=_l("The author gets your reason."),
    ),
    Move(
        "publish",
        _l("Publish"),
        ("private", "pending", "scheduled", "withdrawn"),
        ("published",),
        "page.publish",
        guards=(rules.is_complete,),
        note=Note.NONE,
        help=_l("Everybody can read it at once."),
    ),
    Move(
        "schedule",
        _l("Schedule"),
        ("private", "pending", "scheduled", "withdrawn"),
        ("scheduled",),
        "page.publish",
        guards=(rules.is_complete,),
        note=Note.NONE,
        lane=Lane.INTERNAL,
        help=_l("It becomes public by itself, as it is saved now."),
    ),
    Move(
        "unschedule",
        _l("Cancel the schedule"),
        ("scheduled",),
        ("private",),
        "page.publish",
        note=Note.NONE,
        lane=Lane.INTERNAL,
    ),
    Move(
        "withdraw",
        _l("Withdraw"),
        ("published",),
        ("withdrawn",),
        "page.publish",
        lane=Lane.INTERNAL,
        help=_l("It is no longer found by anybody outside the office; you can publish it again."),
    ),
)

WORKFLOW = Workflow("article", "private", STATES, MOVES)
