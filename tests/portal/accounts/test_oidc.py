"""Signing in through another service: with a provider of our own making that can lie, and with a real one.

The real one is the npm package `oidc-provider`; `npm ci` in tests/oidc installs it. Without it that trial is skipped.
"""

import html
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from portal.accounts import queries
from portal.accounts.models import Identity, LoginSession
from portal.accounts.rules import SessionKind
from portal.accounts.services import oidc
from portal.core.config import OidcProvider
from portal.core.db import db
from tests.factories.accounts import code_of, make_member, make_resident

TRIAL = Path(__file__).resolve().parents[2] / "oidc"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Liar:
    """A provider whose answers a test may bend: `claims` over those of the token, `info` of userinfo."""

    def __init__(self):
        self.claims, self.info = {}, {}
        self.key, self.header, self.token_status = KEY, {"alg": "RS256", "kid": "one"}, 200
        self.asked, self.seen = {}, []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args):
                pass

            def _answer(self, found, status=200):
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                liar.seen.append(self.path)
                if self.path.endswith("/openid-configuration"):
                    self._answer(liar.metadata())
                elif self.path == "/jwks":
                    self._answer({"keys": [KEY.as_dict(private=False)]})
                else:
                    self._answer({"sub": liar.token()["sub"], **liar.info})

            def do_POST(self):
                sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                liar.seen.append(sent)
                self._answer(liar.tokens(sent), liar.token_status)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def metadata(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/me",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/out",
        }

    def token(self):
        now = int(time.time())
        base = {
            "iss": self.issuer, "aud": "portal", "sub": "subject-1", "nonce": self.asked.get("nonce"),
            "iat": now, "exp": now + 300, "email": "adam@urzad.example", "email_verified": True, "name": "Adam Lipa",
        }  # fmt: skip
        return {name: value for name, value in (base | self.claims).items() if value is not None}

    def tokens(self, sent):
        challenge = urlsafe_b64encode(sha256(sent["code_verifier"][0].encode()).digest()).decode().rstrip("=")
        if self.token_status != 200 or challenge != self.asked["code_challenge"]:
            self.token_status = 400
            return {"error": "invalid_grant"}
        signed = jwt.encode(self.header, self.token(), self.key, algorithms=[self.header["alg"]])
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed}


@pytest.fixture
def liar(app, monkeypatch):
    made = Liar()
    ours = OidcProvider(made.issuer, "portal", "a-secret-of-the-trial-only", "Konto urzędu")
    settings = replace(app.extensions["portal.settings"], oidc_staff=ours, oidc_residents=ours)
    monkeypatch.setitem(app.extensions, "portal.settings", settings)
    monkeypatch.setitem(app.extensions, "portal.oidc", {})
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def walk(client, liar):
    """`walk("staff")`: to the provider and back; `bent` changes what comes back in the address."""

    def go(group="staff", start="", lang="en", **bent):
        answer = client.get(start or f"/{lang}/sign-in/oidc/{group}")
        assert answer.status_code == 302, answer.headers.get("Location")
        liar.asked = {
            name: found[0] for name, found in parse_qs(urlsplit(answer.headers["Location"]).query).items()
        }
        came = {"code": "c", "state": liar.asked["state"], "iss": liar.issuer} | bent
        came = {name: value for name, value in came.items() if value is not None}
        return client.get(f"/pl/sign-in/oidc/{group}/back?{urlencode(came)}")

    return go


def kinds():
    db.session.rollback()
    return {s.kind for s in db.session.scalars(select(LoginSession)) if s.user_id}


def said(client, path="/en/sign-in/staff"):
    return html.unescape(client.get(path).get_data(as_text=True))


def test_request_asks_for_a_code_with_pkce_state_and_nonce(client, town, liar, walk):
    walk()
    asked = liar.asked
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/pl/sign-in/oidc/staff/back"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert asked["scope"] == "openid email profile"


