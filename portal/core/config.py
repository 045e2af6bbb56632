"""Typed settings, read once from the environment (prefix `PORTAL_`); weak or missing ones stop the start.

In demo and test mode keys are made on the first start and kept in the data folder, so that the sealed
columns of the demo database stay readable. Production demands every secret from the environment (R39).
"""

import json
import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "portal"
KEY_BYTES = 32
LEAST_SIGNS = 8
"""Different signs in a key made by chance; 32 hexadecimal digits hardly ever have fewer."""
TELLTALE = ("changeme", "change-me", "password", "secret", "example", "placeholder", "replace")
MAKING = {
    "PORTAL_SECRET_KEY": """python3 -c "import secrets; print(secrets.token_urlsafe(48))\"""",
    "PORTAL_SEAL_KEYS": """python3 -c "import base64, secrets; print('2026a:' + """
    """base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())\"""",
}
"""Commands that make a key, as the documents have them."""
QUOTA_MB = 10_000
"""Megabytes of uploads a municipality may keep where nothing else is said: two thousand cases with five photos."""
MOST_MB = 1_000_000_000
PROOF = (14, 10)
"""Work of a proof as a power of two, less than a second on a desk and some on an old phone; seconds of the pause."""
LEAST_PROOF_BITS, MOST_PROOF_BITS = 8, 24
LEAST_SECRET = 16
"""Characters of a secret of an S3-compatible server; Amazon's have 40."""
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAIL_SCHEMES, GATE_SCHEMES = ("smtp", "smtps"), ("https", "http")


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
    backup_recipient: str | None = None
    metrics_token: str | None = None
    audit_mail: str | None = None
    oidc_staff: OidcProvider | None = None
    oidc_residents: OidcProvider | None = None
    sms2_url: str | None = None
    sms2_token: str | None = None
    files_url: str | None = None
    s3_key: str | None = None
    s3_secret: str | None = None
    clamav: str | None = None
    quota_mb: int = QUOTA_MB
    proof_bits: int = PROOF[0]
    proof_pause: int = PROOF[1]

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
        """Folder of stored uploads, where no bucket is set."""
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
        problems.append(
            f"PORTAL_SECRET_KEY must hold at least 32 random characters. Make it by: {MAKING['PORTAL_SECRET_KEY']}"
        )
    seal_keys = _seal_keys(seal_text, problems)
    base_url = (env.get("PORTAL_BASE_URL") or "http://127.0.0.1:8000").rstrip("/")
    if mode is Mode.PRODUCTION:
        _demand_production(env, base_url, problems)
        _demand_random(secret_key, seal_keys, problems)
    _demand_addresses(env, base_url, problems)
    database_url = _database_url(env.get("PORTAL_DATABASE_URL"), data, problems)
    relaxed = env.get("PORTAL_RELAXED", "") not in ("", "0")
    if relaxed and mode is Mode.PRODUCTION:
        problems.append("PORTAL_RELAXED is refused outside demo and test mode.")
    hosts = frozenset(h.strip().lower() for h in env.get("PORTAL_HOSTS", "").split(",") if h.strip())
    if mode is not Mode.PRODUCTION:
        hosts |= {"localhost", "127.0.0.1", "[::1]"}
    proxies = env.get("PORTAL_TRUSTED_PROXIES", "0")
    if not proxies.isdigit():
        problems.append("PORTAL_TRUSTED_PROXIES must be the number of proxies in front, such as 1.")
        proxies = "0"
    recipient = env.get("PORTAL_BACKUP_RECIPIENT") or None
    if recipient and not re.fullmatch(r"age1[02-9ac-hj-np-z]{58}", recipient):
        problems.append("PORTAL_BACKUP_RECIPIENT must be the public key age1… of who may read backups.")
    metrics_token = _metrics_token(env, mode, problems)
    files_url = _files_url(env, mode, problems)
    clamav = _clamav(env, problems)
    quota_mb = _quota_mb(env, problems)
    proof_bits, proof_pause = _proof(env, mode, problems)
    oidc_staff, oidc_residents = (_oidc(env, names, mode, problems) for names in (OIDC_STAFF, OIDC_RESIDENTS))
    if problems:
        raise ConfigError(problems)
    own_host = urlsplit(base_url).hostname or "127.0.0.1"
    return Settings(
        mode=mode,
        data=data,
        database_url=database_url,
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
        backup_recipient=recipient,
        metrics_token=metrics_token,
        audit_mail=env.get("PORTAL_AUDIT_MAIL") or None,
        oidc_staff=oidc_staff,
        oidc_residents=oidc_residents,
        sms2_url=env.get("PORTAL_SMS_SECOND_URL") or None,
        sms2_token=env.get("PORTAL_SMS_SECOND_TOKEN") or None,
        files_url=files_url,
        s3_key=env.get("PORTAL_S3_KEY") or None,
        s3_secret=env.get("PORTAL_S3_SECRET") or None,
        clamav=clamav,
        quota_mb=quota_mb,
        proof_bits=proof_bits,
        proof_pause=proof_pause,
    )


