"""Settings: complete, typed, and wrong only with a place."""

import os
from pathlib import Path

import pytest

from horarium.directives.reading import USUAL, Reading
from horarium.kernel.schedule_text import parse_schedule
from horarium.runtime.faults import BadSettings
from horarium.runtime.settings import (
    DirectiveSettings,
    Settings,
    default_settings,
    load_settings,
)
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
    assert settings.upkeep.schedule == parse_schedule("daily start 03:10")
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
    assert settings.directives.tasks == (1, 2)
    assert settings.upkeep.schedule == parse_schedule("daily start 04:00")
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


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"weekly SU 04:00"', "weekly SU 04:00"),
        ('"DAILY mon-fri start 4:00 zone Europe/Oslo"', "daily MO-FR start 04:00 zone Europe/Oslo"),
        ('{ type = "weekly", day = "sun", start = "04:00" }', "weekly SU 04:00"),
        ('{ type = "daily", start = 04:00:00 }', "daily start 04:00"),
        ('{ type = "cron", cron = "10 3 * * *" }', 'cron "10 3 * * *"'),
        ('{ type = "interval", every = "12h" }', "interval 12h"),
        ('{ type = "daily", start = "01:00", end = "05:00", random = true }',
         "daily window 01:00-05:00 random window"),
        ('{ type = "never" }', "never"),
    ],
)  # fmt: skip
def test_the_daily_pass_has_any_schedule(tmp_path: Path, written: str, text: str) -> None:
    settings = load(tmp_path, f"[upkeep]\nschedule = {written}\n")
    assert settings.upkeep.schedule == parse_schedule(text)
    environ = {"HORARIUM_UPKEEP_SCHEDULE": text}
    assert load(tmp_path, "", environ).upkeep.schedule == parse_schedule(text)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{ type = "weekly", start = "03:10" }', "day: a schedule of type weekly needs it"),
        ('{ type = "daily", strat = "03:10" }', "strat: 'strat' is no key of a schedule, did you"),
        ('{ start = "03:10" }', "type: a schedule needs it"),
        ('"03:10"', "line 1, column 1: found '03:10', expected a type: never, at, daily"),
        ("190", "expected a table, or one line of text"),
        ('"daily zone receiver"', "zone: receiver means nothing here"),
        ('"on nonsense"', "signal: there is no signal nonsense"),
    ],
)
def test_no_schedule(tmp_path: Path, written: str, said: str) -> None:
    (found,) = faults(tmp_path, f"[upkeep]\nschedule = {written}\n")
    assert found.startswith(f"horarium.toml:2:1: upkeep.schedule: {said}")


# --- directives ---------------------------------------------------------------------


def test_what_holds_for_directives_when_nothing_is_set() -> None:
    assert default_settings().directives == DirectiveSettings(
        address=None,
        zone=None,
        programs={},
        tasks=None,
        master_task=1,
        unprefixed="master",
        catch_up_down="once",
        exec_shell="never",
        exit_wait=600,
        stop_wait=30,
        timeout=3_600,
        watch=True,
        encoding="auto",
        week_range="continuous",
        node_mask_covers_points=False,
        folder=None,
        environment={},
        flags="state/flags",
        variables=(),
        allow_remote_exec=False,
        seed="",
    )
    assert default_settings().directives.reading == USUAL


DIRECTIVES = """
[directives]
address = "2:5030/15"
zone = "Europe/Moscow"
tasks = [3, 0, 255]
master_task = 3
unprefixed = "every"
catch_up_down = "none"
exec_shell = "never"
exit_wait = "PT5M"
stop_wait = 0
timeout = "90m"
watch = false
encoding = "CP866"
week_range = "daily"
node_mask_covers_points = true
folder = "/srv/mailer"
environment = { NODE = "2:5030/15", EMPTY = "" }
flags = "/var/spool/flags"
variables = ["SEASON", "_x9"]
allow_remote_exec = true
seed = "north office"
[directives.programs]
"load.bat" = "/usr/local/bin/load"
"""


def test_every_setting_of_directives(tmp_path: Path) -> None:
    found = load(tmp_path, DIRECTIVES).directives
    assert found == DirectiveSettings(
        address="2:5030/15",
        zone="Europe/Moscow",
        programs={"load.bat": "/usr/local/bin/load"},
        tasks=(0, 3, 255),
        master_task=3,
        unprefixed="every",
        catch_up_down="none",
        exec_shell="never",
        exit_wait=300,
        stop_wait=0,
        timeout=5_400,
        watch=False,
        encoding="cp866",
        week_range="daily",
        node_mask_covers_points=True,
        folder="/srv/mailer",
        environment={"NODE": "2:5030/15", "EMPTY": ""},
        flags="/var/spool/flags",
        variables=("SEASON", "_x9"),
        allow_remote_exec=True,
        seed="north office",
    )
    assert found.reading == Reading(
        encoding="cp866", daily_range=True, masks_cover_points=True, master=3
    )


def test_settings_of_directives_from_the_environment(tmp_path: Path) -> None:
    environ = {
        "HORARIUM_DIRECTIVES_TASKS": "2, 1",
        "HORARIUM_DIRECTIVES_VARIABLES": "A B",
        "HORARIUM_DIRECTIVES_STOP_WAIT": "5",
        "HORARIUM_DIRECTIVES_WATCH": "no",
    }
    found = load(tmp_path, DIRECTIVES, environ).directives
    assert (found.tasks, found.variables) == ((1, 2), ("A", "B"))
    assert (found.stop_wait, found.watch) == (5, False)


@pytest.mark.parametrize(
    "written",
    [
        "tasks = []",
        "tasks = [1, 1]",
        "tasks = [256]",
        "tasks = [-1]",
        "tasks = [true]",
        "tasks = 2",
        "master_task = 256",
        'unprefixed = "slave"',
        'catch_up_down = "all"',
        'exec_shell = "always"',
        'exit_wait = "soon"',
        "timeout = 0",
        'watch = "sometimes"',
        'encoding = "cp1000"',
        'encoding = "utf-16"',
        'encoding = "cp037"',
        'encoding = "rot13"',
        'encoding = "hex"',
        "encoding = 866",
        'week_range = "each"',
        'folder = ""',
        'flags = ""',
        'environment = { "A B" = "x" }',
        "environment = { A = 5 }",
        'environment = { A = "x\\ny" }',
        'environment = { HORARIUM_TASK = "1" }',
        'environment = "A=1"',
        'variables = ["A=B"]',
        'variables = ["A", "A"]',
        'seed = "a\\nb"',
    ],
)
def test_a_value_that_directives_cannot_have(tmp_path: Path, written: str) -> None:
    (found,) = faults(tmp_path, f"[directives]\n{written}\n")
    name = written.partition(" ")[0]
    assert found.startswith(f"horarium.toml:2:1: directives.{name}: ")


def test_the_shell_is_for_those_who_rule_the_machine(tmp_path: Path) -> None:
    text = '[directives]\nexec_shell = "bang"\n'
    said = 'directives.exec_shell: "bang" may stand in a file that belongs to root only'
    environ = {"HORARIUM_DIRECTIVES_EXEC_SHELL": "bang"}
    (found,) = faults(tmp_path, "", environ)
    assert found == f"HORARIUM_DIRECTIVES_EXEC_SHELL: {said}"
    if os.geteuid() == 0:
        assert load(tmp_path, text).directives.exec_shell == "bang"
        os.chown(tmp_path / "horarium.toml", 12_345, -1)
    (found,) = faults(tmp_path, text)
    assert found == f"horarium.toml:2: {said}"


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
