"""Pages of the administrator; the operations themselves stand in `api.py` of each module."""

from portal.api import desk
from portal.core.registry import Route

GET_POST = ("GET", "POST")
BASE = "/desk/api"

ROUTES = (
    Route(BASE, "keys", desk.keys, "api.read"),
    Route(f"{BASE}/keys/new", "new_key", desk.new_key, "api.manage", GET_POST),
    Route(f"{BASE}/keys/<int:key_id>/end", "end_key", desk.end_key, "api.manage", GET_POST),
    Route(f"{BASE}/webhooks/new", "new_webhook", desk.new_webhook, "api.manage", GET_POST),
    Route(f"{BASE}/webhooks/<int:webhook_id>", "webhook", desk.webhook, "api.manage"),
    Route(
        f"{BASE}/webhooks/<int:webhook_id>/<slug:act>",
        "webhook_act",
        desk.webhook_act,
        "api.manage",
        GET_POST,
    ),
)