def _proof(env: Mapping[str, str], mode: Mode, problems: list[str]) -> tuple[int, int]:
    """Bits of the proof of work and seconds of the pause that stands for it: `PORTAL_PROOF=14/10`."""
    text = env.get("PORTAL_PROOF") or ""
    if not text:
        return PROOF
    found = re.fullmatch(r"(\d{1,2})/(\d{1,3})", text)
    if found is None or int(found[1]) > MOST_PROOF_BITS:
        problems.append("PORTAL_PROOF must be bits of work and seconds of the pause, such as 14/10.")
        return PROOF
    if mode is Mode.PRODUCTION and not (int(found[1]) >= LEAST_PROOF_BITS and int(found[2])):
        problems.append(f"PORTAL_PROOF asks for at least {LEAST_PROOF_BITS}/1 outside demo and test mode.")
    return int(found[1]), int(found[2])


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
    elif values[0] and not _is_address(values[0], GATE_SCHEMES):
        problems.append(f"{names[0]} must be an address such as https://id.example.org.")
    return OidcProvider(*values)


def _mode(text: str, problems: list[str]) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        problems.append(f"PORTAL_MODE is {text!r}; it must be demo, test or production.")
        return Mode.PRODUCTION


def _metrics_token(env: Mapping[str, str], mode: Mode, problems: list[str]) -> str | None:
    token = env.get("PORTAL_METRICS_TOKEN") or None
    if token and (len(token) < KEY_BYTES or (mode is Mode.PRODUCTION and not looks_random(token.encode()))):
        problems.append(
            "PORTAL_METRICS_TOKEN must hold at least 32 random characters, or be left away. "
            f"Make it by: {MAKING['PORTAL_SECRET_KEY']}"
        )
    return token


def _files_url(env: Mapping[str, str], mode: Mode, problems: list[str]) -> str | None:
    """The bucket of uploads; none means the folder `files` of the data folder."""
    given = env.get("PORTAL_FILES_URL") or ""
    if not given:
        problems += [
            f"{name} is set without PORTAL_FILES_URL, the bucket it opens."
            for name in ("PORTAL_S3_KEY", "PORTAL_S3_SECRET")
            if env.get(name)
        ]
        return None
    endpoint = _endpoint(given)
    if endpoint is None:
        problems.append(
            "PORTAL_FILES_URL must be s3://bucket/prefix?endpoint=https://s3.example.org&region=REGION, or left away for "
            "the data folder. The prefix may be missing; key and secret go into settings of their own."
        )
    elif mode is Mode.PRODUCTION and endpoint.startswith("http://") and not _is_here(endpoint):
        problems.append("PORTAL_FILES_URL: endpoint= must be https:// in production, or on this machine.")
    if find_spec("obstore") is None:
        problems.append(
            "PORTAL_FILES_URL names a bucket, whose client is not installed: pip install 'obstore>=0.12,<0.13'."
        )
    _demand_s3_secret(env, mode, problems)
    return given


