"""The addresses of messages."""

from portal.core.registry import PUBLIC, Place, Route
from portal.notify import desk, views

ROUTES = (
    # Answers 404 outside demo and test mode.
    Route("/demo/messages", "demo_messages", views.demo_messages, PUBLIC, place=Place.PORTAL),
    Route("/desk/messages", "messages", desk.messages, "message.read"),
    Route("/desk/messages/<int:notice_id>", "message", desk.message, "message.read"),
    Route("/desk/messages/<int:notice_id>/address", "address", desk.address, "message.read", ("GET", "POST")),
    Route("/desk/messages/<int:notice_id>/resend", "resend", desk.resend, "message.read", ("POST",)),
    Route("/desk/messages/<int:notice_id>/done", "done", desk.done, "message.read", ("POST",)),
)
