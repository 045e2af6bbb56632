"""Typed settings, read once from the environment (prefix `PORTAL_`); weak or missing ones stop the start.

In demo and test mode keys are made on the first start and kept in the data folder, so that the sealed
columns of the demo database stay readable. Production demands every secret from the environment (R39).
"""

import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "portal"
KEY_BYTES = 32


class Mode(StrEnum):
    """How the portal runs: demo shows its messages and sign-ins, production demands secrets."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class ConfigError(Exception):
    """Settings that must not be used; `problems` names each of them in one line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The settings are not usable:\n" + "\n".join(f"  - {p}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OpenID Connect provider people may sign in with; `name` stands on the button."""

    issuer: str
    client_id: str
    client_secret: str
    name: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides. `seal_keys` maps key id → 32 bytes; the last one seals."""

    mode: Mode
    data: Path
    database_url: str
    redis_url: str | None
    secret_key: str
    seal_keys: Mapping[str, bytes]
    base_url: str
    hosts: frozenset[str]
    trusted_proxies: int
    smtp_url: str | None
    sms_url: str | None
    sms_token: str | None
    relaxed: bool
    oidc_staff: OidcProvider | None = None
    oidc_residents: OidcProvider | None = None

    @property
    def shows_demo(self) -> bool:
        """Whether demo sign-ins and the message viewer exist."""
        return self.mode is not Mode.PRODUCTION

    @property
    def secure(self) -> bool:
        """Whether cookies are Secure and HSTS is sent (R11: only demo and test mode drop them)."""
        return self.mode is Mode.PRODUCTION

    @property
    def files(self) -> Path:
        """Folder of stored uploads."""
        return self.data / "files"


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises ConfigError naming every problem at once."""
    env = os.environ if environ is None else environ
    problems: list[str] = []
    mode = _mode(env.get("PORTAL_MODE", "demo"), problems)
    data = Path(env.get("PORTAL_DATA") or ROOT / "var").resolve()
    kept = _kept_keys(data) if mode is not Mode.PRODUCTION else {}
    secret_key = env.get("PORTAL_SECRET_KEY") or kept.get("secret_key", "")
    seal_text = env.get("PORTAL_SEAL_KEYS") or kept.get("seal_keys", "")
    if len(secret_key) < KEY_BYTES:
        problems.append("PORTAL_SECRET_KEY must hold at least 32 random characters.")
    seal_keys = _seal_keys(seal_text, problems)
    base_url = (env.get("PORTAL_BASE_URL") or "http://127.0.0.1:8000").rstrip("/")
    if mode is Mode.PRODUCTION:
        _demand_production(env, base_url, problems)
    relaxed = env.get("PORTAL_RELAXED", "") not in ("", "0")
    if relaxed and mode is Mode.PRODUCTION:
        problems.append("PORTAL_RELAXED is refused outside demo and test mode.")
    own_host = urlsplit(base_url).hostname or "127.0.0.1"
    hosts = frozenset(h.strip().lower() for h in env.get("PORTAL_HOSTS", "").split(",") if h.strip())
    if mode is not Mode.PRODUCTION:
        hosts |= {"localhost", "127.0.0.1", "[::1]"}
    proxies = env.get("PORTAL_TRUSTED_PROXIES", "0")
    if not proxies.isdigit():
        problems.append("PORTAL_TRUSTED_PROXIES must be the number of proxies in front, such as 1.")
        proxies = "0"
    oidc_staff, oidc_residents = (_oidc(env, names, mode, problems) for names in (OIDC_STAFF, OIDC_RESIDENTS))
    if problems:
        raise ConfigError(problems)
    return Settings(
        mode=mode,
        data=data,
        database_url=_database_url(env.get("PORTAL_DATABASE_URL"), data),
        redis_url=env.get("PORTAL_REDIS_URL") or None,
        secret_key=secret_key,
        seal_keys=seal_keys,
        base_url=base_url,
        hosts=hosts | {own_host},
        trusted_proxies=int(proxies),
        smtp_url=env.get("PORTAL_SMTP_URL") or None,
        sms_url=env.get("PORTAL_SMS_URL") or None,
        sms_token=env.get("PORTAL_SMS_TOKEN") or None,
        relaxed=relaxed,
        oidc_staff=oidc_staff,
        oidc_residents=oidc_residents,
    )


OIDC_STAFF = (
    "PORTAL_OIDC_STAFF_ISSUER",
    "PORTAL_OIDC_STAFF_CLIENT_ID",
    "PORTAL_OIDC_STAFF_CLIENT_SECRET",
    "PORTAL_OIDC_STAFF_NAME",
)
OIDC_RESIDENTS = (
    "PORTAL_OIDC_RESIDENTS_ISSUER",
    "PORTAL_OIDC_RESIDENTS_CLIENT_ID",
    "PORTAL_OIDC_RESIDENTS_CLIENT_SECRET",
    "PORTAL_OIDC_RESIDENTS_NAME",
)


def _oidc(
    env: Mapping[str, str], names: tuple[str, str, str, str], mode: Mode, problems: list[str]
) -> OidcProvider | None:
    """A provider whose four settings are given; none of them means none, some of them are a mistake."""
    values = [env.get(name, "").strip() for name in names]
    if not any(values):
        return None
    problems += [
        f"{name} is missing: the others of this provider are set." for name in names if not env.get(name)
    ]
    if mode is Mode.PRODUCTION and not values[0].startswith("https://"):
        problems.append(f"{names[0]} must be an https:// address in production.")
    return OidcProvider(*values)


def _mode(text: str, problems: list[str]) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        problems.append(f"PORTAL_MODE is {text!r}; it must be demo, test or production.")
        return Mode.PRODUCTION


def _database_url(given: str | None, data: Path) -> str:
    """The SQLAlchemy address; plain `postgresql://` means the driver we ship, psycopg 3."""
    if not given:
        return f"sqlite:///{data / 'portal.sqlite'}"
    for plain in ("postgres://", "postgresql://"):
        if given.startswith(plain):
            return "postgresql+psycopg://" + given.removeprefix(plain)
    return given


def _demand_production(env: Mapping[str, str], base_url: str, problems: list[str]) -> None:
    if not base_url.startswith("https://"):
        problems.append("PORTAL_BASE_URL must be the public https:// address in production.")
    if not env.get("PORTAL_SMTP_URL"):
        problems.append("PORTAL_SMTP_URL must name the mail server, such as smtp://mail.example:587.")


def _seal_keys(text: str, problems: list[str]) -> dict[str, bytes]:
    """`id:base64,id:base64` → keys; the last one seals, the earlier ones still open."""
    keys: dict[str, bytes] = {}
    for part in filter(None, text.split(",")):
        name, _, encoded = part.partition(":")
        try:
            key = urlsafe_b64decode(encoded.encode())
        except ValueError:
            key = b""
        if not name or len(key) != KEY_BYTES:
            problems.append("PORTAL_SEAL_KEYS must be a list id:key with 32 bytes in URL-safe base64 each.")
            return {}
        keys[name] = key
    if not keys:
        problems.append("PORTAL_SEAL_KEYS is missing: personal columns cannot be sealed without it.")
    return keys


def _kept_keys(data: Path) -> dict[str, str]:
    """The keys demo and test mode made for this data folder; made on the first start."""
    path = data / "keys.json"
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    data.mkdir(parents=True, exist_ok=True)
    seal = urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    made = {"secret_key": secrets.token_urlsafe(48), "seal_keys": f"k1:{seal}"}
    # Exclusive creation: web server and worker may start at the same instant.
    draft = data / f"keys.{os.getpid()}.tmp"
    draft.write_text(json.dumps(made))
    draft.chmod(0o600)
    try:
        os.link(draft, path)
    except FileExistsError:
        made = json.loads(path.read_text())
    finally:
        draft.unlink()
    return made
