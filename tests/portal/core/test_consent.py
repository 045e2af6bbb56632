"""Consent as a log: words in versions, what stands, and what is taken back."""

from hashlib import sha256

from portal.core import consent
from portal.core.actor import Actor, Channel
from portal.core.consent import WORDS, ConsentEvent, Purpose
from portal.core.db import writing
from portal.core.i18n import speaking
from portal.core.tenancy import Town

KNOWN = {
    (Purpose.NAME, "1"): "Show my name with the initiative",
    (Purpose.COMMENT_NAME, "1"): "Show my name with the comment",
    (Purpose.NOTICES, "1"): "We write to you at every important step. You can stop at any time.",
}
"""Never change a line: add one with the next version. By these the office proves what somebody agreed to."""
EWA = Actor(user_id=7, channel=Channel.PHONE)


def test_other_words_need_another_version() -> None:
    with speaking("en"):
        for purpose, wording in WORDS.items():
            assert KNOWN[purpose, wording.version] == str(wording.text)
    assert len({sha256(text.encode()).hexdigest() for text in KNOWN.values()}) == len(KNOWN)


def test_an_event_says_what_when_how_and_in_which_language(town: Town) -> None:
    with speaking("cs"), writing():
        consent.record(EWA, Purpose.NAME, ("initiative", 5), given=True, user_id=7)
    (event,) = consent.events_of()
    assert (event.version, event.language, event.channel, event.given) == ("1", "cs", "phone", True)


def test_the_newest_event_says_how_it_stands(town: Town) -> None:
    with writing():
        for given in (True, False, True, False):
            consent.record(EWA, Purpose.NAME, ("initiative", 5), given=given, user_id=7)
        consent.record(EWA, Purpose.NAME, ("initiative", 6), given=True, user_id=7)
        consent.record(EWA, Purpose.NOTICES, ("initiative", 5), given=True, user_id=7)
    standing = consent.standing(consent.events_of(ConsentEvent.user_id == 7))
    assert {(event.purpose, event.object_id) for event in standing} == {
        (Purpose.NAME, 6),
        (Purpose.NOTICES, 5),
    }
    assert len(consent.events_of()) == 6