def _clamav(env: Mapping[str, str], problems: list[str]) -> str | None:
    given = env.get("PORTAL_CLAMAV") or None
    if given is None or _is_address(given, ("tcp",)):
        return given
    if not given.startswith("clamd:///") or len(given) == len("clamd:///"):
        problems.append(
            "PORTAL_CLAMAV must be clamd:///run/clamav/clamd.ctl, the socket of clamd, or tcp://host:3310."
        )
    return given


def _quota_mb(env: Mapping[str, str], problems: list[str]) -> int:
    given = env.get("PORTAL_QUOTA_MB") or str(QUOTA_MB)
    if not (given.isascii() and given.isdigit() and 0 < int(given) <= MOST_MB):
        problems.append("PORTAL_QUOTA_MB must be a number of megabytes, such as 10000.")
        return QUOTA_MB
    return int(given)


def _endpoint(given: str) -> str | None:
    """The server of a bucket's address; empty for Amazon's own, None for an address that cannot be read."""
    try:
        parts = urlsplit(given)
        asked = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        return None
    good = parts.scheme == "s3" and BUCKET.fullmatch(parts.netloc) and set(asked) <= {"endpoint", "region"}
    endpoint = asked.get("endpoint", [""])[0]
    if not good or parts.fragment or (endpoint and not _is_address(endpoint, GATE_SCHEMES)):
        return None
    return endpoint


