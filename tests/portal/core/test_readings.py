"""Why somebody reads: a reason of the list, words only where it has none, and an entry that names nobody."""

import pytest

from portal.core import audit, readings
from portal.core.actor import Actor, Channel
from portal.core.errors import Invalid
from portal.core.readings import Reason, Why


@pytest.mark.parametrize("words", ["", "  "])
def test_something_else_needs_words(words: str) -> None:
    with pytest.raises(Invalid) as caught:
        Why(Reason.OTHER, words)
    assert set(caught.value.fields) == {"words"}
    assert Why(Reason.CHECK, words).reason is Reason.CHECK


def test_every_reason_is_offered_with_words() -> None:
    assert set(readings.REASONS) == set(Reason)
    assert all(str(text) for text in readings.REASONS.values())


@pytest.mark.usefixtures("town")
def test_what_was_read_stands_in_the_entry_shortened() -> None:
    draft = audit.begin(Actor(channel=Channel.JOB), "initiative.contact_read")
    try:
        readings.record("initiative:1", Why(Reason.OTHER, " " + "x" * 300), "LUB-I-2026-0001")
        assert (draft.subject, draft.details["reason"], draft.details["number"]) == (
            "initiative:1",
            "other",
            "LUB-I-2026-0001",
        )
        assert len(draft.details["words"]) == readings.WORDS_MAX
    finally:
        audit.drop()


@pytest.mark.usefixtures("town")
def test_a_reading_of_many_cases_names_each_once() -> None:
    draft = audit.begin(Actor(channel=Channel.JOB), "letters.opened")
    try:
        readings.record(
            "letters:1", Why(Reason.TASK), "LUB-I-2026-0002", "", "LUB-I-2026-0001", "LUB-I-2026-0002"
        )
        assert draft.details["numbers"] == ["LUB-I-2026-0001", "LUB-I-2026-0002"]
        assert "number" not in draft.details
    finally:
        audit.drop()