def test_member_is_found_by_the_verified_address_and_still_shows_the_code(client, town, walk, outbox):
    user = make_member(town, "leader")
    answer = walk()
    assert answer.headers["Location"] == "/en/sign-in/second-factor"
    assert kinds() == set()
    done = client.submit("/en/sign-in/second-factor", {"code": code_of(user)})
    assert done.headers["Location"] == "/en/lublin/desk"
    assert kinds() == {SessionKind.STAFF}
    assert [n.code for n in outbox()] == ["account.changed"]
    out = client.submit("/en/account")
    assert out.headers["Location"] == "/en/signed-out?by=staff"
    page = client.get(out.headers["Location"]).get_data(as_text=True)
    assert "/out?client_id=portal" in page
    assert "Sign out at Konto urzędu" in page


def test_provider_that_proved_several_factors_is_enough(client, town, liar, walk):
    make_member(town, "leader")
    liar.claims = {"amr": ["pwd", "mfa"]}
    assert walk().headers["Location"] == "/en/lublin/desk"
    assert kinds() == {SessionKind.STAFF}


def test_identity_is_the_subject_not_the_address(client, town, liar, walk):
    make_member(town, "leader")
    thief = make_member(town, "editor", email="zofia@urzad.example")
    liar.claims = {"amr": ["mfa"]}
    walk()
    client.submit("/en/account")
    # The same subject under another address is still Adam.
    liar.claims = {"amr": ["mfa"], "email": "zofia@urzad.example"}
    walk()
    db.session.rollback()
    [identity] = db.session.scalars(select(Identity)).all()
    assert identity.user_id == queries.by_email("adam@urzad.example").id != thief.id
    assert "subject-1" not in identity.subject_hash


@pytest.mark.parametrize(
    "bent",
    [{"email_verified": False}, {"email_verified": None}, {"email": "x@urzad.example"}, {"email": None}],
)
def test_unverified_or_unknown_address_opens_no_desk(client, town, liar, walk, bent):
    make_member(town, "leader")
    liar.claims = {"amr": ["mfa"], **bent}
    assert walk().headers["Location"] == "/en/sign-in/staff"
    assert "No member of a team has this identity." in said(client)
    assert kinds() == set()


def test_resident_or_closed_member_is_no_staff(client, town, liar, walk, actor_as):
    from portal.accounts.services import members

    make_resident("adam@urzad.example")
    liar.claims = {"amr": ["mfa"]}
    assert walk().headers["Location"] == "/en/sign-in/staff"
    user = make_member(town, "leader", email="zofia@urzad.example")
    liar.claims = {"amr": ["mfa"], "sub": "subject-2", "email": "zofia@urzad.example"}
    walk()
    client.submit("/en/account")
    members.close(actor_as("admin"), user.id)
    assert walk().headers["Location"] == "/en/sign-in/staff"
    assert kinds() == set()


@pytest.mark.parametrize(
    "bent",
    [
        {"state": "forged"},
        {"state": None},
        {"code": None},
        {"iss": "http://evil.example"},
        {"code": None, "error": "access_denied"},
    ],
)
def test_answer_that_is_not_ours_is_refused(client, town, liar, walk, bent):
    make_member(town, "leader")
    assert walk(**bent).headers["Location"] == "/en/sign-in/staff"
    assert "did not confirm who you are" in said(client)
    assert not any(isinstance(seen, dict) for seen in liar.seen), "no code was exchanged"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "somebody-else"}, {"aud": None}, {"iss": "http://evil.example"},
        {"exp": int(time.time()) - 3600}, {"exp": None}, {"sub": None}, {"aud": ["portal", "x"], "azp": "x"},
    ],
)  # fmt: skip
def test_token_with_one_wrong_claim_is_refused(client, town, liar, walk, claims):
    make_member(town, "leader")
    liar.claims = {"amr": ["mfa"], **claims}
    if "sub" in claims:
        liar.info = {"sub": "subject-1"}
    assert walk().headers["Location"] == "/en/sign-in/staff"
    assert kinds() == set()


