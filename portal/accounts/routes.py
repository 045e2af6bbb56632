"""The addresses of people: coming in, one's own account, the administrator's members."""

from portal.accounts import desk
from portal.accounts.views import (
    access,
    account,
    claiming,
    demo,
    entering,
    joining,
    notifications,
    passkeys,
    phone,
    security,
)
from portal.core.registry import Place, Route

BOTH = ("GET", "POST")
PORTAL = Place.PORTAL

ROUTES: tuple[Route, ...] = (
    Route("/sign-in", "sign_in", entering.sign_in, "account.enter", BOTH, PORTAL),
    Route("/sign-in/sent", "link_sent", entering.link_sent, "account.enter", place=PORTAL),
    Route("/sign-in/staff", "sign_in_staff", entering.sign_in_staff, "account.enter", BOTH, PORTAL),
    Route("/sign-in/second-factor", "second_factor", entering.second_factor, "account.enter", BOTH, PORTAL),
    Route("/sign-in/passkey", "sign_in_passkey", passkeys.sign_in_passkey, "account.enter", BOTH, PORTAL),
    Route(
        "/sign-in/second-factor/passkey",
        "second_factor_passkey",
        passkeys.second_factor_passkey,
        "account.enter",
        BOTH,
        PORTAL,
    ),
    Route("/confirm/passkey", "confirm_passkey", passkeys.confirm_passkey, "account.own", BOTH, PORTAL),
    Route("/sign-in/phone", "sign_in_phone", phone.sign_in_phone, "account.enter", BOTH, PORTAL),
    Route("/sign-in/phone/code", "phone_code", phone.phone_code, "account.enter", BOTH, PORTAL),
    Route("/account/phone", "confirm_phone", phone.confirm_phone, "account.own", BOTH, PORTAL),
    Route("/account/phone/code", "confirm_phone_code", phone.confirm_phone_code, "account.own", BOTH, PORTAL),
    Route("/sign-in/recovery", "recover", security.recover, "account.enter", BOTH, PORTAL),
    Route("/sign-in/link/<string:token>", "use_link", entering.use_link, "account.enter", BOTH, PORTAL),
    Route("/sign-out", "sign_out", entering.sign_out, "account.enter", ("POST",), PORTAL),
    Route("/confirm", "confirm", entering.confirm, "account.own", BOTH, PORTAL),
    Route("/invitation/<string:token>", "invitation", joining.invitation, "account.enter", BOTH, PORTAL),
    Route("/password", "password", entering.password, "account.enter", BOTH, PORTAL),
    Route("/password/<string:token>", "new_password", entering.new_password, "account.enter", BOTH, PORTAL),
    Route("/account", "account", account.account, "account.own", BOTH, PORTAL),
    Route("/account/email", "email", account.email, "account.secure", BOTH, PORTAL),
    Route("/account/email/<string:token>", "new_email", account.new_email, "account.enter", BOTH, PORTAL),
    Route(
        "/account/notifications", "notifications", notifications.notifications, "account.own", BOTH, PORTAL
    ),
    Route("/account/claim", "claim", claiming.claim, "account.own", BOTH, PORTAL),
    Route("/account/security", "security", security.security, "account.own", place=PORTAL),
    Route("/account/security/app", "new_app", security.new_app, "account.secure", BOTH, PORTAL),
    Route("/account/security/codes", "codes", security.codes, "account.own", BOTH, PORTAL),
    Route("/account/security/codes/new", "new_codes", security.new_codes, "account.secure", BOTH, PORTAL),
    Route(
        "/account/security/passkeys/new", "new_passkey", passkeys.new_passkey, "account.secure", BOTH, PORTAL
    ),
    Route(
        "/account/security/passkeys/<int:passkey_id>",
        "passkey",
        passkeys.passkey,
        "account.own",
        BOTH,
        PORTAL,
    ),
    Route(
        "/account/security/passkeys/<int:passkey_id>/remove",
        "remove_passkey",
        passkeys.remove_passkey,
        "account.secure",
        BOTH,
        PORTAL,
    ),
    Route("/account/sessions", "sessions", account.devices, "account.own", BOTH, PORTAL),
    Route("/account/data", "data", account.data, "account.own", place=PORTAL),
    Route("/account/data/all", "data_all", account.data_all, "account.secure", place=PORTAL),
    Route("/account/data.json", "data_file", account.data_file, "account.secure", place=PORTAL),
    Route("/account/erase", "erase", account.erase, "account.secure", BOTH, PORTAL),
    Route("/demo", "demo", demo.demo, "account.enter", place=PORTAL),
    Route("/portal/access", "operator_access", access.operator_access, "portal.operate", place=PORTAL),
    Route("/portal/access/begin", "begin_access", access.begin_access, "access.begin", BOTH, PORTAL),
    Route("/desk/access", "accesses", access.accesses, "access.read"),
    Route("/desk/access/<int:access_id>", "access", access.access, "access.read"),
    Route("/desk/access/<int:access_id>/end", "end_access", access.end_access, "access.end", ("POST",)),
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
