"""The addresses of people: coming in, one's own account, the administrator's members."""

from portal.accounts import desk
from portal.accounts.views import account, demo, entering, joining
from portal.core.registry import Place, Route

BOTH = ("GET", "POST")
PORTAL = Place.PORTAL

ROUTES: tuple[Route, ...] = (
    Route("/sign-in", "sign_in", entering.sign_in, "account.enter", BOTH, PORTAL, vital=True),
    Route("/sign-in/sent", "link_sent", entering.link_sent, "account.enter", place=PORTAL),
    Route(
        "/sign-in/staff", "sign_in_staff", entering.sign_in_staff, "account.enter", BOTH, PORTAL, vital=True
    ),
    Route(
        "/sign-in/second-factor",
        "second_factor",
        entering.second_factor,
        "account.enter",
        BOTH,
        PORTAL,
        vital=True,
    ),
    Route(
        "/sign-in/link/<string:token>",
        "use_link",
        entering.use_link,
        "account.enter",
        BOTH,
        PORTAL,
        vital=True,
    ),
    Route("/sign-out", "sign_out", entering.sign_out, "account.enter", ("POST",), PORTAL, vital=True),
    Route("/confirm", "confirm", entering.confirm, "account.own", BOTH, PORTAL, vital=True),
    Route(
        "/invitation/<string:token>",
        "invitation",
        joining.invitation,
        "account.enter",
        BOTH,
        PORTAL,
        vital=True,
    ),
    Route("/password", "password", entering.password, "account.enter", BOTH, PORTAL, vital=True),
    Route(
        "/password/<string:token>",
        "new_password",
        entering.new_password,
        "account.enter",
        BOTH,
        PORTAL,
        vital=True,
    ),
    Route("/account", "account", account.account, "account.own", BOTH, PORTAL),
    Route("/account/email", "email", account.email, "account.secure", BOTH, PORTAL),
    Route("/account/email/<string:token>", "new_email", account.new_email, "account.enter", BOTH, PORTAL),
    Route("/account/sessions", "sessions", account.devices, "account.own", BOTH, PORTAL),
    Route("/account/data", "data", account.data, "account.own", place=PORTAL),
    Route("/account/data/all", "data_all", account.data_all, "account.secure", place=PORTAL),
    Route("/account/data.json", "data_file", account.data_file, "account.secure", place=PORTAL),
    Route("/account/erase", "erase", account.erase, "account.secure", BOTH, PORTAL, vital=True),
    Route("/demo", "demo", demo.demo, "account.enter", place=PORTAL),
    Route("/desk/members", "members", desk.members, "member.read"),
    Route("/desk/members/invite", "invite", desk.invite, "member.manage", BOTH),
    Route("/desk/members/invited/<int:invitation_id>", "withdraw", desk.withdraw, "member.manage", ("POST",)),
    Route("/desk/members/<int:user_id>", "member", desk.member, "member.read"),
    Route("/desk/members/<int:user_id>/roles", "roles", desk.roles, "member.manage", BOTH),
    Route("/desk/members/<int:user_id>/remove", "remove", desk.remove, "member.manage", BOTH),
    Route("/desk/members/<int:user_id>/close", "close", desk.close, "member.manage", BOTH),
    Route("/desk/members/<int:user_id>/reopen", "reopen", desk.reopen, "member.manage", BOTH),
    Route("/desk/members/<int:user_id>/setup", "setup", desk.setup, "member.manage", BOTH),
)
