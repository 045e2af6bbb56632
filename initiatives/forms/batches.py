"""Forms of batches of decisions: a new one, a prepared decision, the moment of publishing."""

from datetime import date, datetime, time, timedelta
from typing import Any

from wtforms import HiddenField, StringField
from wtforms.validators import ValidationError

from initiatives.forms.desk import DecideForm
from portal.core.calendar import ClockGapError, to_utc
from portal.core.i18n import lazy_gettext as _l
from portal.ui.fields import DayField, needed
from portal.ui.forms import BaseForm


class BatchForm(BaseForm):
    """A new batch."""

    name = StringField(
        _l("Name of the batch"),
        [needed(_l("Name the batch in at most 120 characters."))],
        description=_l("Only decision-makers read it, such as “Decisions of the session in May”."),
    )


class PreparedForm(DecideForm):
    """A decision that is published with its batch."""

    item_version = HiddenField()


def _read_time(text: str) -> time | None:
    """A local time as people write it: 9, 9:00, 9.30; None for anything else."""
    parts = text.strip().replace(".", ":").split(":")
    if not 1 <= len(parts) <= 2 or not all(
        part.isascii() and part.isdigit() and len(part) < 3 for part in parts
    ):
        return None
    hour, minute = int(parts[0]), int(parts[1]) if len(parts) == 2 else 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


class EmbargoForm(BaseForm):
    """Until when nobody knows of the decisions, in the office's time."""

    day = DayField(_l("Publish on"), validators=[needed(_l("Choose the day."))])
    hour = StringField(_l("at"), description=_l("In the office’s time, such as 12:00."))
    version = HiddenField()

    def validate_hour(self, field: Any) -> None:
        """A time of the day."""
        if _read_time(field.data or "") is None:
            raise ValidationError(_l("Write a time such as 12:00."))

    def moment(self, zone: str) -> datetime:
        """The instant; of a time that comes twice the first, of one that the clock skips the next hour."""
        typed: Any = self.day.data
        at = datetime.combine(typed or date.min, _read_time(self.hour.data or "") or time(12))
        try:
            return to_utc(at, zone, later=False)
        except ClockGapError:
            return to_utc(at + timedelta(hours=1), zone, later=False)
