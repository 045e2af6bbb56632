"""What others say to the demo initiatives: support, comments, follows, and translations of the texts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from initiatives.models import Initiative, Translation
from initiatives.seed.plots import Plot
from initiatives.seed.texts import phrases
from initiatives.states import GONE
from portal.content import services as content
from portal.content.models import Comment, CommentState, Follow, Stance
from portal.core.db import Base
from portal.core.sealed import new_row_id

ACCOUNTS_SUPPORT = 0.2
"""Chance that a given resident with an account supports a case of the town."""
ANONYMOUS_BY_ACCOUNT = 0.5
OFFICIAL_SHARE = 0.2
"""Share of commented cases in which the office answers."""
FOLLOWERS_MOST = 3
TALK_DAYS = 45
"""Most of what is said to a case is said in its first weeks."""
HELD, HIDDEN = ("lub-045", "oji-003"), ("lub-049", "oji-015")
"""Cases with a comment that waits for the team, and with one that was taken away."""


def supporters(plots: list[Plot]) -> dict[str, dict[str, int | None]]:
    """Who supports each case: key → person (pseudonym) → account, if they have one.

    Neighbours support several cases of their town. Every second of those without an account moved
    their support of a merged case to the joint one, where it counts once; the others have not chosen yet.
    """
    most = max((plot.record["supports"] for plot in plots), default=0)
    crowd = [content.person_of_email(f"neighbour{n}@{plots[0].town.slug}.example") for n in range(most * 2)]
    found: dict[str, dict[str, int | None]] = {}
    for plot in plots:
        wanted = plot.record["supports"]
        accounts = [
            person
            for person in plot.residents
            if person != plot.author and plot.rng.random() < ACCOUNTS_SUPPORT
        ][:wanted]
        persons: dict[str, int | None] = {content.person_of_user(p.user_id): p.user_id for p in accounts}
        persons |= dict.fromkeys(plot.rng.sample(crowd, wanted - len(persons)))
        found[plot.key] = persons
    for plot in plots:
        if "merged_into" in plot.record:
            moved = [person for person, user_id in found[plot.key].items() if user_id is None][::2]
            for person in moved:
                found[plot.record["merged_into"]][person] = found[plot.key].pop(person)
    return found


def support_rows(plot: Plot, case: Initiative, persons: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """A row per supporter, for a bulk insert."""
    listed = plot.listed_at or plot.now
    return [
        {
            "municipality_id": case.municipality_id,
            "initiative_id": case.id,
            "person": person,
            "user_id": user_id,
            "at": _soon_after(plot, listed),
        }
        for person, user_id in persons.items()
    ]


def _soon_after(plot: Plot, listed: datetime) -> datetime:
    """A moment after the publication, sooner rather than later, before now and before a case is closed."""
    end = min(plot.now, listed + timedelta(days=TALK_DAYS))
    if plot.state in GONE:
        end = min(end, plot.steps[-1].at)
    share = min(plot.rng.random(), plot.rng.random())
    return plot.between(listed, listed + (end - listed) * share)


def comments_of(plot: Plot, case: Initiative) -> list[Comment]:
    """What residents said, and sometimes the office's answer, in the order of time."""
    listed = plot.listed_at
    if listed is None:
        return []
    rng, words = plot.rng, plot.words
    rows = [_comment(plot, case, said, _soon_after(plot, listed)) for said in plot.record["comments"]]
    if rows and rng.random() < OFFICIAL_SHARE:
        answer = {"stance": "neutral", "name": None, "text": rng.choice(words["official"])}
        at = plot.between(max(row.at for row in rows), plot.now)
        row = _comment(plot, case, answer, at)
        row.official, row.user_id, row.name = True, plot.study[0], ""
        rows.append(row)
    if plot.key in HELD:
        row = _comment(plot, case, {"stance": "for", **words["held_comment"]}, _soon_after(plot, listed))
        row.state = CommentState.HELD
        rows.append(row)
    if plot.key in HIDDEN:
        said = {"stance": "against", **words["hidden_comment"]}
        row = _comment(plot, case, said, _soon_after(plot, listed))
        row.state, row.hidden_reason = CommentState.HIDDEN, said["reason"]
        rows.append(row)
    return sorted(rows, key=lambda row: row.at)


def _comment(plot: Plot, case: Initiative, said: Mapping[str, Any], at: datetime) -> Comment:
    """Somebody who gave no name may be a resident with an account."""
    user_id = None
    if not said["name"] and plot.residents and plot.rng.random() < ANONYMOUS_BY_ACCOUNT:
        person = plot.rng.choice(plot.residents)
        user_id = None if person == plot.author else person.user_id
    return Comment(
        municipality_id=case.municipality_id,
        kind=case.KIND,
        object_id=case.id,
        at=at,
        stance=Stance(said["stance"]),
        state=CommentState.VISIBLE,
        user_id=user_id,
        name=said["name"] or "",
        text=said["text"],
        language=language_of(said["text"], plot),
        official=False,
    )


def language_of(text: str, plot: Plot) -> str:
    """The language of a comment: the town's, or that of a text in another one when its letters say so."""
    home, own = plot.town.language, plot.record["language"]
    if own == home:
        return home
    letters = {"pl": "ąćęłńśźż", "cs": "áéíěščřžůýť"}
    if any(sign in text.lower() for sign in letters[home]):
        return home
    foreign = letters.get(own)
    is_foreign = foreign is None or any(sign in text.lower() for sign in foreign)
    return own if is_foreign else home


def follows_of(plot: Plot, case: Initiative) -> list[Follow]:
    """A few people who hear of every step: residents, and neighbours by their address."""
    if plot.listed_at is None:
        return []
    rng, found = plot.rng, []
    residents = rng.sample(plot.residents, min(len(plot.residents), rng.randint(0, 2)))
    for person in residents:
        row = _follow(plot, case, content.person_of_user(person.user_id))
        row.user_id, row.locale = person.user_id, person.language
        found.append(row)
    for _ in range(rng.randint(0, FOLLOWERS_MOST - len(found))):
        email = neighbour_address(rng, plot.town.language)
        row = _follow(plot, case, content.person_of_email(email))
        row.email = email
        found.append(row)
    return found


def _follow(plot: Plot, case: Initiative, person: str) -> Follow:
    listed = plot.listed_at or plot.now
    return Follow(
        id=new_row_id(),
        municipality_id=case.municipality_id,
        kind=case.KIND,
        object_id=case.id,
        person=person,
        locale=plot.town.language,
        created_at=_soon_after(plot, listed),
    )


def neighbour_address(rng: Random, language: str) -> str:
    """An invented address that cannot exist."""
    return f"neighbour{rng.randint(1000, 9999)}@{rng.choice(phrases(language)['mailboxes'])}"


def translations_of(plot: Plot, case: Initiative) -> list[Base]:
    """The text in other languages, made by people from the present version."""
    return [
        Translation(
            municipality_id=case.municipality_id,
            initiative_id=case.id,
            language=language,
            title=text["title"],
            text=text["text"],
            made_from_version=case.version,
        )
        for language, text in plot.record.get("translations", {}).items()
    ]
