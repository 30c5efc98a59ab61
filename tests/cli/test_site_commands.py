"""``init``, ``check`` and ``mail snippet``."""

import json
import stat
from pathlib import Path

import pytest

from horarium.cli.entry import main
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.transport.endpoint import Maildir


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("example", [False, True])
def test_a_new_site_can_be_used(
    example: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = str(tmp_path / "site")
    extra = ["--example"] if example else []
    status, out, _ = run(capsys, "init", "--site", site, "--json", *extra)
    assert status == 0
    document = json.loads(out)
    assert document["site"] == site
    assert len(document["next"]) == 3
    for name in document["written"]:
        mode = 0o700 if name.endswith(".sh") else 0o600
        assert stat.S_IMODE((tmp_path / "site" / name).stat().st_mode) == mode
    settings = load_settings(Site(tmp_path / "site"), {}, strict=True)
    declared = read_objects([tmp_path / "site" / "objects"], strict=True)
    if example:
        assert settings.mail.smtp == Maildir("state/mail")
        assert len(declared.resources) >= 5
        spectrometer = declared.resources["resource-lab-spectrometer@example.com"]
        assert "schedule_in_freebusy 5" in str(spectrometer["scheduling_function"])
        assert len(declared.persons) >= 3
        assert {"cars", "car-pool"} <= set(declared.quotas)
    status, out, err = run(capsys, "check", "--site", site)
    assert status == 0
    assert all("senders need no proof" in line for line in err.splitlines())


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "horarium.toml").write_text("mine")
    status, _, err = run(capsys, "init", "--site", str(tmp_path))
    assert status == 73
    assert "is there already" in err
    assert [path.name for path in tmp_path.iterdir()] == ["horarium.toml"]
    assert (tmp_path / "horarium.toml").read_text() == "mine"


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = run(capsys, "init", "--site", str(tmp_path / "file" / "site"))
    assert status == 73
    assert err.count("\n") == 1


