"""Pure decisions on initiatives: limits, guards of moves, likeness, what the studies amount to.

Describes what it needs with Protocols; knows neither the database nor Flask.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from initiatives.formats import records
from portal.core.collate import fold
from portal.core.i18n import Text
from portal.core.i18n import lazy_gettext as _l

TITLE_MIN, TITLE_MAX = 5, records.TITLE_MAX
TEXT_MIN, TEXT_MAX = 30, records.TEXT_MAX
COMMENT_MAX = 2000
PHOTOS_MAX, DOCUMENTS_MAX = 5, 3
REASON_MAX = 8000
COST_MAX = 2_000_000_000
"""Limits of product section 7.4; costs in whole currency."""
EXTENSION_MAX_DAYS = 183
"""How far ahead the new day of an extended clock may lie: half a year."""
NEAR_DEGREES = 0.1
"""How far outside the box of its municipality a place may lie: some ten kilometres."""
GROW_DEGREES = 0.5
"""How far the box may grow at once; what lies further off is a slip of the pen, not a part of the town."""

DRAFT_DAYS = 60
REOPEN_DAYS = 30
APPEAL_DAYS = 7
CHECK_DAYS = 2
COMPLETE_DAYS = 5
ASSIGN_DAYS = 2
STUDY_DAYS = 15
DECISION_DAYS = 10
CHANGE_DAYS = 10
APPEAL_DECISION_DAYS = 14
"""Deadlines of product 5.1: working days, but for drafts, reopening and appeals (calendar days)."""
DAYS_BOUNDS = {
    "check": (1, 10),
    "complete": (3, 20),
    "assign": (1, 15),
    "purpose": (5, 60),
    "feasibility": (5, 90),
    "decision": (3, 40),
    "dispute": (3, 30),
    "change": (3, 30),
}
"""Between how many working days an office may choose for each clock: long enough to do it, short enough to be an answer."""
NUDGE_DAYS, NUDGE_AGAIN_DAYS, SILENT_DAYS = 30, 7, 60
"""After how many days without news the office is reminded, how often again, and when the public reads that there are none."""
ASK_AFTER_DAYS = 28
"""How long after the work is done people are asked whether it helped. Source: product 5.1."""
ECHO_SHOWN_FROM = 3
"""Answers from which the public sees how many said what: of fewer one could read off what a neighbour said."""
CHANGE_MAX = 2000
"""Longest words of an author who proposes to change what was decided; everybody reads them, as a comment."""
MERGE_DAYS, MERGE_REMINDED = 7, 2
"""Calendar days in which the authors answer a proposal to merge, and how many before the last one they are reminded."""
HELD_DAYS = 90
CONTACT_MONTHS = 12
SUPPORT_DAYS = 30
"""How long a held case is kept, contacts and originals after the last state, supports after the end. Source: product
7.4; supports wait until an appeal or a correction can no longer bring the case back."""
REVIEWERS_MIN = 2
THRESHOLD_BOUNDS, OPEN_DAYS_BOUNDS = (2, 1_000_000), (7, 730)
"""Between which numbers an office may set at how many supports it promises something, and how many days they may come."""
SUPPORT_PHASES = ("new", "study", "decision")
"""Phases in which nothing is settled yet, so that support still weighs; the filter of the list shows these."""
SHEET_ROWS, SIGNATURES_MAX = 18, 500
"""Rows of a printed sheet for signatures, and how many signatures one may carry: offices bind some into one."""
PLACE_MAX, REMARK_MAX = 120, 300

PURPOSE_PARTS = ("need", "reach", "equity", "evidence", "voice")
FEASIBILITY_PARTS = ("law", "land", "technique", "time", "owner", "risks")
POINTS = {"yes": 5, "unclear": 3, "no": 1}
"""What a yes or no counts among scores: three is neither for nor against."""
DIFFER = 2
"""From this distance of scores on views part, and the reviewers should talk."""


class Sheet(Protocol):
    """One reviewer's sheet of one study."""

    @property
    def kind(self) -> str: ...

    @property
    def user_id(self) -> int: ...

    @property
    def parts(self) -> Mapping[str, str]: ...

    @property
    def scores(self) -> Mapping[str, int]: ...

    @property
    def values(self) -> Mapping[str, str | int]: ...

    @property
    def weights(self) -> Mapping[str, int]: ...

    @property
    def finished(self) -> bool: ...


