"""What staff of the demo offices do day by day: notes that name a colleague, a letter from a template, kept filters."""

from datetime import datetime, timedelta

from initiatives import kinds, queries, services
from initiatives.models import Initiative, Mention, SavedFilter
from initiatives.seed.histories import aside
from initiatives.seed.plots import Plot
from portal.accounts import queries as accounts
from portal.core import tenancy
from portal.core.db import db
from portal.core.workflow import Lane

NAMED_IN = ("assigned", "purpose_study", "recommendation")
"""States of the cases in which somebody is named: one of each."""
ANSWERED_IN = ("assigned", "purpose_study", "feasibility_study")
LATELY = timedelta(hours=5)


def work_daily(plots: list[Plot], cases: dict[str, Initiative]) -> None:
    """Write all of it for one municipality, whose cases have their ids."""
    for state in NAMED_IN:
        plot = _first(plots, cases, (state,))
        if plot is not None:
            _name_somebody(plot, cases[plot.key])
    plot = _first(plots, cases, ANSWERED_IN)
    if plot is not None:
        _answer_from_template(plot, cases[plot.key])
    _keep_filters(plots)


def _first(plots: list[Plot], cases: dict[str, Initiative], states: tuple[str, ...]) -> Plot | None:
    return next((plot for plot in plots if plot.state in states and not cases[plot.key].withheld), None)


def _name_somebody(plot: Plot, case: Initiative) -> None:
    """A reviewer asks the leader; where a decision is due, the leader tells who decides."""
    decides = plot.state == "recommendation"
    by = plot.team.leader if decides else plot.team.reviewers[0]
    whom = plot.team.deciders[0] if decides else plot.team.leader
    name = accounts.names([whom])[whom]
    words = plot.words["mentions"][1 if decides else 0] % {"name": name}
    row = aside(case, "note", _lately(plot), Lane.INTERNAL, "team", user_id=by, internal_note=words)
    db.session.add(row)
    db.session.flush()  # The mention names it.
    db.session.add(
        Mention(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            step_id=row.id,
            user_id=whom,
            by_user_id=by,
            at=row.at,
        )
    )


def _answer_from_template(plot: Plot, case: Initiative) -> None:
    """Words to the author that began with a template, where the office has one."""
    found = queries.office(plot.town.id).replies_for("reply", plot.state, case.category)
    if not found:
        return
    text, locale = found[0].in_language(plot.record["language"], plot.town.language)
    row = aside(case, "reply", _lately(plot), Lane.AUTHOR, "reviewer", user_id=plot.team.reviewers[0])
    row.template, row.language = found[0].name, locale
    row.note = kinds.fill_in(text, services.values_of(case, "reply", locale))
    db.session.add(row)


def _lately(plot: Plot) -> datetime:
    """Some hours ago, but after the last step."""
    last = plot.steps[-1].at
    return max(plot.now - LATELY, last + (plot.now - last) / 2)


def _keep_filters(plots: list[Plot]) -> None:
    """Two of the leader's lists, and one of the public list that a resident keeps."""
    plot = plots[0]
    roads, mine = plot.words["filters"]
    resident = next((found.author for found in plots if found.author is not None), None)
    rows = [
        (plot.team.leader, "desk", roads, "tab=all&category=roads"),
        (plot.team.leader, "desk", mine, "tab=late&mine=1"),
    ]
    if resident is not None:
        rows.append((resident.user_id, "list", roads, "category=roads"))
    db.session.add_all(
        SavedFilter(
            municipality_id=tenancy.current_id(),
            user_id=user_id,
            place=place,
            name=name,
            query=query,
            created_at=plot.now - LATELY,
        )
        for user_id, place, name, query in rows
    )
