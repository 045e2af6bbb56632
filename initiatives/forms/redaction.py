"""The form that marks parts of a photo: rectangles in per cent of its width and height."""

from typing import Any

from wtforms import IntegerField, TextAreaField
from wtforms.validators import Length, Optional

from initiatives import rules
from initiatives.services import BOXES_MOST
from portal.core.files import Box
from portal.core.i18n import lazy_gettext as _l
from portal.ui.fields import needed
from portal.ui.forms import BaseForm

EDGES = {
    "x": _l("From the left, in per cent"),
    "y": _l("From the top, in per cent"),
    "w": _l("Width, in per cent"),
    "h": _l("Height, in per cent"),
}


def field_names() -> list[tuple[str, ...]]:
    """Names of the four fields of each part."""
    return [tuple(f"{edge}{number}" for edge in EDGES) for number in range(1, BOXES_MOST + 1)]


class _RedactForm(BaseForm):
    """Rectangles, and what was changed in words."""

    note = TextAreaField(
        _l("What did you change, and why?"),
        [
            needed(_l("Say what you changed: the author reads it.")),
            Length(max=rules.REASON_MAX, message=_l("This text is too long. Shorten it.")),
        ],
    )

    def boxes(self) -> list[Box]:
        """The parts that are filled in and sound, cut off at the edges of the photo."""
        found = []
        for names in field_names():
            left, top, width, height = (self[name].data for name in names)
            if None not in (left, top, width, height) and _is_sound(left, top, width, height):
                found.append((left, top, min(width, 100 - left), min(height, 100 - top)))
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        """All four edges of a part, or none of them."""
        sound = bool(super().validate(extra_validators))
        for names in field_names():
            values = [self[name].data for name in names]
            if any(value is not None for value in values) and not _is_sound(*values):
                wrong = next((n for n, v in zip(names, values, strict=True) if v is None), names[0])
                self.blame({wrong: _l("Write whole numbers from 0 to 100; the part must lie in the photo.")})
                sound = False
        return sound


def _is_sound(left: int | None, top: int | None, width: int | None, height: int | None) -> bool:
    if left is None or top is None or width is None or height is None:
        return False
    return 0 <= left < 100 and 0 <= top < 100 and 1 <= width <= 100 and 1 <= height <= 100


RedactForm: Any = type(
    "RedactForm",
    (_RedactForm,),
    {
        "__doc__": _RedactForm.__doc__,
        **{name: IntegerField(EDGES[name[0]], [Optional()]) for names in field_names() for name in names},
    },
)
"""The form with its fields of all parts."""