class Case(Protocol):
    """What the guards look at."""

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def category(self) -> str: ...

    @property
    def has_place(self) -> bool: ...

    @property
    def returned_once(self) -> bool: ...

    @property
    def lead_user_id(self) -> int | None: ...

    @property
    def reviewer_ids(self) -> Sequence[int]: ...

    @property
    def sheets(self) -> Sequence[Sheet]: ...

    @property
    def wanted(self) -> str: ...

    @property
    def allowed(self) -> str: ...

    @property
    def tradeoff(self) -> str: ...

    @property
    def recommended(self) -> str | None: ...

    @property
    def appeal_until(self) -> date | None: ...

    @property
    def appealed_once(self) -> bool: ...

    @property
    def merge_consented(self) -> bool: ...

    @property
    def merge_id(self) -> int | None: ...

    @property
    def change_id(self) -> int | None: ...

    @property
    def audience(self) -> str: ...

    @property
    def author(self) -> object: ...

    @property
    def local_today(self) -> date: ...


def can_be_sent(case: Case) -> Text | None:
    """An initiative needs a title, a text, a category and a place (or the whole municipality)."""
    if len(case.title) < TITLE_MIN or len(case.title) > TITLE_MAX:
        return _l("The title must have 5 to 120 characters.")
    if len(case.text) < TEXT_MIN or len(case.text) > TEXT_MAX:
        return _l("Describe your idea in 30 to 8,000 characters.")
    if not case.category:
        return _l("Choose a category.")
    if not case.has_place:
        return _l("Say where: mark a place or choose the whole municipality.")
    return None


def has_author(case: Case) -> Text | None:
    """Somebody can be written to; cases taken over from other systems come without."""
    return None if case.author is not None else _l("It came without an author; there is nobody to write to.")


def not_returned_before(case: Case) -> Text | None:
    """One call to complete only. Source: mobile-official-testing-rules, borrowed for 5.1."""
    return _l("It was returned once already; decide on what is there.") if case.returned_once else None


def has_lead(case: Case) -> Text | None:
    """Somebody answers for the case."""
    return None if case.lead_user_id else _l("Choose who leads the case.")


def has_two_reviewers(case: Case) -> Text | None:
    """Studies are written by at least two people."""
    return None if len(set(case.reviewer_ids)) >= REVIEWERS_MIN else _l("At least two reviewers are needed.")


def purpose_complete(case: Case) -> Text | None:
    """At least two finished purpose sheets."""
    return _enough(case, "purpose", _l("Two reviewers must finish the purpose study first."))


def study_complete(case: Case) -> Text | None:
    """At least two finished sheets of each study. Imported and planted cases are no exception."""
    return purpose_complete(case) or _enough(
        case, "feasibility", _l("Two reviewers must finish the feasibility study first.")
    )


def _enough(case: Case, kind: str, refusal: Text) -> Text | None:
    finished = sum(1 for sheet in case.sheets if sheet.kind == kind and sheet.finished)
    return None if finished >= REVIEWERS_MIN else refusal


def synthesis_complete(case: Case) -> Text | None:
    """What residents want beside what law and money allow, the trade-off, and a recommendation."""
    if not (case.wanted and case.allowed and case.tradeoff):
        return _l("Write the synthesis first: what residents want, what law and money allow, the trade-off.")
    return None if case.recommended else _l("Choose what you recommend.")


def synthesis_lacks(
    wanted: str, allowed: str, tradeoff: str, recommended: str, why: str, cost_once: int | None, source: str
) -> dict[str, Text]:
    """What has to be written before a recommendation may be sent, by field; all of it at once.

    Cost and source of money of a positive one, the reason of a negative one. Source: product 5.1.
    """
    positive = recommended in ("adopted", "partly_adopted")
    negative = recommended in ("deferred", "refused")
    told = (
        ("wanted", wanted.strip(), _l("Write what residents want.")),
        ("allowed", allowed.strip(), _l("Write what law and money allow.")),
        ("tradeoff", tradeoff.strip(), _l("Write the trade-off between the two.")),
        ("recommended", recommended, _l("Choose what you recommend.")),
        ("why", why.strip() or not negative, _l("Say why, so that the decision-maker can weigh it.")),
        ("cost_once", cost_once is not None or not positive, _l("Write the cost.")),
        ("source", source.strip() or not positive, _l("Say where the money comes from.")),
    )
    return {name: text for name, is_there, text in told if not is_there}


