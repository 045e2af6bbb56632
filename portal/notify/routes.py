"""The addresses of messages."""

from portal.core.registry import PUBLIC, Place, Route
from portal.notify import api, views
from portal.notify.desk import lists, switches, tasks, texts

POST = ("POST",)
BOTH = ("GET", "POST")
_PORTAL = "/portal/messages"
_TEXT = "/desk/messages/texts/<string:code>/<string:language>"
_ALL, _ONE = f"{_PORTAL}/installation", f"{_PORTAL}/of/<slug:slug>"

ROUTES = (
    # Answers 404 outside demo and test mode.
    Route("/demo/messages", "demo_messages", views.demo_messages, PUBLIC, place=Place.PORTAL),
    # Mail programs post here without any page of ours before it (RFC 8058), so there is no token to ask for.
    Route(
        "/mute/<string:token>", "mute", views.mute, "message.mute", ("GET", "POST"), Place.PORTAL, csrf=False
    ),
    Route("/desk/messages", "messages", lists.messages, "message.read"),
    Route("/desk/messages/<int:notice_id>", "message", lists.message, "message.read"),
    Route("/desk/messages/<int:notice_id>/address", "address", lists.address, "message.read", BOTH),
    Route("/desk/messages/<int:notice_id>/resend", "resend", lists.resend, "message.read", POST),
    Route("/desk/messages/resend", "resend_stopped", lists.resend_stopped, "message.read", POST),
    Route("/desk/messages/<int:notice_id>/done", "done", lists.done, "message.read", POST),
    Route("/desk/messages/<int:notice_id>/unreached", "unreached", tasks.unreached, "message.read", POST),
    Route("/desk/messages/<int:notice_id>/plan", "plan_call", tasks.plan_call, "message.read", POST),
    Route("/desk/messages/<int:notice_id>/letter", "by_letter", tasks.by_letter, "message.read", POST),
    Route("/desk/messages/<int:notice_id>/give-up", "give_up", tasks.give_up, "message.read", POST),
    Route("/desk/messages/calls", "calls", tasks.calls, "message.read"),
    Route("/desk/messages/letters", "letters", tasks.letters, "message.read", BOTH),
    Route("/desk/messages/letters/<int:batch_id>", "letter_batch", tasks.letter_batch, "message.read", BOTH),
    Route(
        "/desk/messages/letters/<int:batch_id>/letters.pdf",
        "letter_pages",
        tasks.letter_pages,
        "message.read",
        BOTH,
    ),
    Route("/desk/messages/texts", "texts", texts.texts, "message.settings"),
    Route(_TEXT, "text", texts.text, "message.settings", BOTH),
    Route(f"{_TEXT}/drop", "drop_text", texts.drop_text, "message.settings", POST),
    Route(f"{_TEXT}/<int:version>", "take_up_text", texts.take_up_text, "message.settings", POST),
    Route("/desk/messages/settings", "settings", switches.settings, "message.settings", BOTH),
    Route("/desk/messages/settings/stop", "stop_here", switches.stop_here, "message.settings", POST),
    Route("/desk/messages/settings/start", "start_here", switches.start_here, "message.settings", POST),
    Route(_PORTAL, "portal_messages", switches.portal_messages, "portal.operate", place=Place.PORTAL),
    Route(_ALL, "portal_all", switches.portal_place, "portal.operate", BOTH, Place.PORTAL),
    Route(f"{_ALL}/stop", "portal_stop_all", switches.portal_stop, "portal.operate", POST, Place.PORTAL),
    Route(f"{_ALL}/start", "portal_start_all", switches.portal_start, "portal.operate", POST, Place.PORTAL),
    Route(_ONE, "portal_place", switches.portal_place, "portal.operate", BOTH, Place.PORTAL),
    Route(f"{_ONE}/stop", "portal_stop", switches.portal_stop, "portal.operate", POST, Place.PORTAL),
    Route(f"{_ONE}/start", "portal_start", switches.portal_start, "portal.operate", POST, Place.PORTAL),
    # Gates know the secret of the address, and no token.
    Route(
        "/sms/reports/<string:gate>/<string:secret>",
        "sms_report",
        api.sms_report,
        PUBLIC,
        BOTH,
        Place.BARE,
        csrf=False,
        vital=True,
    ),
)
