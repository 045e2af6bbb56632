"""The addresses of data protection."""

from portal.core.registry import Place, Route
from portal.privacy import desk, views

GET_POST = ("GET", "POST")
DESK = "/desk/privacy"
ONE = f"{DESK}/requests/<int:request_id>"

ROUTES = (
    Route("/account/consents", "consents", views.consents, "account.own", GET_POST, place=Place.PORTAL),
    Route(DESK, "retention", desk.retention, "privacy.read"),
    Route(f"{DESK}/readings", "readings", desk.readings, "privacy.read"),
    Route(f"{DESK}/requests", "requests", desk.requests, "privacy.act", GET_POST),
    Route(ONE, "request", desk.request_page, "privacy.act"),
    Route(f"{ONE}/copy", "copy", desk.copy, "privacy.act", GET_POST),
    Route(f"{ONE}/erase", "erase", desk.erase, "privacy.act", GET_POST),
)