def verdict_lacks(verdict: str, left_out: str, has_day: bool) -> dict[str, Text]:
    """What a decision says besides its reasons, by field."""
    if verdict == "partly_adopted" and not left_out.strip():
        return {"left_out": _l("Say what is left out, and why.")}
    if verdict == "deferred" and not has_day:
        return {"returns_on": _l("Choose a day after today.")}
    return {}


def may_appeal(case: Case) -> Text | None:
    """Within seven days of the refusal, and once."""
    if case.appealed_once:
        return _l("There was an appeal already; the refusal stands for good.")
    if case.appeal_until is None or case.local_today > case.appeal_until:
        return _l("The seven days for an appeal have passed.")
    return None


def has_merge_consent(case: Case) -> Text | None:
    """Both authors agreed, or the cases are the office's own."""
    return None if case.merge_consented else _l("The authors must agree to the merge first.")


def has_merge_proposal(case: Case) -> Text | None:
    """There is a proposal to merge it, on whichever side."""
    return None if case.merge_id is not None else _l("Nobody proposes to merge it now.")


def has_change_proposal(case: Case) -> Text | None:
    """Its author proposes to change what was decided."""
    return None if case.change_id is not None else _l("The author proposes no change now.")


def has_no_change_proposal(case: Case) -> Text | None:
    """One proposal to change at a time."""
    return (
        None
        if case.change_id is None
        else _l("You have proposed a change already. Wait for the answer, or take it back.")
    )


def has_no_merge_proposal(case: Case) -> Text | None:
    """No case of a proposal to merge goes with many past it: taking that back would not bring the proposal back."""
    if case.merge_id is None:
        return None
    return _l(
        "It takes part in a proposal to merge. Wait for the answers, or take this step on the case itself."
    )


@dataclass(frozen=True, slots=True)
class Party:
    """An author who has a say in a merge. `reach` is how they hear of the question: `told` by a message, `looks`
    at the page with number and code alone, or `nobody`: the case came without an author, or the author was erased.
    """

    reach: str
    agrees: bool | None


def merge_outcome(parties: Sequence[Party], *, over: bool) -> str:
    """What follows from what the authors said so far: `done`, `refused`, `expired`, or nothing yet. `over`: time is up.

    Nobody's initiative is merged against their will, so the silence of somebody who was told is no consent. Whoever
    cannot be told does not hold the others up: who only looks at the page has the same days to say no.
    """
    if any(party.agrees is False for party in parties):
        return "refused"
    if all(party.agrees or party.reach == "nobody" for party in parties):
        return "done"
    if not over:
        return ""
    return "expired" if any(party.agrees is None and party.reach == "told" for party in parties) else "done"


def is_asked_to_open(case: Case) -> Text | None:
    """What was handled without publication is published only at its author's wish."""
    return None if case.audience == "asked" else _l("The author has not asked to publish it.")


def nudge_day(news_on: date, count: int) -> date:
    """The day of the reminder number `count`, from 0: thirty days after the last news, then weekly."""
    return news_on + timedelta(days=NUDGE_DAYS + NUDGE_AGAIN_DAYS * count)


def silent_day(news_on: date) -> date:
    """The first day on which the public reads that there is no news."""
    return news_on + timedelta(days=SILENT_DAYS)


def ask_day(done_on: date) -> date:
    """The day on which people are asked whether it helped."""
    return done_on + timedelta(days=ASK_AFTER_DAYS)


def is_contradicted(yes: int, partly: int, no: int) -> bool:
    """Whether more than half of those who answered say that it did not help; of very few nothing follows."""
    answers = yes + partly + no
    return answers >= ECHO_SHOWN_FROM and 2 * no > answers


def echo_lacks(answer: str, words: str) -> dict[str, Text]:
    """What an answer to "did it help" needs, by field: a choice, and a sentence with a no."""
    if answer not in ("yes", "partly", "no"):
        return {"answer": _l("Choose one.")}
    if answer == "no" and not words.strip():
        return {"words": _l("Say in one sentence what is missing.")}
    return {}