def test_with_an_authenticating_mail_system_proof_is_required(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for example in ([], ["--example"]):
        root = tmp_path / ("e" if example else "p")
        arguments = ["init", "--site", str(root), "--authserv", "mx.example.org", *example]
        assert run(capsys, *arguments)[0] == 0
        settings = load_settings(Site(root), {})
        assert settings.mail.trusted_authserv == ("mx.example.org",)
        assert read_objects([root / "objects"]).defaults["require_auth"] == "dmarc"
    assert run(capsys, "init", "--site", str(tmp_path / "x"), "--authserv", 'a"b')[0] == 64


def site(tmp_path: Path, settings: str, objects: str) -> str:
    (tmp_path / "objects").mkdir()
    (tmp_path / "horarium.toml").write_text(settings)
    (tmp_path / "objects" / "a.toml").write_text(objects)
    return str(tmp_path)


ROOM = '[defaults.resource]\nrequire_auth = "dmarc"\n[resource."room@example.com"]\n'


@pytest.mark.parametrize(
    ("objects", "status", "said"),
    [
        (ROOM, 0, ""),
        (ROOM + "nmae = 1", 65, "a.toml:4:1: "),
        (ROOM + 'scheduling_function = "schedule_in_frebusy"', 65, "there is no function"),
        (ROOM + 'scheduling_function = "check_quotas"', 65, 'did you mean "check_quota"'),
        (
            ROOM + 'scheduling_function = "schedule_in_freebusy 0"',
            65,
            "line 1: the number of concurrent reservations is 1 or more",
        ),
        (ROOM + 'scheduling_function = "schedule_in_freebusy 1 2"', 65, "1 argument at most"),
        (ROOM + 'scheduling_function = "same_domain_only x"', 65, "no arguments at most"),
        (ROOM + 'scheduling_function = "access_control_list"', 65, "needs the preference acl"),
        (
            ROOM + 'scheduling_function = "access_control_list /no/such/list"',
            65,
            "/no/such/list: no such file",
        ),
        (ROOM + 'scheduling_function = "access_control_list list"', 65, "not a full path"),
        (
            ROOM + 'scheduling_function = "access_control_list"\nacl = "accept organiser ghosts"',
            65,
            "there is no group ghosts",
        ),
        (ROOM + 'scheduling_function = "same_domain_only"', 0, "overlapping requests are all"),
        (ROOM + 'scheduling_function = "schedule_for_delegate pool"', 0, "has no delegates"),
        (
            ROOM + 'scheduling_function = "schedule_in_freebusy\\nschedule_for_delegate pool"',
            0,
            "line 1: schedule_in_freebusy declines a busy resource before",
        ),
        (ROOM + 'bookable = "no"', 65, "needs schedule_for_delegate"),
        (ROOM + 'tier_in_policy = "ask"', 65, "a.toml:4:1: "),
        (ROOM + 'tier_out_of_policy = "ask"', 65, "the preference approvers names nobody"),
        (
            ROOM + 'tier_in_policy = ["auto", "refuse organiser ghosts"]',
            65,
            "line 2: there is no group ghosts",
        ),
        (ROOM + 'approvers = "ghosts"', 65, "there is no group ghosts"),
        (ROOM + 'check_in_exempt = "accept organiser ghosts"', 65, "line 1: there is no group"),
        (ROOM + 'unauthenticated = "ask"', 65, "a.toml:4:1: "),
        (
            ROOM + 'scheduling_function = "schedule_in_freebusy\\nadd_to_quota cars"',
            0,
            "a quota is charged and never checked",
        ),
        (ROOM + 'permitted_times = "0,30"', 0, "no function corrects times to it"),
        (ROOM + 'acl = "accept"', 0, "is not used"),
        (ROOM + 'acl = "accept organiser a@b.example\\naccept"', 0, "line 1 has no effect"),
        (ROOM + 'min_duration = "2h"\nmax_duration = "1h"', 0, "nothing can be booked"),
        ('[resource."room@example.com"]\n', 0, "senders need no proof"),
    ],
)
def test_check_finds_what_cannot_work(
    objects: str, status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = site(tmp_path, "", objects)
    found, out, err = run(capsys, "check", "--site", root)
    assert found == status
    assert said in err
    assert (said == "") == (err == "")
    strict, out, _ = run(capsys, "check", "--site", root, "--strict", "--json")
    document = json.loads(out)
    assert strict == (status or (1 if said else 0))
    assert bool(document["errors"]) is (status == 65)


def test_check_tells_of_settings_and_objects_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = site(tmp_path, "zone = 5\n", ROOM + "nmae = 1\n")
    status, out, err = run(capsys, "check", "--site", root, "--json")
    assert status == 78
    assert [Path(e["file"]).name for e in json.loads(out)["errors"]] == ["horarium.toml", "a.toml"]
    assert len(err.splitlines()) == 2


def test_a_rule_file_is_judged_where_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.acl"
    rules.write_text("accept\nallow\n")
    objects = ROOM + f'scheduling_function = "access_control_list {rules}"'
    root = site(tmp_path, "", objects)
    _, _, err = run(capsys, "check", "--site", root)
    assert err.startswith(f"{rules}:2:1: ")
    rules.write_text("accept\n")
    rules.chmod(0o666)
    _, _, err = run(capsys, "check", "--site", root)
    assert "mode 0666" in err


@pytest.mark.parametrize("lmtp", ["127.0.0.1:2003", "unix:/run/horarium/lmtp.sock"])
@pytest.mark.parametrize("system", ["postfix", "exim", "dovecot"])
def test_snippets_name_the_resources_and_the_endpoint(
    system: str, lmtp: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = site(tmp_path, f'[mail]\nlmtp = "{lmtp}"', ROOM)
    status, out, _ = run(capsys, "mail", "snippet", system, "--site", root, "--json")
    assert status == 0
    parts = json.loads(out)["files"]
    assert all(part["file"] and part["text"].endswith("\n") for part in parts)
    text = "".join(part["text"] for part in parts)
    assert "room@example.com" in text
    if system != "dovecot":
        assert lmtp.rpartition(":")[2] in text
