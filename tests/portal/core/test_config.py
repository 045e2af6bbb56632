"""Settings: weak or missing ones stop the start, and every problem is named at once."""

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from portal.core.config import OIDC_STAFF, ConfigError, Mode, read

KEY = "k1:" + urlsafe_b64encode(b"x" * 32).decode()
GOOD = {
    "PORTAL_MODE": "production",
    "PORTAL_SECRET_KEY": "s" * 40,
    "PORTAL_SEAL_KEYS": KEY,
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
    ],
)
def test_a_weak_setting_stops_the_start(change: dict[str, str], named: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=named):
        read({**GOOD, "PORTAL_DATA": str(tmp_path), **change})


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
