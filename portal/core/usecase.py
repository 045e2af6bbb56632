"""Use cases: the only way to change anything. One transaction, one permission, one audit entry, one commit.

    @use_case("initiative.decide", code="initiative.decided", load=queries.case)
    def decide(actor: Actor, case: Initiative, verdict: str, reasons: str) -> None: ...

    services.decide(actor, case_id, verdict, reasons)

With `load` the caller gives an id and the function gets the thing, read anew inside the writing
transaction and checked for this actor; what is not there, or not for them, is Missing.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import audit, clock, tenancy
from portal.core.actor import Actor
from portal.core.db import Base, UtcDateTime, db, insert_or_keep, is_writing, writing
from portal.core.policy import need

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class FormResult(Base):
    """Answer of a form already carried out: a repeated post gets it instead of a second case (R59)."""

    __tablename__ = "form_result"
    AUDITED = False

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    result: Mapped[str]


@overload
def use_case(
    permission: str, *, code: str, load: None = None
) -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[Concatenate[Actor, P], R]]: ...
@overload
def use_case(
    permission: str, *, code: str, load: Callable[[int], T]
) -> Callable[[Callable[Concatenate[Actor, T, P], R]], Callable[Concatenate[Actor, int, P], R]]: ...
def use_case(permission: str, *, code: str, load: Callable[[int], Any] | None = None) -> Any:
    """Decorate a service; `code` is the audit code `noun.verbed`. Inner use cases join the outer one."""

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def run(actor: Actor, *args: Any, **kwargs: Any) -> R:
            joined = is_writing()
            with writing():
                if not joined:
                    audit.begin(actor, code)
                try:
                    if load is not None:
                        thing = load(args[0])
                        need(actor, permission, thing)
                        result = function(actor, thing, *args[1:], **kwargs)
                    else:
                        need(actor, permission)
                        result = function(actor, *args, **kwargs)
                    if not joined:
                        db.session.flush()  # So that the audit entry knows every row.
                        audit.seal()
                except BaseException:
                    audit.drop()
                    raise
                return result

        run.permission = permission  # type: ignore[attr-defined]
        run.code = code  # type: ignore[attr-defined]
        return run

    return decorate


def once(form: str, key: str, act: Callable[[], Any]) -> Any:
    """Carry out `act` at most once per form key; a repeat returns the first answer (JSON-able).

    Called inside a use case, whose transaction it shares: an act that fails leaves no answer behind.
    """
    stored_key = f"{tenancy.current_id()}:{form}:{key}"
    # The primary key decides between two posts at the same instant: the later one waits, then finds.
    if not insert_or_keep(FormResult, key=stored_key, at=clock.now(), result="null"):
        return json.loads(
            db.session.scalars(select(FormResult.result).where(FormResult.key == stored_key)).one()
        )
    result = act()
    db.session.execute(
        update(FormResult).where(FormResult.key == stored_key).values(result=json.dumps(result))
    )
    return result


def purge_form_results(older_than: timedelta = timedelta(days=2)) -> None:
    """Forget answers nobody will ask again."""
    db.session.execute(delete(FormResult).where(FormResult.at < clock.now() - older_than))