def _is_here(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")


def _demand_s3_secret(env: Mapping[str, str], mode: Mode, problems: list[str]) -> None:
    key, secret = env.get("PORTAL_S3_KEY") or "", env.get("PORTAL_S3_SECRET") or ""
    if not key:
        problems.append("PORTAL_S3_KEY must hold the access key of the bucket.")
    if len(secret) < LEAST_SECRET:
        problems.append(
            f"PORTAL_S3_SECRET must hold the secret of that key, at least {LEAST_SECRET} characters."
        )
    elif mode is Mode.PRODUCTION and (
        any(word in secret.lower() for word in TELLTALE) or not looks_random(secret.encode())
    ):
        problems.append(
            "PORTAL_S3_SECRET is a pattern that can be guessed; let the server of the bucket make one."
        )


def _database_url(given: str | None, data: Path, problems: list[str]) -> str:
    """The SQLAlchemy address; plain `postgresql://` means the driver we ship, psycopg 3."""
    if not given:
        return f"sqlite:///{data / 'portal.sqlite'}"
    scheme, _, rest = given.partition("://")
    # Never quoted whole: it holds a password.
    if not rest or scheme not in ("postgres", "postgresql", "postgresql+psycopg", "sqlite"):
        begin = f"{scheme}://" if rest else "without one"
        problems.append(
            f"PORTAL_DATABASE_URL begins {begin}; it must be postgresql://user:password@host/name, or left away "
            "for SQLite."
        )
    elif scheme == "sqlite":
        return given
    elif find_spec("psycopg") is None:
        problems.append(
            "PORTAL_DATABASE_URL names PostgreSQL, whose driver is not installed: pip install 'psycopg[binary]'."
        )
    elif not _is_database(given):
        problems.append(
            "PORTAL_DATABASE_URL cannot be read; it must be postgresql://user:password@host/name, where signs such "
            "as @ or / in a password are percent-encoded."
        )
    return "postgresql+psycopg://" + rest


def _is_database(address: str) -> bool:
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - rules that read settings need no database
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as above

    try:
        return bool(make_url(address).database)
    except (ArgumentError, ValueError):
        return False


def _parts_hold(address: str) -> bool:
    """Whether host and port of an address can be read; a strange sign in a password tears them apart."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _demand_production(env: Mapping[str, str], base_url: str, problems: list[str]) -> None:
    if not base_url.startswith("https://"):
        problems.append("PORTAL_BASE_URL must be the public https:// address in production.")
    if not env.get("PORTAL_SMTP_URL"):
        problems.append("PORTAL_SMTP_URL must name the mail server, such as smtp://mail.example:587.")


def _demand_addresses(env: Mapping[str, str], base_url: str, problems: list[str]) -> None:
    """What is given must be readable in every mode: nobody should find out by a message that never came."""
    if not base_url.startswith(("https://", "http://")) or not _parts_hold(base_url):
        problems.append("PORTAL_BASE_URL must be an address such as https://portal.example.org.")
    mail = env.get("PORTAL_SMTP_URL") or ""
    if mail and not _is_address(mail, MAIL_SCHEMES):
        problems.append(
            "PORTAL_SMTP_URL must be smtp://user:password@host:587 or smtps://user:password@host; signs such as # "
            "or / in a password are percent-encoded."
        )
    elif mail and "@" not in parse_qs(urlsplit(mail).query).get("from", ["@"])[0]:
        problems.append("PORTAL_SMTP_URL: from= must be an e-mail address, such as from=portal@town.example.")
    problems += [
        f"{name} must be an address such as https://api.smsapi.pl/sms.do?from=TOWN."
        for name in ("PORTAL_SMS_URL", "PORTAL_SMS_SECOND_URL")
        if (gate := env.get(name)) and not _is_address(gate, GATE_SCHEMES)
    ]
    if env.get("PORTAL_SMS_SECOND_URL") and not env.get("PORTAL_SMS_URL"):
        problems.append("PORTAL_SMS_SECOND_URL is the second gate: name the first one in PORTAL_SMS_URL.")


def _is_address(text: str, schemes: Sequence[str]) -> bool:
    return text.partition("://")[0] in schemes and _parts_hold(text)


def _demand_random(secret_key: str, seal_keys: Mapping[str, bytes], problems: list[str]) -> None:
    """Keys that were typed, not made. Too short ones were told of before."""
    typed = any(word in secret_key.lower() for word in TELLTALE)
    if len(secret_key) >= KEY_BYTES and (typed or not looks_random(secret_key.encode())):
        problems.append(
            f"PORTAL_SECRET_KEY is a pattern that can be guessed, not chance. Make it by: {MAKING['PORTAL_SECRET_KEY']}"
        )
    for name, key in seal_keys.items():
        if not looks_random(key):
            problems.append(
                f"PORTAL_SEAL_KEYS: the key {name} is a pattern that can be guessed, not chance. Make it by: {MAKING['PORTAL_SEAL_KEYS']}"
            )


def looks_random(key: bytes) -> bool:
    """Whether a key may have been drawn by chance: many signs, no piece again and again, no run as on a keyboard."""
    triples = [key[at : at + 3] for at in range(len(key) - 2)]
    strides = Counter(second - first for first, second in pairwise(key))
    return (
        len(set(key)) >= LEAST_SIGNS
        and len(set(triples)) > len(triples) * 2 / 3
        and strides.most_common(1)[0][1] < len(key) / 2
    )


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
            problems.append(
                f"PORTAL_SEAL_KEYS must be a list id:key with 32 bytes in URL-safe base64 each. Make one by: {MAKING['PORTAL_SEAL_KEYS']}"
            )
            return {}
        keys[name] = key
    if not keys:
        problems.append("PORTAL_SEAL_KEYS is missing: personal columns cannot be sealed without it.")
    return keys


def _kept_keys(data: Path) -> dict[str, str]:
    """The keys demo and test mode made for this data folder; made on the first start. Raises ConfigError."""
    path = data / "keys.json"
    try:
        if path.exists():
            kept: dict[str, str] = json.loads(path.read_text())
            return kept
        return _made_keys(data, path)
    except OSError as problem:
        raise ConfigError([f"PORTAL_DATA: the folder {data} cannot be used ({problem.strerror})."]) from None
    except ValueError:
        raise ConfigError(
            [f"The keys in {path} cannot be read. Bring the file back, or begin in a new folder."]
        ) from None


def _made_keys(data: Path, path: Path) -> dict[str, str]:
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
