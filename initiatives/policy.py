"""Who may do what to an initiative: the one table (product section 6), with its named predicates."""

from initiatives.models import Initiative
from initiatives.states import NOT_COUNTED
from portal.core.actor import Actor
from portal.core.i18n import lazy_gettext as _l
from portal.core.i18n import lazy_pgettext as _p
from portal.core.policy import Grant, Permission


def owns(actor: Actor, case: Initiative) -> bool:
    """The author: by account, or by the code or link that opened the case in this session."""
    by_account = actor.user_id is not None and case.author_user_id == actor.user_id
    return by_account or case.about in actor.cases


def took(actor: Actor, case: Initiative) -> bool:
    """The operator who wrote it down for a caller."""
    return actor.user_id is not None and case.taken_by_user_id == actor.user_id


def impartial(actor: Actor, case: Initiative) -> bool:
    """Not the author, a supporter or a commenter: staff are residents too (conflict of interest)."""
    if actor.user_id is None:  # An API key is nobody's neighbour.
        return True
    return actor.user_id != case.author_user_id and actor.user_id not in case.conflicts


def assigned(actor: Actor, case: Initiative) -> bool:
    """Leads the case or studies it, and is impartial."""
    works = actor.user_id is not None and actor.user_id in (case.lead_user_id, *case.reviewer_ids)
    return works and impartial(actor, case)


def on_monthly_list(actor: Actor, case: Initiative) -> bool:
    """Cases that wait for a decision stand on the steering group's list of the month, unless they are withheld."""
    return case.state == "recommendation" and not case.withheld and impartial(actor, case)


def countable(actor: Actor, case: Initiative) -> bool:
    """Public, and no case of one's own: signatures are counted by somebody who has no stake in them."""
    return case.is_public and case.state not in NOT_COUNTED and impartial(actor, case)


def decided_by_other(actor: Actor, case: Initiative) -> bool:
    """Another person than the one who refused. Source: product 5.1."""
    return actor.user_id != case.decided_by_user_id and impartial(actor, case)


def decided_self(actor: Actor, case: Initiative) -> bool:
    """The decision-maker whose decision it was."""
    return actor.user_id is not None and actor.user_id == case.decided_by_user_id


TEAM = (Grant("reviewer", impartial), Grant("leader", impartial))
CLOSED = _l(
    "You took part in this initiative yourself, so the desk is closed to you, or it is not your role."
)

PERMISSIONS = (
    Permission(
        "initiative.write", _l("File an initiative"), (Grant("visitor"), Grant("resident"), Grant("operator"))
    ),
    Permission("initiative.take", _l("File for a caller or from paper"), (Grant("operator"),)),
    Permission(
        "initiative.count",
        _l("Print and count sheets with signatures"),
        (Grant("operator", countable), Grant("leader", countable)),
        _l(
            "Only the contact operator or the team leader counts signatures, and not of an initiative they took part in."
        ),
    ),
    Permission(
        "initiative.claim",
        _l("Take over an initiative filed without an account"),
        (Grant("resident"),),
        _l("Sign in to take over a case."),
    ),
    Permission("initiative.join", _l("Support, follow, comment, report"), (Grant("resident"),)),
    Permission(
        "initiative.own",
        _l("Act as the author"),
        (Grant("visitor", owns), Grant("resident", owns), Grant("operator", took)),
        _l("Only the author can do this. Open the case with its number and code, or sign in."),
    ),
    Permission(
        "initiative.desk",
        _l("Work lists and case desk"),
        (
            Grant("operator", took),
            *TEAM,
            Grant("decision_maker", impartial),
            Grant("steering", on_monthly_list),
            Grant("expert", on_monthly_list),
        ),
        CLOSED,
    ),
    Permission(
        "initiative.note",
        _l("Write internal notes"),
        (Grant("operator", took), *TEAM, Grant("decision_maker", impartial)),
        CLOSED,
    ),
    Permission(
        "initiative.contact",
        _l("Read the author’s contact data"),
        (Grant("operator", took), *TEAM),
        CLOSED,
    ),
    Permission("initiative.moderate", _l("Check and publish"), TEAM, CLOSED),
    Permission(
        "initiative.speak",
        _l("Answer comments for the office"),
        (*TEAM, Grant("decision_maker", impartial)),
        CLOSED,
    ),
    Permission(
        "initiative.hear",
        _l("Look through comments, decide on objections"),
        (*TEAM, Grant("decision_maker", impartial)),
        CLOSED,
    ),
    Permission("initiative.assign", _l("Assign, merge, refer"), (Grant("leader", impartial),), CLOSED),
    Permission("initiative.recommend", _p("permission", "Recommend"), (Grant("leader", impartial),), CLOSED),
    Permission(
        "initiative.assess",
        _l("Write the studies"),
        (Grant("reviewer", assigned), Grant("leader", assigned)),
        _l("Only the people the case is assigned to write its studies."),
    ),
    Permission(
        "initiative.agenda",
        _l("Read the steering group’s agenda"),
        tuple(Grant(role) for role in ("leader", "decision_maker", "steering", "expert")),
    ),
    Permission(
        "initiative.decide", _p("permission", "Decide"), (Grant("decision_maker", impartial),), CLOSED
    ),
    Permission(
        "initiative.decide_appeal",
        _l("Decide an appeal"),
        (Grant("decision_maker", decided_by_other),),
        _l("An appeal is decided by another person than the one who refused."),
    ),
    Permission(
        "initiative.realise",
        _l("Report on the realisation"),
        (Grant("reviewer", assigned), Grant("leader", assigned)),
        _l("Only the people the case is assigned to report on it."),
    ),
    Permission(
        "initiative.echo",
        _l("Say by the link of a message whether it helped"),
        (Grant("visitor"), Grant("resident")),
    ),
    Permission(
        "initiative.correct",
        _l("Take a step back with a reason"),
        (Grant("leader", impartial), Grant("decision_maker", decided_self)),
        CLOSED,
    ),
    Permission(
        "initiative.statistics",
        _l("Numbers of the desk"),
        tuple(
            Grant(role) for role in ("reviewer", "leader", "decision_maker", "steering", "expert", "admin")
        ),
    ),
    Permission(
        "initiative.import",
        _l("Take over files of other systems"),
        (Grant("leader", fresh=True), Grant("admin", fresh=True)),
    ),
    Permission(
        "initiative.configure",
        _l("Set categories, questions and deadlines of initiatives"),
        (Grant("leader"), Grant("admin")),
        _l("Only the team leader or an administrator of this municipality can change this."),
    ),
)