def appeal_deadline(decided_on: date) -> date:
    """Last local day to appeal."""
    return decided_on + timedelta(days=APPEAL_DAYS)


@dataclass(frozen=True, slots=True)
class Findings:
    """What sheets of one study amount to: mean score per criterion (0–5), those nobody answered, spread per
    criterion, and the weighted score of the whole.
    """

    means: dict[str, float]
    missing: tuple[str, ...]
    spread: dict[str, int]
    verdict: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a weighted score: points of a criterion, and how much they count."""

    key: str
    points: int
    weight: int


def is_compared(sheet: Sheet, sheets: Iterable[Sheet]) -> bool:
    """Whether its reviewer has seen a colleague's finished sheet of the same study: then nothing is changed any more."""
    return sheet.finished and any(
        other.finished and other.kind == sheet.kind and other.user_id != sheet.user_id for other in sheets
    )


def points(sheet: Sheet, key: str) -> int | None:
    """What a sheet gives a criterion, 0 to 5; none for what is not answered, and for money, words and days."""
    if key in sheet.scores:
        return sheet.scores[key]
    return POINTS.get(str(sheet.values.get(key)))


def terms(sheet: Sheet) -> list[Term]:
    """What the score of a sheet is made of. Weights are those the office had set when it was saved."""
    found = ((key, points(sheet, key)) for key in (*sheet.scores, *sheet.values))
    return [Term(key, given, sheet.weights.get(key, 1)) for key, given in found if given is not None]


def weighted(sheet: Sheet) -> float | None:
    """The score of a sheet: each criterion's points times its weight, divided by all weights; 0 to 5."""
    parts = terms(sheet)
    total = sum(term.weight for term in parts)
    return sum(term.points * term.weight for term in parts) / total if total else None


def study_score(sheets: Iterable[Sheet]) -> float | None:
    """The score of a study: the mean of its sheets', so that each reviewer counts the same."""
    found = [score for sheet in sheets if (score := weighted(sheet)) is not None]
    return sum(found) / len(found) if found else None


def weigh_findings(sheets: Iterable[Sheet], parts: Sequence[str]) -> Findings:
    """Bring the reviewers' sheets together; verdict is positive, negative or mixed. Three is neither for nor against."""
    rows = list(sheets)
    means: dict[str, float] = {}
    spread: dict[str, int] = {}
    missing: list[str] = []
    for part in parts:
        scores = [given for sheet in rows if (given := points(sheet, part)) is not None]
        if scores:
            means[part] = sum(scores) / len(scores)
            spread[part] = max(scores) - min(scores)
        if not any(sheet.parts.get(part) or part in sheet.values for sheet in rows):
            missing.append(part)
    low, high = any(mean < 3 for mean in means.values()), any(mean > 3 for mean in means.values())
    verdict = "mixed" if low == high else "negative" if low else "positive"
    return Findings(means, tuple(missing), spread, verdict, study_score(rows))


def likeness(words: frozenset[str], other: frozenset[str], metres: float | None) -> float:
    """How alike two initiatives are, 0 to 1: shared words, more so the nearer they lie."""
    if not words or not other:
        return 0.0
    shared = len(words & other) / min(len(words), len(other))
    if metres is None:
        return shared * 0.8
    nearness = max(0.0, 1.0 - metres / 1000)
    return min(1.0, shared * 0.8 + nearness * 0.2 * bool(shared))


