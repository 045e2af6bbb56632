"""The addresses of people: coming in, one's own account, the administrator's members."""

from portal.accounts import desk, views
from portal.core.registry import Place, Route

BOTH = ("GET", "POST")
PORTAL = Place.PORTAL

ROUTES: tuple[Route, ...] = (
    Route("/sign-in", "sign_in", views.sign_in, "account.enter", BOTH, PORTAL),
    Route("/sign-in/sent", "link_sent", views.link_sent, "account.enter", place=PORTAL),
    Route("/sign-in/staff", "sign_in_staff", views.sign_in_staff, "account.enter", BOTH, PORTAL),
    Route("/sign-in/second-factor", "second_factor", views.second_factor, "account.enter", BOTH, PORTAL),
    Route("/sign-in/link/<string:token>", "use_link", views.use_link, "account.enter", BOTH, PORTAL),
    Route("/sign-out", "sign_out", views.sign_out, "account.enter", ("POST",), PORTAL),
    Route("/confirm", "confirm", views.confirm, "account.own", BOTH, PORTAL),
    Route("/invitation/<string:token>", "invitation", views.invitation, "account.enter", BOTH, PORTAL),
    Route("/password", "password", views.password, "account.enter", BOTH, PORTAL),
    Route("/password/<string:token>", "new_password", views.new_password, "account.enter", BOTH, PORTAL),
    Route("/account", "account", views.account, "account.own", BOTH, PORTAL),
    Route("/account/email", "email", views.email, "account.secure", BOTH, PORTAL),
    Route("/account/email/<string:token>", "new_email", views.new_email, "account.enter", BOTH, PORTAL),
    Route("/account/sessions", "sessions", views.devices, "account.own", BOTH, PORTAL),
    Route("/account/data", "data", views.data, "account.own", place=PORTAL),
    Route("/account/data/all", "data_all", views.data_all, "account.secure", place=PORTAL),
    Route("/account/data.json", "data_file", views.data_file, "account.secure", place=PORTAL),
    Route("/account/erase", "erase", views.erase, "account.secure", BOTH, PORTAL),
    Route("/demo", "demo", views.demo, "account.enter", place=PORTAL),
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
