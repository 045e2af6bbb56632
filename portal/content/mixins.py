"""`Content`: the columns and small properties every content type has."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import UtcDateTime
from portal.core.workflow import State, Workflow


class Content:
    """Mixin of content types. `KIND` names the type, `WORKFLOW` is its table of states.

    `version` counts edits: a form carries the one it was made from, and a service refuses an older one.
    `state` is assigned only by `content/move.py`.
    """

    KIND: ClassVar[str]
    WORKFLOW: ClassVar[Workflow]

    id: Mapped[int]
    municipality_id: Mapped[int]
    state: Mapped[str] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)
    language: Mapped[str] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def present(self) -> State:
        """The state's row of the workflow table."""
        return self.WORKFLOW.state(self.state)

    @property
    def closed_permissions(self) -> frozenset[str]:
        """Permissions nobody has in this state; asked by `core.policy.can`."""
        return self.present.closes

    @property
    def withheld(self) -> bool:
        """Whether the public never learns of it, whatever its state."""
        return False

    @property
    def about(self) -> tuple[str, int]:
        """How histories, files and notices name this thing."""
        return self.KIND, self.id