HINTS_MAX = 10
_CAPITAL = "[A-ZÁĄĆČĎÉĘĚÍŁŃŇÓŘŚŠŤÚŮÝŹŻŽ]"
_HINTS: tuple[tuple[Text, re.Pattern[str]], ...] = (
    (_l("an e-mail address"), re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (_l("a personal number"), re.compile(r"(?<![\d-])(?:\d{11}|\d{6}/\d{3,4})(?![\d-])")),
    (
        _l("a phone number"),
        re.compile(
            r"(?<![\d+/-])(?:(?:\+|00)(?:48|420)[ -]?)?\d{3}[ -]?\d{3}[ -]?\d{3}(?![\d/-])(?! ?(?:zł|Kč|PLN|CZK|€))"
        ),
    ),
    (
        _l("perhaps a name"),
        re.compile(rf"\b(?:[Pp]an(?:i|a|em|u|ią|í)?|Mrs?\.?|Ms\.?) {_CAPITAL}[\w-]+(?: {_CAPITAL}[\w-]+)?"),
    ),
)


def personal_hints(*texts: str) -> list[tuple[Text, str]]:
    """What may be personal data of somebody in these texts: its kind and the words, at most ten.

    A help for whoever publishes, no proof: what it misses a person still has to see.
    """
    found: dict[str, Text] = {}
    for kind, pattern in _HINTS:
        for text in texts:
            for match in pattern.finditer(text):
                # A personal number also looks like a phone number; the first kind counts.
                if not any(match[0] in other for other in found):
                    found[match[0]] = kind
    return [(kind, words) for words, kind in found.items()][:HINTS_MAX]


def contacts_in(*texts: str) -> list[str]:
    """E-mail addresses, phone and personal numbers in texts that everybody reads unchecked. Names are only guessed at, so not here."""
    kinds = [kind for kind, _pattern in _HINTS[:-1]]
    return [words for kind, words in personal_hints(*texts) if kind in kinds]


FAR_OFF = _l("This place is far outside the area of this office. Are latitude and longitude exchanged?")


def lies_near(box: tuple[float, float, float, float], lat: float | None, lon: float | None) -> bool:
    """Whether a point lies in the box of its municipality (west, south, east, north) or close by; none does."""
    if lat is None or lon is None:
        return True
    west, south, east, north = box
    return (
        south - NEAR_DEGREES <= lat <= north + NEAR_DEGREES
        and west - NEAR_DEGREES <= lon <= east + NEAR_DEGREES
    )


class Supported(Protocol):
    """What the rules of support look at."""

    @property
    def phase(self) -> str: ...

    @property
    def listed_at(self) -> datetime | None: ...

    @property
    def support_until(self) -> date | None: ...

    @property
    def local_today(self) -> date: ...


def support_end(listed_on: date, days: int | None) -> date | None:
    """The last day on which support counts; none where the office sets none."""
    return None if days is None else listed_on + timedelta(days=days)


def support_is_over(case: Supported) -> bool:
    """Whether its last day has passed. An initiative without one takes support for as long as it is public."""
    return case.support_until is not None and case.local_today > case.support_until


def takes_support(case: Supported) -> bool:
    """Whether support is open and can still weigh: what the filter of the list shows."""
    return case.listed_at is not None and case.phase in SUPPORT_PHASES and not support_is_over(case)


def agreed(counts: Sequence[int], typed: int) -> int | None:
    """The number of signatures of a sheet once two countings agree; None while they have not."""
    return typed if typed in counts else None


# ---- who is named in a note ----

_NAMED = re.compile(r"(?<![\w@.])@(?=\w)")
_NAME_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
NAME_WORDS = 6


def mentioned(text: str, people: Mapping[int, str]) -> tuple[list[int], list[str], list[str]]:
    """Whom `@name` means: the ids of those found, what nobody is called, and what several are called.

    A whole name, or one word of it that only one of `people` has; accents and capitals do not matter.
    """
    known = {user_id: _folded_words(name) for user_id, name in people.items()}
    found: list[int] = []
    nobody: list[str] = []
    several: list[str] = []
    for sign in _NAMED.finditer(text):
        rest = text[sign.end() :].split("\n", 1)[0]
        typed = _NAME_WORD.findall(rest)[:NAME_WORDS]
        words = _folded_words(" ".join(typed))
        whole = [user_id for user_id, name in known.items() if name and words[: len(name)] == name]
        longest = max((len(known[user_id]) for user_id in whole), default=0)
        meant = [user_id for user_id in whole if len(known[user_id]) == longest] or [
            user_id for user_id, name in known.items() if words[:1] and words[0] in name
        ]
        if len(meant) == 1:
            found += meant
        else:
            (several if meant else nobody).append(typed[0] if typed else rest[:20])
    return list(dict.fromkeys(found)), nobody, several


def _folded_words(name: str) -> list[str]:
    return [fold(word) for word in _NAME_WORD.findall(name)]
