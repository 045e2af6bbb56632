"""What travels to the worker comes out as it went in."""

from datetime import UTC, date, datetime

import pytest

from portal.core.i18n import Filled, Worded, lazy_gettext, lazy_pgettext, speaking
from portal.notify import values
from portal.notify.values import pack, unpack


def test_plain_values_days_and_instants_keep_their_kind() -> None:
    given = {
        "number": "LUB-I-2026-0042",
        "count": 3,
        "share": 0.5,
        "ok": True,
        "none": None,
        "due": date(2026, 11, 28),
        "at": datetime(2026, 11, 21, 10, 30, tzinfo=UTC),
        "list": ["a", {"day": date(2026, 1, 1)}],
    }
    assert unpack(pack(given)) == given


def test_nothing_kept_is_no_values() -> None:
    assert unpack(None) == {}


def test_labels_are_looked_up_again_in_the_language_then_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.core.i18n import current_locale

    monkeypatch.setattr(values, "gettext", lambda msgid: f"{current_locale()}:{msgid}")
    monkeypatch.setattr(values, "pgettext", lambda context, msgid: f"{current_locale()}:{context}:{msgid}")
    with speaking("pl"):
        packed = pack({"plain": lazy_gettext("Refused"), "in_context": lazy_pgettext("state", "Open")})
    found = unpack(packed)
    with speaking("cs"):
        assert str(found["plain"]) == "cs:Refused"
        assert str(found["in_context"]) == "cs:state:Open"


def test_a_filled_message_keeps_its_values() -> None:
    found = unpack(pack({"text": Filled("At most %(n)s.", {"n": 3})}))
    with speaking("en"):
        assert str(found["text"]) == "At most 3."


def test_a_thing_cannot_travel() -> None:
    with pytest.raises(TypeError, match="object cannot travel"):
        pack({"thing": object()})


def test_words_of_an_office_are_chosen_in_the_language_then_spoken() -> None:
    kept = unpack(pack({"promise": Worded({"pl": "Rada.", "cs": "Zastupitelstvo."}, "pl")}))["promise"]
    with speaking("cs"):
        assert str(kept) == "Zastupitelstvo."
    with speaking("en"):
        assert str(kept) == "Rada."
