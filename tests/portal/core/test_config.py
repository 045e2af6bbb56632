"""Settings: weak or missing ones stop the start, and every problem is named at once."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from portal.core.config import OIDC_STAFF, ConfigError, Mode, looks_random, read


def seal(key: bytes) -> str:
    return "k1:" + urlsafe_b64encode(key).decode()


CHANCE = sha256(b"a key of this test").digest()
GOOD = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET_KEY": CHANCE.hex(),
    "PORTAL_SEAL_KEYS": seal(CHANCE),
    "PORTAL_BASE_URL": "https://portal.example",
    "PORTAL_SMTP_URL": "smtp://mail.example",
}


def test_production_starts_with_every_secret_given(tmp_path: Path) -> None:
    settings = read({**GOOD, "PORTAL_DATA": str(tmp_path)})
    assert settings.mode is Mode.PRODUCTION
    assert settings.secure
    assert not settings.shows_demo
    assert settings.hosts == {"portal.example"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"PORTAL_SECRET_KEY": "short"}, "PORTAL_SECRET_KEY"),
        ({"PORTAL_SECRET_KEY": ""}, "PORTAL_SECRET_KEY"),
        ({"PORTAL_SEAL_KEYS": ""}, "PORTAL_SEAL_KEYS"),
        ({"PORTAL_SEAL_KEYS": "k1:too-short"}, "PORTAL_SEAL_KEYS"),
        ({"PORTAL_BASE_URL": "http://portal.example"}, "PORTAL_BASE_URL"),
        ({"PORTAL_SMTP_URL": ""}, "PORTAL_SMTP_URL"),
        ({"PORTAL_RELAXED": "1"}, "PORTAL_RELAXED"),
        ({"PORTAL_TRUSTED_PROXIES": "many"}, "PORTAL_TRUSTED_PROXIES"),
        ({"PORTAL_MODE": "debug"}, "PORTAL_MODE"),
        ({"PORTAL_BASE_URL": "portal.example"}, "PORTAL_BASE_URL"),
        ({"PORTAL_SMTP_URL": "nonsense"}, "PORTAL_SMTP_URL must be smtp://"),
        ({"PORTAL_SMTP_URL": "smtp://user:p#w@mail.example"}, "percent-encoded"),
        ({"PORTAL_SMTP_URL": "smtp://mail.example:many"}, "PORTAL_SMTP_URL"),
        ({"PORTAL_SMTP_URL": "smtp://mail.example?from=Town"}, "from= must be an e-mail address"),
        ({"PORTAL_SMS_URL": "api.smsapi.pl"}, "PORTAL_SMS_URL"),
        ({"PORTAL_SMS_SECOND_URL": "https://other.example/sms.do"}, "PORTAL_SMS_SECOND_URL"),
        ({"PORTAL_DATABASE_URL": "mysql://a:b@c/d"}, "begins mysql://; it must be postgresql://"),
        ({"PORTAL_DATABASE_URL": "portal"}, "PORTAL_DATABASE_URL begins without one"),
        ({"PORTAL_DATABASE_URL": "postgresql://a:b@c:many/d"}, "PORTAL_DATABASE_URL cannot be read"),
        ({"PORTAL_DATABASE_URL": "postgresql://a:b@c"}, "PORTAL_DATABASE_URL cannot be read"),
    ],
)
def test_a_weak_setting_stops_the_start(change: dict[str, str], named: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=named):
        read({**GOOD, "PORTAL_DATA": str(tmp_path), **change})


WEAK = ("a" * 40, "abc" * 14, "changeme" * 5, "s3cret-" * 6, "ChangeMe-2026-pQ7xV1nL9rT4wZ8yKb3", "a1" * 20)
WEAK_BYTES = (b"x" * 32, bytes(range(32)), b"abcdefgh" * 4, bytes(32), b"\0\1" * 16)


@pytest.mark.parametrize(
    "key", [*WEAK, "abcdefghijklmnopqrstuvwxyz0123456789", "aaaabbbbccccddddeeeeffffgggghhhh"]
)
def test_a_secret_somebody_typed_is_refused_with_how_to_make_one(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read({**GOOD, "PORTAL_DATA": str(tmp_path), "PORTAL_SECRET_KEY": key})
    (problem,) = caught.value.problems
    assert "PORTAL_SECRET_KEY" in problem
    assert "secrets.token_urlsafe(48)" in problem
    assert key not in problem


@pytest.mark.parametrize("key", WEAK_BYTES)
def test_a_seal_key_that_is_a_pattern_is_refused(key: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"PORTAL_SEAL_KEYS: the key k1 .*token_bytes"):
        read({**GOOD, "PORTAL_DATA": str(tmp_path), "PORTAL_SEAL_KEYS": seal(key)})


def test_demo_and_test_mode_take_any_key_that_is_long_enough(tmp_path: Path) -> None:
    for mode in ("demo", "test"):
        settings = read({"PORTAL_MODE": mode, "PORTAL_DATA": str(tmp_path), "PORTAL_SECRET_KEY": "a" * 32})
        assert settings.secret_key == "a" * 32


@pytest.mark.parametrize("seed", range(20))
def test_keys_made_by_chance_are_taken(seed: int) -> None:
    chance = Random(seed)
    for _ in range(200):
        made = chance.randbytes(48)
        for key in (made[:32], made[:16].hex().encode(), made.hex().encode(), urlsafe_b64encode(made)):
            assert looks_random(key)


def test_a_data_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="PORTAL_DATA"):
        read({"PORTAL_DATA": str(tmp_path / "file" / "var")})
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(ConfigError, match=r"keys\.json cannot be read"):
        read({"PORTAL_DATA": str(tmp_path)})


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read({"PORTAL_MODE": "production", "PORTAL_DATA": str(tmp_path)})
    assert len(caught.value.problems) == 4


def test_demo_makes_keys_once_and_keeps_them(tmp_path: Path) -> None:
    first = read({"PORTAL_DATA": str(tmp_path)})
    again = read({"PORTAL_DATA": str(tmp_path)})
    assert first.secret_key == again.secret_key
    assert first.seal_keys == again.seal_keys
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_plain_postgres_addresses_use_our_driver(tmp_path: Path) -> None:
    settings = read({"PORTAL_DATA": str(tmp_path), "PORTAL_DATABASE_URL": "postgresql://db.example/portal"})
    assert settings.database_url == "postgresql+psycopg://db.example/portal"


@pytest.mark.parametrize("token", ["short", "a" * 40])
def test_a_metrics_token_that_can_be_guessed_is_refused(token: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PORTAL_METRICS_TOKEN must hold at least 32"):
        read({**GOOD, "PORTAL_DATA": str(tmp_path), "PORTAL_METRICS_TOKEN": token})


def test_figures_are_kept_only_for_whoever_asked_for_them(tmp_path: Path) -> None:
    assert read({**GOOD, "PORTAL_DATA": str(tmp_path)}).metrics_token is None
    token = "Jq7xV1nL9rT4wZ8yKb3mHc6pQ2sD5fGa"
    settings = read({**GOOD, "PORTAL_DATA": str(tmp_path), "PORTAL_METRICS_TOKEN": token})
    assert settings.metrics_token == token


def test_a_provider_is_set_up_whole_or_not_at_all(tmp_path: Path) -> None:
    base = {"PORTAL_MODE": "test", "PORTAL_DATA": str(tmp_path)}
    assert read(base).oidc_staff is None
    whole = dict.fromkeys(OIDC_STAFF, "x") | {"PORTAL_OIDC_STAFF_ISSUER": "https://id.example"}
    found = read(base | whole).oidc_staff
    assert found is not None
    assert (found.issuer, found.name) == ("https://id.example", "x")
    with pytest.raises(ConfigError) as refusal:
        read(base | {"PORTAL_OIDC_RESIDENTS_ISSUER": "https://id.example"})
    assert len(refusal.value.problems) == 3
    with pytest.raises(ConfigError, match="PORTAL_OIDC_STAFF_ISSUER must be an address such as"):
        read(base | dict.fromkeys(OIDC_STAFF, "x"))


BUCKET = {
    "PORTAL_FILES_URL": "s3://uploads/portal?endpoint=https://s3.example.org&region=eu-1",
    "PORTAL_S3_KEY": "portal",
    "PORTAL_S3_SECRET": "Jq7xV1nL9rT4wZ8yKb3mHc6p",
}


def test_uploads_lie_in_a_folder_or_in_a_bucket(tmp_path: Path) -> None:
    assert read({**GOOD, "PORTAL_DATA": str(tmp_path)}).files_url is None
    found = read({**GOOD, "PORTAL_DATA": str(tmp_path), **BUCKET})
    assert (found.files_url, found.s3_key) == (BUCKET["PORTAL_FILES_URL"], "portal")
    here = {"PORTAL_FILES_URL": "s3://uploads?endpoint=http://127.0.0.1:9000"}
    assert read({**GOOD, "PORTAL_DATA": str(tmp_path), **BUCKET, **here}).files_url


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"PORTAL_FILES_URL": "https://s3.example.org/uploads"}, "PORTAL_FILES_URL must be s3://"),
        ({"PORTAL_FILES_URL": "s3://Up_loads"}, "PORTAL_FILES_URL must be s3://"),
        ({"PORTAL_FILES_URL": "s3://key:secret@uploads"}, "PORTAL_FILES_URL must be s3://"),
        ({"PORTAL_FILES_URL": "s3://uploads?endpoint=s3.example.org"}, "PORTAL_FILES_URL must be s3://"),
        ({"PORTAL_FILES_URL": "s3://uploads?secret=x"}, "PORTAL_FILES_URL must be s3://"),
        ({"PORTAL_FILES_URL": "s3://uploads?region"}, "PORTAL_FILES_URL must be s3://"),
        (
            {"PORTAL_FILES_URL": "s3://uploads?endpoint=http://s3.example.org"},
            "must be https:// in production",
        ),
        ({"PORTAL_FILES_URL": ""}, "PORTAL_S3_KEY is set without PORTAL_FILES_URL"),
        ({"PORTAL_S3_KEY": ""}, "PORTAL_S3_KEY must hold"),
        ({"PORTAL_S3_SECRET": "short"}, "PORTAL_S3_SECRET must hold"),
        ({"PORTAL_S3_SECRET": "minioadminminioadmin"}, "PORTAL_S3_SECRET is a pattern"),
    ],
)
def test_a_bucket_that_cannot_be_opened_is_refused(change: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as refusal:
        read({**GOOD, "PORTAL_DATA": str(tmp_path), **BUCKET, **change})
    assert BUCKET["PORTAL_S3_SECRET"] not in str(refusal.value)


def test_a_bucket_without_its_client_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.core.config.find_spec", lambda name: None if name == "obstore" else True)
    with pytest.raises(ConfigError, match="pip install 'obstore"):
        read({**GOOD, "PORTAL_DATA": str(tmp_path), **BUCKET})


def test_a_scanner_and_the_room_for_files_are_read_or_refused(tmp_path: Path) -> None:
    base = {**GOOD, "PORTAL_DATA": str(tmp_path)}
    assert (read(base).clamav, read(base).quota_mb) == (None, 10_000)
    for address in ("clamd:///run/clamav/clamd.ctl", "tcp://scanner.example:3310"):
        assert read({**base, "PORTAL_CLAMAV": address}).clamav == address
    for address in ("clamd://", "clamd:///", "/run/clamav/clamd.ctl", "http://scanner.example", "tcp://"):
        with pytest.raises(ConfigError, match="PORTAL_CLAMAV must be"):
            read({**base, "PORTAL_CLAMAV": address})
    assert read({**base, "PORTAL_QUOTA_MB": "500"}).quota_mb == 500
    for number in ("0", "-1", "10 GB", "9" * 30):
        with pytest.raises(ConfigError, match="PORTAL_QUOTA_MB must be"):
            read({**base, "PORTAL_QUOTA_MB": number})


def test_proof_of_work_has_bounds(tmp_path: Path) -> None:
    base = {"PORTAL_MODE": "test", "PORTAL_DATA": str(tmp_path)}
    assert (read(base).proof_bits, read(base).proof_pause) == (14, 10)
    assert read({**base, "PORTAL_PROOF": "0/0"}).proof_bits == 0
    for text in ("16", "x/1", "99/1", "16/1/1"):
        with pytest.raises(ConfigError, match="PORTAL_PROOF must be"):
            read({**base, "PORTAL_PROOF": text})
    for text in ("0/10", "7/10", "16/0"):
        with pytest.raises(ConfigError, match="PORTAL_PROOF asks for at least 8/1"):
            read({**base, "PORTAL_MODE": "production", "PORTAL_PROOF": text})