def test_token_for_several_parties_is_good_when_we_are_the_one(client, town, liar, walk):
    make_member(town, "leader")
    liar.claims = {"amr": ["mfa"], "aud": ["portal", "x"], "azp": "portal"}
    assert walk().headers["Location"] == "/en/lublin/desk"


def test_token_signed_by_another_key_or_a_shared_secret_is_refused(client, town, liar, walk):
    make_member(town, "leader")
    liar.claims = {"amr": ["mfa"]}
    liar.key = OTHER_KEY
    assert walk().headers["Location"] == "/en/sign-in/staff"
    liar.key, liar.header = OctKey.import_key("a-secret-of-the-trial-only-that-is-long"), {"alg": "HS256"}
    assert walk().headers["Location"] == "/en/sign-in/staff"
    assert kinds() == set()


def test_userinfo_of_somebody_else_counts_for_nothing(client, town, liar, walk):
    make_member(town, "leader")
    liar.claims = {"amr": ["mfa"], "email": None, "email_verified": None}
    liar.info = {"email": "adam@urzad.example", "email_verified": True, "sub": "subject-9"}
    assert walk().headers["Location"] == "/en/sign-in/staff"
    liar.info["sub"] = "subject-1"
    assert walk().headers["Location"] == "/en/lublin/desk"


def test_answer_counts_once_and_for_ten_minutes(client, town, liar, walk, frozen):
    make_member(town, "leader")
    walk(state="forged")
    again = client.get(f"/pl/sign-in/oidc/staff/back?code=c&state={liar.asked['state']}")
    assert again.headers["Location"] == "/pl/sign-in"
    assert client.get("/pl/sign-in/oidc/staff/back?code=c&state=x").headers["Location"] == "/pl/sign-in"


def test_resident_gets_an_account_for_a_verified_address_nobody_has(client, town, liar, walk):
    liar.claims = {"email": "nowa@poczta.example", "name": "Łucja Żak"}
    assert walk("residents", lang="cs").headers["Location"] == "/cs/account"
    assert kinds() == {SessionKind.RESIDENT}
    user = queries.by_email("nowa@poczta.example")
    assert (user.name, user.language, user.password_hash) == ("Łucja Żak", "cs", None)
    client.submit("/en/account")
    liar.claims = {"email": "another@poczta.example"}
    assert walk("residents").headers["Location"] == "/en/account"
    assert queries.by_email("another@poczta.example") is None


def test_address_with_an_account_is_not_taken_over_but_connected_by_its_owner(
    client, town, liar, walk, sign_in, actor_as
):
    actor = actor_as("resident", email="adam@urzad.example")
    assert walk("residents").headers["Location"] == "/en/sign-in"
    assert "Your address has an account here." in said(client, "/en/sign-in")
    assert kinds() == set()
    sign_in(client, actor)
    assert "Connect Konto urzędu" in said(client, "/en/account/security")
    answer = walk("residents", start="/en/account/oidc/residents")
    assert answer.headers["Location"] == "/en/account/security"
    client.submit("/en/account")
    assert walk("residents").headers["Location"] == "/en/account"
    client.submit("/en/account/oidc/residents/disconnect", {"form_key": "one-key-for-one-form"})
    client.submit("/en/account")
    assert walk("residents").headers["Location"] == "/en/sign-in"


def test_identity_of_another_account_is_not_connected(client, town, liar, walk, sign_in, actor_as):
    liar.claims = {"email": "nowa@poczta.example"}
    walk("residents")
    sign_in(client, actor_as("resident"))
    assert walk("residents", start="/en/account/oidc/residents").headers["Location"] == "/en/account/security"
    assert "This identity belongs to another account." in said(client, "/en/account/security")


def test_member_of_a_team_does_not_come_in_as_a_resident(client, town, liar, walk):
    make_member(town, "leader")
    assert walk("residents").headers["Location"] == "/en/sign-in"
    assert kinds() == set()


