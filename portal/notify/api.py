"""Answers for machines: delivery reports of the SMS gates."""

import hmac

from flask import Response, request

from portal.core.errors import Missing
from portal.notify import delivery, rules
from portal.notify.channels import FIRST_GATE, SECOND_GATE, report_secret

MOST = 200
"""Reports in one request; gates send a handful."""


def sms_report(gate: str, secret: str) -> Response:
    """What became of SMS, as SMSAPI tells it: lists with commas of `idx` and `status`; answered by OK.

    Told twice, it changes nothing. Raises Missing for who does not know the secret of the address. Source:
    SMSAPI.pl, delivery reports (a request by GET or POST, repeated until the answer is OK).
    """
    if gate not in (FIRST_GATE, SECOND_GATE) or not hmac.compare_digest(
        secret.encode(), report_secret(gate).encode()
    ):
        raise Missing
    indexes = _listed("idx")
    statuses = _listed("status") or _listed("status_name")
    for index, status in zip(indexes[:MOST], statuses, strict=False):
        report = rules.reported(status)
        if report is not None:
            delivery.take_report(gate, index, report)
    return Response("OK", mimetype="text/plain")


def _listed(name: str) -> list[str]:
    return [part.strip() for part in request.values.get(name, "").split(",") if part.strip()]
