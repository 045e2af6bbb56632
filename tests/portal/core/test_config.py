"""Settings: weak or missing ones stop the start, and every problem is named at once."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from portal.core.config import ConfigError, Mode, looks_random, read


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