def test_provider_that_is_away_leaves_the_other_ways(client, town, liar):
    liar.server.shutdown()
    liar.server.server_close()
    answer = client.get("/en/sign-in/oidc/staff")
    assert answer.headers["Location"] == "/en/sign-in"
    assert "The other service did not answer." in said(client, "/en/sign-in")


def test_provider_that_calls_itself_otherwise_is_not_asked(client, town, liar):
    liar.metadata = lambda: {"issuer": "http://evil.example"}
    assert client.get("/en/sign-in/oidc/staff").headers["Location"] == "/en/sign-in"


def test_without_settings_there_is_no_such_way(client, town):
    for path in ("/en/sign-in/oidc/staff", "/en/sign-in/oidc/x"):
        assert client.get(path).status_code == 404
    assert "oidc" not in client.get("/en/sign-in").get_data(as_text=True)


# The real one --------------------------------------------------------------------------------------------------


@pytest.fixture
def real(app, monkeypatch):
    """The npm package `oidc-provider` on loopback."""
    node = shutil.which("node")
    if not node or not (TRIAL / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("The real provider is not installed: call `python3 dev.py test` once.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = OidcProvider(f"http://127.0.0.1:{port}", "portal", "a-secret-of-the-trial-only", "Konto urzędu")
    settings = replace(app.extensions["portal.settings"], oidc_staff=ours)
    monkeypatch.setitem(app.extensions, "portal.settings", settings)
    monkeypatch.setitem(app.extensions, "portal.oidc", {})
    command = [node, "provider.mjs", str(port), oidc.back_address("staff")]
    with subprocess.Popen(
        command, cwd=TRIAL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        assert "ready" in server.stdout.readline()
        yield ours
        server.kill()


def at_the_provider(browser, url, login):
    """Sign in and agree on the provider's own pages; gives the address it sends back to."""
    for _ in range(12):
        answer = browser.get(url, allow_redirects=False, timeout=10)
        while answer.status_code in (302, 303):
            url = urljoin(answer.url, answer.headers["Location"])
            if url.startswith("http://127.0.0.1:8000"):
                return url
            answer = browser.get(url, allow_redirects=False, timeout=10)
        form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert form, answer.text[:300]
        fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', answer.text))
        if "login" in answer.text and "password" in answer.text:
            fields |= {"login": login, "password": "x"}
        sent = browser.post(urljoin(answer.url, form[1]), data=fields, allow_redirects=False, timeout=10)
        url = urljoin(sent.url, sent.headers["Location"])
    raise AssertionError("the provider never sent back")


def test_member_signs_in_through_a_real_provider_and_out_again(client, town, real):
    user = make_member(town, "leader")
    with requests.Session() as browser:
        start = client.get("/en/sign-in/oidc/staff?next=/en/lublin/desk/members")
        back = at_the_provider(browser, start.headers["Location"], "adam")
        answer = client.get(back.removeprefix("http://127.0.0.1:8000"))
        assert answer.headers["Location"] == "/en/sign-in/second-factor"
        client.submit("/en/sign-in/second-factor", {"code": code_of(user)})
        assert client.get("/en/lublin/desk").status_code == 200
        out = client.submit("/en/account")
        page = client.get(out.headers["Location"]).get_data(as_text=True)
        link = html.unescape(re.search(r'href="(http://127\.0\.0\.1:\d+/session/end[^"]*)"', page)[1])
        assert browser.get(link, timeout=10).status_code == 200


def test_real_provider_without_verified_address_opens_nothing(client, town, real):
    make_member(town, "leader", email="unverified@urzad.example")
    with requests.Session() as browser:
        start = client.get("/en/sign-in/oidc/staff")
        back = at_the_provider(browser, start.headers["Location"], "unverified")
    assert client.get(back.removeprefix("http://127.0.0.1:8000")).headers["Location"] == "/en/sign-in/staff"
    assert kinds() == set()
