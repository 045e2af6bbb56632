"""Doing: writing, publishing, translating, alerts. Views import from here."""

from portal.articles.services.alerts import change_alert, end_alert, put_up_alert
from portal.articles.services.publishing import (
    expire_due,
    publish,
    publish_due,
    schedule,
    send_back,
    submit,
    take_back,
    unschedule,
    withdraw,
)
from portal.articles.services.translating import translate
from portal.articles.services.writing import (
    add_file,
    arrange,
    change_settings,
    create,
    drop,
    restore,
    save,
)

__all__ = [
    "add_file",
    "arrange",
    "change_alert",
    "change_settings",
    "create",
    "drop",
    "end_alert",
    "expire_due",
    "publish",
    "publish_due",
    "put_up_alert",
    "restore",
    "save",
    "schedule",
    "send_back",
    "submit",
    "take_back",
    "translate",
    "unschedule",
    "withdraw",
]
