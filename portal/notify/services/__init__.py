"""Doing: what staff and the portal operator do with messages. Callers write `services.<verb>`."""

from portal.notify.services.acts import (
    BATCH,
    discard,
    forget,
    mute,
    note_reading,
    resend,
    resend_stopped,
    tick_off,
)
from portal.notify.services.switches import set_budget, set_ways, start, start_here, stop, stop_here
from portal.notify.services.tasks import (
    by_letter,
    give_up,
    make_batch,
    not_reached,
    plan_call,
    read_batch,
    settle_batch,
)
from portal.notify.services.texts import drop_text, take_up, write_text

__all__ = [
    "BATCH",
    "by_letter",
    "discard",
    "drop_text",
    "forget",
    "give_up",
    "make_batch",
    "mute",
    "not_reached",
    "note_reading",
    "plan_call",
    "read_batch",
    "resend",
    "resend_stopped",
    "set_budget",
    "set_ways",
    "settle_batch",
    "start",
    "start_here",
    "stop",
    "stop_here",
    "take_up",
    "tick_off",
    "write_text",
]
