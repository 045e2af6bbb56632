"""Requests of people about their data: who asked, what was done, by whom; after a while nothing but that."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, UtcDateTime
from portal.core.sealed import Sealed
from portal.core.tenancy import Municipal


class DataRequest(Municipal, Base):
    """Somebody asks the office for a copy of their data, or for erasure.

    `who` is what they are known by, as typed (sealed); `keys` are the keyed hashes under which modules keep
    them. Both are emptied when the person is erased, or some weeks after the answer: what stays is the
    tombstone – when, by whom, and `counts`, records by part.
    """

    __tablename__ = "data_request"
    PERSONAL = ("keys", "person_id")

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_by_id: Mapped[int | None] = mapped_column(Key)
    proof: Mapped[str]
    who_sealed: Mapped[str | None]
    keys: Mapped[list[str]] = mapped_column(JSON, default=list)
    person_id: Mapped[int | None] = mapped_column(Key)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    copied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    copied_by_id: Mapped[int | None] = mapped_column(Key)
    erasure_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erasure_asked_by_id: Mapped[int | None] = mapped_column(Key)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_by_id: Mapped[int | None] = mapped_column(Key)

    who = Sealed()

    def __repr__(self) -> str:
        return f"<DataRequest {self.id}>"

    @property
    def waits_for_second(self) -> bool:
        """Whether somebody else has to confirm the erasure."""
        return self.erasure_asked_at is not None and self.erased_at is None

    @property
    def is_over(self) -> bool:
        """Whether it no longer says whose it was."""
        return self.who_sealed is None
