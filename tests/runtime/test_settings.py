"""Settings: complete, typed, and wrong only with a place."""

from pathlib import Path

import pytest

from horarium.runtime.faults import BadSettings
from horarium.runtime.settings import Settings, default_settings, load_settings
from horarium.runtime.site import Site, find_site
from horarium.transport.endpoint import Maildir, Tcp, UnixSocket


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    (tmp_path / "horarium.toml").write_text(text)
    return load_settings(Site(tmp_path), environ or {})


def faults(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(tmp_path, text, environ)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert settings == default_settings()
    assert settings.zone == "UTC"
    assert settings.languages == ("en", "nb")
    assert settings.mail.lmtp == Tcp("127.0.0.1", 8024)
    assert settings.mail.smtp == Tcp("127.0.0.1", 25)
    assert settings.mail.trusted_headers == 1
    assert settings.upkeep.schedule == 3 * 3600 + 10 * 60
    assert settings.limits.message == 10 * 1024 * 1024
    assert settings.limits.event_length == 400 * 86_400


def test_the_example_of_the_interface_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
zone = "Europe/Oslo"
languages = ["en", "nb"]
[mail]
lmtp = "unix:/run/horarium/lmtp.sock"
smtp = "maildir:state/mail"
sender = "calendar@example.com"
reply_from = "calendar"
trusted_authserv = ["mx.example.com"]
[web]
listen = "127.0.0.1:8025"
[directives]
tasks = [1, 2]
[node]
variables = { DEST = "/srv/in" }
[upkeep]
schedule = { type = "daily", start = "04:00" }
[limits]
message = "1MiB"
event_length = "P1W"
attendees = 7
""",
    )
    assert settings.languages == ("en", "nb")
    assert settings.mail.lmtp == UnixSocket("/run/horarium/lmtp.sock")
    assert settings.mail.smtp == Maildir("state/mail")
    assert settings.mail.sender == "calendar@example.com"
    assert settings.upkeep.schedule == 4 * 3600
    assert settings.limits.message == 1024 * 1024
    assert settings.limits.event_length == 7 * 86_400
    assert settings.limits.attendees == 7
    assert settings.origins["mail.sender"] == f"{tmp_path}/horarium.toml:7"


def test_all_faults_are_told_each_with_its_place(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        """zone = "Europe/Olso"
[mial]
smtp = "x"
[mail]
smpt = "127.0.0.1:25"
lmtp = "8024"
trusted_headers = -1
[limits]
message = "10 apples"
""",
    ) == [
        'horarium.toml:1:1: zone: expected a zone such as "Europe/Oslo", not "Europe/Olso"',
        'horarium.toml:2:1: mial: there is no such setting; did you mean "mail"?',
        'horarium.toml:5:1: mail.smpt: there is no such setting; did you mean "smtp"?',
        'horarium.toml:6:1: mail.lmtp: expected "HOST:PORT", "unix:/PATH" or "maildir:PATH"',
        "horarium.toml:7:1: mail.trusted_headers: expected a whole number from 0 to 100, not -1",
        'horarium.toml:9:1: limits.message: expected a size such as "10MiB", not "10 apples"',
    ]


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, 'zone = "UTC"\nzone = "UTC"\n')
    assert found.startswith("horarium.toml:2:")
    (found,) = faults(tmp_path, "x = [")
    assert found.startswith("horarium.toml:1:")
    (tmp_path / "horarium.toml").write_bytes(b'zone = "UTC"\nname = "\xff"\n')
    with pytest.raises(BadSettings) as caught:
        load_settings(Site(tmp_path), {})
    assert str(caught.value) == f"{tmp_path}/horarium.toml:2:9: not UTF-8"


def test_drop_ins_win_in_name_order_and_the_environment_over_all(tmp_path: Path) -> None:
    folder = tmp_path / "conf.d"
    folder.mkdir()
    (folder / "20.toml").write_text('[mail]\nsmtp = "127.0.0.1:2020"')
    (folder / "10.toml").write_text('zone = "Europe/Oslo"\n[mail]\nsmtp = "127.0.0.1:1010"')
    settings = load(tmp_path, '[mail]\nsmtp = "127.0.0.1:1"\nsender = "a@example.com"')
    assert settings.zone == "Europe/Oslo"
    assert settings.mail.smtp == Tcp("127.0.0.1", 2020)
    assert settings.mail.sender == "a@example.com"
    environ = {
        "HORARIUM_MAIL_SMTP": "unix:/run/out",
        "HORARIUM_LIMITS_ATTENDEES": "9",
        "HORARIUM_MAIL_NULL_RETURN_PATH": "true",
        "HORARIUM_MAIL_TRUSTED_AUTHSERV": "mx.example.com, MX2.example.com",
        "HORARIUM_SITE": "elsewhere",
        "HORARIUM_TEST_SCALE": "1",
        "HORARIUM_SECRET_X": "1",
    }
    settings = load(tmp_path, "", environ)
    assert settings.mail.smtp == UnixSocket("/run/out")
    assert settings.limits.attendees == 9
    assert settings.mail.null_return_path is True
    assert settings.mail.trusted_authserv == ("mx.example.com", "mx2.example.com")
    assert settings.origins["mail.smtp"] == "HORARIUM_MAIL_SMTP"


def test_a_wrong_variable_is_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, "", {"HORARIUM_MAIL_SMPT": "x", "HORARIUM_ZONE": "Nowhere"})
    assert found == [
        'HORARIUM_MAIL_SMPT: there is no such setting; did you mean "HORARIUM_MAIL_SMTP"?',
        'HORARIUM_ZONE: expected a zone such as "Europe/Oslo", not "Nowhere"',
    ]


def test_what_this_version_cannot_do_is_refused(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, '[store]\nurl = "postgresql://x"')
    assert "not available in this version" in found
    (found,) = faults(tmp_path, '[upkeep]\nschedule = { type = "weekly", start = "03:10" }')
    assert "not available in this version" in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mail.reply_from = "calendar"', '"calendar" needs mail.sender'),
        ('mail.lmtp = "0.0.0.0:8024"', "mail.lmtp_allow_remote permits it"),
        ('mail.lmtp = "maildir:x"', "a maildir cannot listen"),
    ],
)
def test_contradictions(tmp_path: Path, text: str, said: str) -> None:
    (found,) = faults(tmp_path, text)
    assert found.endswith(said)


def test_a_site_without_settings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings(Site(tmp_path), {})
    assert f"horarium init --site {tmp_path}" in str(caught.value)


def test_files_that_others_can_change(tmp_path: Path) -> None:
    assert load(tmp_path, "").warnings == ()
    (tmp_path / "horarium.toml").chmod(0o666)
    (warning,) = load_settings(Site(tmp_path), {}).warnings
    assert "mode 0666" in warning
    with pytest.raises(BadSettings, match="mode 0666"):
        load_settings(Site(tmp_path), {}, strict=True)
    (tmp_path / "horarium.toml").chmod(0o600)
    tmp_path.chmod(0o777)
    with pytest.raises(BadSettings, match="mode 0777"):
        load_settings(Site(tmp_path), {}, strict=True)
    tmp_path.chmod(0o700)
    (tmp_path / "real.toml").write_text("")
    (tmp_path / "horarium.toml").unlink()
    (tmp_path / "horarium.toml").symlink_to(tmp_path / "real.toml")
    with pytest.raises(BadSettings, match="symbolic link"):
        load_settings(Site(tmp_path), {})


def test_where_the_site_is(tmp_path: Path) -> None:
    assert find_site(None, {}, tmp_path).root == Path("/var/lib/horarium")
    (tmp_path / "site").mkdir()
    assert find_site(None, {}, tmp_path).root == tmp_path / "site"
    assert find_site(None, {"HORARIUM_SITE": "x"}, tmp_path).root == tmp_path / "x"
    assert find_site("y", {"HORARIUM_SITE": "x"}, tmp_path).root == tmp_path / "y"
