"""The registry takes over what modules hand in, and refuses two of a kind."""

import pytest

from portal.core.registry import JobKind, Module, NoticeKind, Registry


def module(name: str, **records: object) -> Module:
    return Module(name=name, title=name, **records)  # type: ignore[arg-type]


def nothing(_payload: dict[str, object]) -> None: ...


def test_records_are_found_by_their_keys() -> None:
    job, notice = JobKind("cases.forget", nothing), NoticeKind("case.sent", "Sent", "sent.txt", "Sent")
    registry = Registry()
    registry.load((module("cases", jobs=(job,)), module("notify", notices=(notice,))))
    assert registry.jobs == {"cases.forget": job}
    assert registry.notices == {"case.sent": notice}
    assert [found.name for found in registry.modules] == ["cases", "notify"]


def test_a_key_given_twice_is_an_error_at_start_also_across_modules() -> None:
    job = JobKind("cases.forget", nothing)
    with pytest.raises(ValueError, match=r"cases\.forget is registered twice"):
        Registry().load(
            (module("cases", jobs=(job,)), module("others", jobs=(JobKind("cases.forget", nothing),)))
        )


def test_loading_anew_forgets_what_was_there() -> None:
    registry = Registry()
    registry.load((module("cases", jobs=(JobKind("cases.forget", nothing),)),))
    registry.load((module("others"),))
    assert registry.jobs == {}
