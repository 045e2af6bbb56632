"""What demo offices have set for themselves, and what authors answered to their questions."""

import json
from typing import Any

from sqlalchemy import select

from initiatives import kinds, queries
from initiatives.kinds import Criterion, Kind, Measure, Question
from initiatives.models import Author, Initiative
from initiatives.seed.plots import Plot
from initiatives.seed.texts import Record, offices
from initiatives.states import CATEGORIES
from portal.core import tenancy
from portal.core.db import db
from portal.core.tenancy import Municipality, Town

ANSWERED = 0.6
"""Share of the cases filed on the web whose author answered a question that may be left open."""


def set_office(town: Town) -> None:
    """Write the settings of an office that has any."""
    told = offices().get(town.slug)
    if told is None:
        return
    row = db.session.scalars(select(Municipality).where(Municipality.id == town.id)).one()
    settings = {
        name: value
        for name, value in told.items()
        if name not in ("categories", "criteria", "session", "signatures")
    }
    if "criteria" in told:
        own = [
            Criterion(
                **{name: row[name] for name in ("key", "study", "names", "help", "weight") if name in row},
                measure=Measure(row["measure"]),
                required=False,
            )
            for row in told["criteria"]
        ]
        settings["criteria"] = list(map(kinds.criterion_row, (*kinds.CRITERIA, *own)))
    if "categories" in told:
        settings["categories"] = _categories(told["categories"])
    settings["questions"] = [
        kinds.row_of(
            Question(**{**asked, "kind": Kind(asked["kind"]), "choices": tuple(asked.get("choices", ()))})
        )
        for asked in told["questions"]
    ]
    row.settings = {**row.settings, "initiatives": settings}
    db.session.flush()
    tenancy.forget_towns()


def _categories(told: Record) -> list[Record]:
    rows: list[Record] = []
    for key in CATEGORIES:
        usual = told.get("usual", {}).get(key, {})
        rows.append(
            {"key": key, "names": told["names"].get(key, {}), "hidden": key in told["hidden"], **usual}
        )
        rows += [{"key": own["key"], "names": own["names"]} for own in told["own"] if own["after"] == key]
    return rows


def answer(plot: Plot, case: Initiative, author: Author) -> None:
    """Answer some of what the office asks; the chance is one of its own, so that no other row depends on it."""
    rng = plot.chance("answers")
    asked = [
        found for found in queries.office(plot.town.id).questions if found.category in ("", case.category)
    ]
    threads: dict[int, Question] = {}
    for question in asked:
        # Of two wordings older cases were asked the former.
        if question.thread not in threads or rng.random() < ANSWERED:
            threads[question.thread] = question
    given = [
        (found, _answered(plot, found, rng))
        for found in threads.values()
        if found.required or rng.random() < ANSWERED
    ]
    case.answers = {str(found.id): value for found, value in given if found.public}
    team = {str(found.id): value for found, value in given if not found.public}
    author.answers = json.dumps(team, ensure_ascii=False) if team else None


def _answered(plot: Plot, question: Question, rng: Any) -> kinds.Answer:
    if question.kind is Kind.CHOICE:
        return str(rng.randint(1, len(question.choices)))
    if question.kind is Kind.NUMBER:
        return int(rng.randint(2, 40))
    if question.kind is Kind.YES_NO:
        return bool(rng.random() < 0.3)
    return str(rng.choice(offices()["texts"][plot.town.language]))
