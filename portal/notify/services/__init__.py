"""Doing: what staff and the portal operator do with messages. Callers write `services.<verb>`."""

from portal.notify.services.acts import BATCH, discard, forget, note_reading, resend, tick_off
from portal.notify.services.switches import set_budget, set_folding, start, start_here, stop, stop_here

__all__ = [
    "BATCH",
    "discard",
    "forget",
    "note_reading",
    "resend",
    "set_budget",
    "set_folding",
    "start",
    "start_here",
    "stop",
    "stop_here",
    "tick_off",
]
