"""Settings: what an environment may say, and what is refused rather than ignored."""

from pathlib import Path

import pytest

from reelm.settings import DatabaseSettings, from_environment


def test_defaults_start_a_realm_without_a_question():
    settings = from_environment(Path("data"), environment={})
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert settings.media.sandbox == "full"
    assert settings.web.origin == "http://127.0.0.1:8080"
    assert not settings.web.secure


@pytest.mark.parametrize(
    ("name", "value"),
    [("REELM_PORT", "eighty"), ("REELM_UPLOAD_BYTES", "5 MB"), ("REELM_MEDIA_SANDBOX", "off")],
)
def test_a_wrong_value_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        from_environment(Path("data"), environment={name: value})


def test_an_own_server_s_address_is_read_whole():
    url = "postgresql://op%40r:p%3Aw@db.example:6432/clips?sslmode=verify-full"
    database = DatabaseSettings.from_url(url, {"reelm_web": "w"})
    admin = database.connection("reelm_admin")
    assert (admin["user"], admin["password"]) == ("op@r", "p:w")
    assert (admin["host"], admin["port"], admin["database"]) == ("db.example", 6432, "clips")
    assert database.connection("reelm_web") | {"password": "w"} == database.connection("reelm_web")
    assert admin["ssl"] == "verify-full"


@pytest.mark.parametrize("options", ["sslmode=sometimes", "target_session_attrs=any", "sslrootcert=ca.pem"])
def test_an_option_that_would_not_be_obeyed_is_refused(options):
    with pytest.raises(ValueError, match="REELM_DATABASE_URL"):
        DatabaseSettings.from_url(f"postgresql://op@db.example/clips?{options}", {})


def test_a_role_that_was_not_handed_out_can_t_be_used():
    with pytest.raises(KeyError):
        DatabaseSettings(host="x", passwords={"reelm_web": "w"}).connection("reelm_worker")
