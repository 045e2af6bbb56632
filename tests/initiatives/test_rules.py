"""Limits, guards, likeness, findings and hints of personal data, with plain values."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from initiatives import rules

TODAY = date(2026, 3, 2)
WORDS = st.frozensets(st.sampled_from(["ławka", "droga", "park", "szkoła", "lampa", "most"]))
DISTANCE = st.none() | st.floats(0, 50_000)


@dataclass
class Sheet:
    kind: str = "purpose"
    parts: dict[str, str] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    values: dict[str, str | int] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    finished: bool = True


@dataclass
class Case:
    title: str = "Ławka przy aptece"
    text: str = "Przy aptece nie ma gdzie usiąść, a czeka się długo."
    category: str = "greenery"
    has_place: bool = True
    returned_once: bool = False
    lead_user_id: int | None = 7
    reviewer_ids: tuple[int, ...] = (1, 2)
    sheets: tuple[Sheet, ...] = ()
    wanted: str = "Ławka."
    allowed: str = "Jedna."
    tradeoff: str = "Bez oparcia."
    recommended: str | None = "adopted"
    appeal_until: date | None = TODAY
    appealed_once: bool = False
    merge_consented: bool = False
    merge_id: int | None = None
    change_id: int | None = None
    local_today: date = TODAY


def test_a_whole_initiative_can_be_sent():
    assert rules.can_be_sent(Case()) is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"title": "x" * 4}, "5 to 120"),
        ({"title": "x" * 121}, "5 to 120"),
        ({"text": "x" * 29}, "30 to 8,000"),
        ({"text": "x" * 8001}, "30 to 8,000"),
        ({"category": ""}, "category"),
        ({"has_place": False}, "Say where"),
    ],
)
def test_what_is_missing_is_named(values, says):
    assert says in str(rules.can_be_sent(Case(**values)))


@pytest.mark.parametrize(
    "values", [{"title": "x" * 5}, {"title": "x" * 120}, {"text": "x" * 30}, {"text": "x" * 8000}]
)
def test_the_limits_themselves_are_taken(values):
    assert rules.can_be_sent(Case(**values)) is None


def test_a_case_is_returned_once_only():
    assert rules.not_returned_before(Case()) is None
    assert rules.not_returned_before(Case(returned_once=True))


def test_a_case_needs_somebody_who_leads_it():
    assert rules.has_lead(Case()) is None
    assert rules.has_lead(Case(lead_user_id=None))


@pytest.mark.parametrize(("people", "enough"), [((), False), ((1,), False), ((1, 1), False), ((1, 2), True)])
def test_two_reviewers_are_two_people(people, enough):
    assert (rules.has_two_reviewers(Case(reviewer_ids=people)) is None) is enough


def test_a_study_needs_two_finished_sheets_of_its_own_kind():
    unfinished = (Sheet(), Sheet(finished=False))
    both = (Sheet(), Sheet())
    assert "purpose" in str(rules.purpose_complete(Case(sheets=unfinished)))
    assert "purpose" in str(rules.purpose_complete(Case(sheets=(Sheet(), Sheet("feasibility")))))
    assert rules.purpose_complete(Case(sheets=both)) is None
    assert "feasibility" in str(rules.study_complete(Case(sheets=(*both, Sheet("feasibility")))))
    assert rules.study_complete(Case(sheets=both + (Sheet("feasibility"),) * 2)) is None


@pytest.mark.parametrize("part", ["wanted", "allowed", "tradeoff"])
def test_a_synthesis_has_three_parts_and_a_recommendation(part):
    assert rules.synthesis_complete(Case()) is None
    assert "Write the synthesis" in str(rules.synthesis_complete(Case(**{part: ""})))
    assert "recommend" in str(rules.synthesis_complete(Case(recommended=None)))


def test_the_last_day_of_an_appeal_counts():
    last = rules.appeal_deadline(TODAY)
    assert last == date(2026, 3, 9)
    assert rules.may_appeal(Case(appeal_until=last, local_today=last)) is None
    assert "passed" in str(rules.may_appeal(Case(appeal_until=last, local_today=last + timedelta(days=1))))


def test_an_appeal_is_made_once_and_against_a_refusal():
    assert "for good" in str(rules.may_appeal(Case(appealed_once=True)))
    assert "passed" in str(rules.may_appeal(Case(appeal_until=None)))


def test_a_proposal_is_taken_back_while_there_is_one():
    assert rules.has_merge_proposal(Case()) is not None
    assert rules.has_merge_proposal(Case(merge_id=1)) is None


@pytest.mark.parametrize(
    ("one", "other", "meanwhile", "at_the_end"),
    [
        (("told", None), ("told", None), "", "expired"),
        (("told", True), ("told", None), "", "expired"),
        (("told", True), ("told", True), "done", "done"),
        (("told", True), ("told", False), "refused", "refused"),
        (("told", None), ("looks", False), "refused", "refused"),
        (("told", True), ("looks", None), "", "done"),
        (("told", None), ("nobody", None), "", "expired"),
        (("told", True), ("nobody", None), "done", "done"),
        (("nobody", None), ("nobody", None), "done", "done"),
        (("looks", None), ("looks", None), "", "done"),
    ],
)
def test_what_the_answers_come_to(one, other, meanwhile, at_the_end):
    parties = (rules.Party(*one), rules.Party(*other))
    assert rules.merge_outcome(parties, over=False) == meanwhile
    assert rules.merge_outcome(parties, over=True) == at_the_end
    assert rules.merge_outcome(parties[::-1], over=True) == at_the_end


def test_one_change_at_a_time_and_only_an_open_one_is_answered():
    assert rules.has_change_proposal(Case()) is not None
    assert rules.has_change_proposal(Case(change_id=1)) is None
    assert rules.has_no_change_proposal(Case()) is None
    assert rules.has_no_change_proposal(Case(change_id=1)) is not None


def test_contacts_are_found_and_names_are_not_guessed_at():
    assert rules.contacts_in("Pani Nowak, 602 123 456", "ewa@people.example") == [
        "ewa@people.example",
        "602 123 456",
    ]
    assert rules.contacts_in("Pani Nowak") == []


def test_a_place_lies_in_the_box_or_close_by():
    box = (19.0, 49.0, 21.0, 51.0)
    assert rules.lies_near(box, None, None)
    assert rules.lies_near(box, 51.05, 20.0)
    assert not rules.lies_near(box, 20.0, 50.0)


def test_a_merge_waits_for_the_authors():
    assert "agree" in str(rules.has_merge_consent(Case()))
    assert rules.has_merge_consent(Case(merge_consented=True)) is None


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        (({"need": 4}, {"need": 5}), "positive"),
        (({"need": 2}, {"need": 1}), "negative"),
        (({"need": 3}, {"need": 3}), "mixed"),
        (({"need": 1}, {"need": 5}), "mixed"),
        (({"need": 3, "reach": 4}, {"need": 3, "reach": 4}), "positive"),
        (({"need": 3, "reach": 2}, {"need": 3, "reach": 2}), "negative"),
        (({"need": 5, "reach": 2}, {"need": 5, "reach": 2}), "mixed"),
        (({}, {}), "mixed"),
    ],
)
def test_a_mean_of_three_is_neither_for_nor_against(scores, verdict):
    sheets = [Sheet(scores=given_scores) for given_scores in scores]
    assert rules.weigh_findings(sheets, ("need", "reach")).verdict == verdict


def test_findings_tell_means_spread_and_what_nobody_wrote():
    sheets = [
        Sheet(parts={"need": "Potrzebna.", "reach": ""}, scores={"need": 2, "voice": 3}),
        Sheet(parts={"reach": ""}, scores={"need": 5}),
    ]
    found = rules.weigh_findings(iter(sheets), ("need", "reach", "voice"))
    assert found.means == {"need": 3.5, "voice": 3}
    assert found.spread == {"need": 3, "voice": 0}
    assert found.missing == ("reach", "voice")


@given(st.lists(st.dictionaries(st.sampled_from(rules.PURPOSE_PARTS), st.integers(1, 5)), max_size=5))
def test_means_stay_on_the_scale_and_turned_scores_turn_the_verdict(scores):
    found = rules.weigh_findings([Sheet(scores=s) for s in scores], rules.PURPOSE_PARTS)
    turned = rules.weigh_findings(
        [Sheet(scores={p: 6 - n for p, n in s.items()}) for s in scores], rules.PURPOSE_PARTS
    )
    assert all(1 <= mean <= 5 for mean in found.means.values())
    opposite = {"positive": "negative", "negative": "positive", "mixed": "mixed"}
    assert turned.verdict == opposite[found.verdict]


@given(WORDS, WORDS, DISTANCE)
def test_likeness_lies_between_nothing_and_one_and_has_no_direction(one, other, metres):
    alike = rules.likeness(one, other, metres)
    assert 0 <= alike <= 1
    assert alike == rules.likeness(other, one, metres)
    assert bool(alike) is bool(one & other)


@given(WORDS.filter(bool), st.floats(0, 999), st.floats(1, 5000))
def test_what_lies_nearer_is_more_alike(words, near, more):
    assert rules.likeness(words, words, near) > rules.likeness(words, words, near + more)
    assert rules.likeness(words, words, 0) == 1
    assert rules.likeness(words, words, 1000) == rules.likeness(words, words, None) == 0.8


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Piszcie na jan.nowak+x@poczta.example.", "an e-mail address", "jan.nowak+x@poczta.example"),
        ("PESEL 85010112345", "a personal number", "85010112345"),
        ("rodné číslo 850101/1234", "a personal number", "850101/1234"),
        ("tel. 600 100 200", "a phone number", "600 100 200"),
        ("tel. +48 600-100-200", "a phone number", "+48 600-100-200"),
        ("volejte 00420 601123456", "a phone number", "00420 601123456"),
        ("Skarżył się pan Łukasz Żak z bloku.", "perhaps a name", "pan Łukasz Żak"),
        ("Paní Šárka Říhová", "perhaps a name", "Paní Šárka Říhová"),
    ],
)
def test_what_may_be_personal_is_pointed_at(text, kind, words):
    assert [(str(label), found) for label, found in rules.personal_hints(text)] == [(kind, words)]


@pytest.mark.parametrize(
    "text",
    ["", "Koszt 150 000 000 zł", "działka 123/456", "panie i panowie", "nr LUB-I-2026-0042", "2026-03-02"],
)
def test_sums_plots_and_numbers_are_not_personal(text):
    assert rules.personal_hints(text) == []


def test_hints_are_told_once_and_at_most_ten():
    many = " ".join(f"a{n}@poczta.example" for n in range(20))
    assert len(rules.personal_hints(many)) == rules.HINTS_MAX
    assert len(rules.personal_hints("tel. 600 100 200", "600 100 200")) == 1


@given(st.text(max_size=300))
def test_hints_stand_in_the_text(text):
    assert all(words in text for _, words in rules.personal_hints(text))


def test_the_score_of_a_sheet_weighs_each_criterion():
    sheet = Sheet(
        scores={"need": 5, "reach": 2},
        values={"ours": "no", "asked": "unclear", "cost-once": 900, "ready": "2027-05-01"},
        weights={"need": 3, "reach": 1},
    )
    assert rules.terms(sheet) == [
        rules.Term("need", 5, 3), rules.Term("reach", 2, 1), rules.Term("ours", 1, 1), rules.Term("asked", 3, 1)
    ]  # fmt: skip
    assert rules.weighted(sheet) == pytest.approx((15 + 2 + 1 + 3) / 6)
    assert rules.weighted(Sheet(values={"cost-once": 900})) is None


def test_the_score_of_a_study_counts_each_reviewer_the_same():
    sheets = [Sheet(scores={"need": 5}, weights={"need": 9}), Sheet(scores={"need": 2}), Sheet()]
    assert rules.study_score(sheets) == 3.5
    assert rules.study_score([]) is None


@given(
    st.dictionaries(
        st.sampled_from(rules.PURPOSE_PARTS), st.tuples(st.integers(0, 5), st.integers(1, 10)), min_size=1
    )
)
def test_a_weighted_score_lies_between_the_scores(given_scores):
    sheet = Sheet(
        scores={key: score for key, (score, _weight) in given_scores.items()},
        weights={key: weight for key, (_score, weight) in given_scores.items()},
    )
    found = rules.weighted(sheet)
    assert min(sheet.scores.values()) - 1e-9 <= found <= max(sheet.scores.values()) + 1e-9


class TestNames:
    """Whom `@name` means."""

    PEOPLE: ClassVar[dict[int, str]] = {
        1: "Anna Wójcik",
        2: "Anna Maria Nowak-Żuk",
        3: "Piotr Nowak",
        4: "Anna",
    }

    @pytest.mark.parametrize(
        ("text", "found", "nobody", "several"),
        [
            ("@Anna Wójcik, proszę", [1], [], []),
            ("(@anna WOJCIK) i @Piotr", [1, 3], [], []),
            ("@Anna Maria Nowak-Żuk: tak", [2], [], []),
            ("@Anna", [4], [], []),
            ("@Nowak-Zuk", [2], [], []),
            ("@Zofia", [], ["Zofia"], []),
            ("pisz na a.b@example.org", [], [], []),
            ("@ 17:00 i @", [], [], []),
            ("@Piotr\nNowak @Piotr", [3], [], []),
        ],
    )
    def test_found(self, text: str, found: list[int], nobody: list[str], several: list[str]) -> None:
        assert rules.mentioned(text, self.PEOPLE) == (found, nobody, several)

    def test_several_of_one_name(self) -> None:
        twins = {1: "Ewa Lis", 2: "Ewa Lis", 3: "Ewa Kos"}
        assert rules.mentioned("@Ewa i @Ewa Lis", twins) == ([], [], ["Ewa", "Ewa"])
        assert rules.mentioned("@Kos", twins) == ([3], [], [])
