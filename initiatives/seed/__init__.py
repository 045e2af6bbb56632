"""Demo data: ten municipalities, their people, and 220 initiatives in every state (`flask seed`).

Always the same but for the dates, which lie in the 24 months before now. The texts stand in `data/`, when
what happened in `roads.py`, everything else is drawn from a chance of its own per case. States are set
through `content.move.place`, histories are written beside: nothing here goes through the use cases, which
know no past, but for the one case that is referred to another municipality today.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby

from sqlalchemy import insert

from initiatives import services
from initiatives.models import Initiative, Support
from initiatives.seed import texts, told
from initiatives.seed.cases import author_of, case_of, name_consent
from initiatives.seed.changes import change_steps, propose_change
from initiatives.seed.clocks import past_clocks, start_clock
from initiatives.seed.files import attach_files
from initiatives.seed.habits import work_daily
from initiatives.seed.histories import history_of
from initiatives.seed.merges import merge_cases
from initiatives.seed.neighbours import comments_of, follows_of, support_rows, supporters, translations_of
from initiatives.seed.offices import answer, set_office
from initiatives.seed.plots import Plot, plots_of
from initiatives.seed.referrals import refer_cases
from initiatives.seed.sessions import hold_session
from initiatives.seed.signatures import mark_support, set_support
from initiatives.seed.studies import decisions_of, milestones_of, reviewers_of, sheets_of
from initiatives.seed.talk import go_on
from initiatives.seed.team import residents_of, team_of
from initiatives.seed.together import act_together
from initiatives.seed.works import attach_work_photos, costs_of, echoes_of, plan_work, set_work
from portal.accounts.seed import seed_people
from portal.content.models import CommentState
from portal.core import clock, events, tenancy
from portal.core.db import db
from portal.core.tokens import SERIAL_DIGITS, CaseCounter

KIND = "I"
"""Letter of initiatives in case numbers."""


def plant() -> None:
    """Found municipalities and people, then write every initiative. Called inside one transaction."""
    # `portal.pages` founds municipalities; features meet through facts only.
    events.tell("demo.towns_described", None, towns=texts.towns())
    people = texts.people()
    accounts = seed_people(people)
    now = clock.now()
    everywhere = residents_of(people, accounts)
    to_refer: list[tuple[Plot, Initiative]] = []
    for town in list(tenancy.towns().values()):
        residents = [person for person in everywhere if person.language == town.language]
        with tenancy.within(town.id):
            set_office(town)
            plots = plots_of(town, team_of(town, people, accounts), residents, now, everywhere)
            cases = _plant_town(plots)
            to_refer += [(plot, cases[plot.key]) for plot in plots if "refer_to" in plot.record]
            db.session.flush()  # The counters are counted from the rows.
            services.rebuild_counts(town.id)
            db.session.flush()  # While the town is in scope.
    refer_cases(to_refer)


def _plant_town(plots: list[Plot]) -> dict[str, Initiative]:
    numbers = numbers_of(plots)
    for year, last in Counter(map(year_of, filter(is_filed, plots))).items():
        # The next filing goes on from here.
        db.session.add(CaseCounter(kind=KIND, year=year, last=last))
    cases = {plot.key: case_of(plot, numbers.get(plot.key)) for plot in plots}
    db.session.add_all(cases.values())
    db.session.flush()  # Everything below names the cases.
    persons = supporters(plots)
    for plot in plots:
        _plant_case(plot, cases[plot.key], persons[plot.key])
    told.tell(plots[0].town, plots, cases.values())
    act_together(plots, cases)
    hold_session(plots, cases)
    work_daily(plots, cases)
    merge_cases(plots, cases)
    # Nobody searches for drafts.
    events.tell("content.arrived", [case for case in cases.values() if case.number is not None])
    return cases


def _plant_case(plot: Plot, case: Initiative, persons: Mapping[str, int | None]) -> None:
    milestones = milestones_of(plot, case)
    comments = comments_of(plot, case)
    case.progress = max((row.share for row in milestones if row.done_on is not None), default=0)
    signed = set_support(plot, case, persons)
    case.comment_count = sum(row.state is CommentState.VISIBLE for row in comments)
    if persons:
        db.session.execute(insert(Support), support_rows(plot, case, persons))
    set_work(plot, case)
    author = author_of(plot, case)
    case.author = author
    answer(plot, case, author)
    db.session.add(author)
    if author.shows_name and case.number is not None:
        db.session.add(name_consent(case, author))
    for rows in (
        history_of(plot, case, milestones, mark_support(plot, case, signed), change_steps(plot, case)),
        signed,
        past_clocks(plot, case),
        reviewers_of(plot, case),
        sheets_of(plot, case),
        decisions_of(plot, case),
        milestones,
        costs_of(plot, case),
        echoes_of(plot, case, persons),
        comments,
        follows_of(plot, case),
        translations_of(plot, case),
    ):
        db.session.add_all(rows)
    attach_files(plot, case)
    attach_work_photos(plot, case)
    start_clock(plot, case)
    plan_work(plot, case)
    propose_change(plot, case)
    db.session.flush()  # What follows from the comments names them.
    go_on(plot, case, comments)


def numbers_of(plots: list[Plot]) -> dict[str, str]:
    """A case number per key, by local year in the order of filing; drafts get none."""
    found = {}
    for year, of_year in groupby(filter(is_filed, plots), key=year_of):
        for serial, plot in enumerate(of_year, start=1):
            found[plot.key] = f"{plot.town.code}-{KIND}-{year}-{serial:0{SERIAL_DIGITS}d}"
    return found


def is_filed(plot: Plot) -> bool:
    """Whether it is more than a draft."""
    return bool(plot.steps)


def year_of(plot: Plot) -> int:
    """The local year of its filing."""
    return plot.day(plot.begun_at).year
