"""``horarium account``, ``token`` and ``session``, as somebody at the command line sees them."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from tests.identity.counted import CountedSecrets

from horarium.cli.entry import main
from horarium.identity.password import Scrypt
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.passwords import BoundedPasswords
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import Opened, SessionKeeper
from horarium.runtime.settings import default_settings
from horarium.runtime.signing_in import SignedIn, SigningIn
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

NOW = "2026-11-21T08:00:00Z"
PAUL = "paul.boddie@example.com"
OBJECTS = f"""
[resource."room@example.com"]
[person."{PAUL}"]
"""


class Desk:
    """Somebody at the command line of a site, and a browser that comes to it."""

    def __init__(
        self, path: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.path, self._capsys, self._patch = path, capsys, patch
        self.now = NOW
        self.secrets = CountedSecrets()
        (path / "horarium.toml").write_text('[web]\nurl = "https://Calendar.example.com/"\n')
        (path / "objects.toml").write_text(OBJECTS)
        assert self.run("apply", str(path / "objects.toml"))[0] == 0

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        self._patch.setattr("sys.stdin", io.StringIO(stdin))
        status = main([*arguments, "--now", self.now, "--site", str(self.path)])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def json(self, *arguments: str, stdin: str = "", status: int = 0) -> dict[str, object]:
        done, out, err = self.run("--json", *arguments, stdin=stdin)
        assert done == status, err
        document = json.loads(out)
        assert isinstance(document, dict)
        return document

    def sign_in(self, name: str, password: str) -> str:
        """Signs in as a browser would; the first digits of the session's digest."""
        engine = EmbeddedEngine(self.path / "state" / "horarium.db")
        keeper = SessionKeeper(Store(engine), session_rules(default_settings().web), self.secrets)
        passwords = BoundedPasswords(self.secrets, Scrypt(2, 8, 1))
        now = parse_instant(self.now)
        try:
            opened = keeper.open_visitor("192.0.2.7", now)
            assert isinstance(opened, Opened)
            done = SigningIn(keeper, passwords).sign_in(
                name, password, opened.session, "192.0.2.7", None, Instant(now), browser="Firefox"
            )
            assert isinstance(done, SignedIn)
            return done.session.id8
        finally:
            engine.close()


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.setattr(
        "horarium.cli.account.password_hasher",
        lambda: BoundedPasswords(CountedSecrets(), Scrypt(2, 8, 1)),
    )
    return Desk(tmp_path, capsys, monkeypatch)


def test_the_first_admin_gets_a_link(desk: Desk) -> None:
    assert desk.run("account", "list") == (1, "there is no account\n", "")
    status, out, _ = desk.run("account", "add", PAUL, "--role", "admin")
    assert status == 0
    assert re.search(r"https://calendar\.example\.com/setup/[A-Za-z0-9_-]{43}$", out.strip())
    assert "within 30 minutes" in out
    shown = desk.json("account", "show", PAUL)
    assert (shown["roles"], shown["status"], shown["password"]) == (["admin"], "active", False)
    assert "setup_link" not in shown
    assert desk.json("account", "list") == {"accounts": [shown]}


def test_accounts_are_changed(desk: Desk) -> None:
    made = desk.json("account", "add", "boss", "--role", "admin")
    assert str(made["setup_link"]).startswith("https://calendar.example.com/setup/")
    desk.json("account", "add", "eva", "--role", "viewer", "--mail", "eva@example.com")
    changed = desk.json(
        "account", "role", "eva", "--role", "operator", "--resource", "room@example.com",
        "--person", PAUL, "--host", "dr-smith",
    )  # fmt: skip
    assert changed["resources"] == ["room@example.com"]
    assert (changed["person"], changed["host"], changed["closed"]) == (PAUL, "dr-smith", 0)
    assert desk.json("account", "disable", "eva")["status"] == "disabled"
    assert desk.json("account", "enable", "eva")["status"] == "active"
    assert desk.json("account", "remove", "eva") == {"name": "eva", "removed": True, "closed": 0}
    assert desk.run("account", "show", "eva") == (1, "", "horarium: there is no account eva\n")
    status, _, err = desk.run("account", "remove", "boss")
    assert (status, err) == (1, "horarium: boss is the last active admin\n")
    error = desk.json("account", "add", "x", status=64)["error"]
    assert isinstance(error, dict)
    assert error["kind"] == "invalid_input"
    status, _, err = desk.run("account", "add", "ole", "--role", "king")
    assert status == 64
    assert "king" in err


def test_a_password_is_never_an_argument(desk: Desk) -> None:
    desk.json("account", "add", "eva", "--role", "viewer")
    assert desk.run("account", "password", "eva", "a rather long secret")[0] == 64
    done = desk.json("account", "password", "eva", stdin="a rather long secret\n")
    assert done == {"name": "eva", "closed": 0}
    assert desk.json("account", "show", "eva")["password"] is True
    status, _, err = desk.run("account", "password", "eva", stdin="password1\n")
    assert status == 64
    assert err == "horarium: password: it is one of those that are tried first\n"
    assert desk.run("account", "password", "eva", stdin="")[0] == 64
    desk.sign_in("eva", "a rather long secret")


def test_asked_at_a_terminal_it_is_asked_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["a rather long secret", "a rather long secret", "one secret", "another one"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    monkeypatch.setattr("horarium.cli.account._at_a_terminal", lambda: True)
    desk.json("account", "add", "eva")
    assert desk.run("account", "password", "eva")[0] == 0
    status, _, err = desk.run("account", "password", "eva")
    assert (status, err) == (64, "horarium: password: the two are not the same\n")


def test_sessions(desk: Desk) -> None:
    assert desk.json("session", "list", status=1) == {"sessions": [], "unreadable": []}
    for name in ("eva", "ole"):
        desk.json("account", "add", name, "--role", "viewer")
        desk.json("account", "password", name, stdin="a rather long secret\n")
    eva, ole = (desk.sign_in(name, "a rather long secret") for name in ("eva", "ole"))
    (listed,) = desk.json("session", "list", "--account", "eva")["sessions"]  # type: ignore[misc]
    assert listed == desk.json("session", "show", eva)
    assert (listed["id"], listed["state"], listed["remaining"]) == (eva, "open", 43_200)
    assert (listed["account"], listed["source"], listed["browser"]) == (
        "eva", "192.0.2.7", "Firefox",
    )  # fmt: skip
    assert (listed["created"], listed["expires"]) == (NOW, "2026-11-21T20:00:00Z")
    closed = desk.json("session", "close", eva)
    assert (closed["id"], closed["state"], closed["remaining"]) == (eva, "closed", 0)
    assert desk.json("session", "close", eva) == closed
    desk.now = "2026-11-21T09:00:00Z"
    shown = desk.json("session", "show", ole)
    assert (shown["state"], shown["remaining"]) == ("expired", 0)
    states = [
        [s["id"] for s in desk.json("session", "list", "--state", state)["sessions"]]  # type: ignore[union-attr]
        for state in ("expired", "closed")
    ]
    assert ole in states[0]
    assert eva in states[1]
    assert desk.json("session", "close", "--account", "ole") == {"closed": 0}
    again = desk.sign_in("ole", "a rather long secret")
    assert desk.json("session", "close", "--account", "ole") == {"closed": 1}
    assert desk.json("session", "show", again)["state"] == "closed"
    desk.sign_in("eva", "a rather long secret")
    assert desk.json("session", "close", "--all") == {"closed": 1}
    line = desk.run("session", "list", "--account", "eva")[1].splitlines()[0]
    assert line.startswith(f"{eva}  closed   -  eva  staff  since 2026-11-21")


def test_what_can_not_be_closed(desk: Desk) -> None:
    for arguments in ((), ("12345678", "--all"), ("--account", "a", "--group", "b")):
        status, _, err = desk.run("session", "close", *arguments)
        assert (status, err) == (64, "horarium: give one of: an ID, --account, --group, --all\n")
    for arguments, expected in (
        (("12345678",), (1, "horarium: there is no session 12345678\n")),
        (("xyz",), (64, "horarium: session: expected the first 8 hexadecimal digits\n")),
        (("--account", "nobody"), (1, "horarium: there is no account nobody\n")),
        (("--group", "nobody"), (1, "horarium: there is no session group nobody\n")),
    ):
        status, _, err = desk.run("session", "close", *arguments)
        assert (status, err) == expected


def test_session_groups(desk: Desk) -> None:
    assert desk.json("session", "group", "list", status=1) == {"groups": []}
    for name, role in (("eva", "booker"), ("ole", "viewer")):
        desk.json("account", "add", name, "--role", role)
        desk.json("account", "password", name, stdin="a rather long secret\n")
        desk.sign_in(name, "a rather long secret")
    made = desk.json("session", "group", "create", "desk", "--role", "booker")
    assert made == {"name": "desk", "accounts": [], "roles": ["booker"], "groups": []}
    desk.json("session", "group", "create", "all", "--group", "desk", "--account", "OLE")
    groups = desk.json("session", "group", "list")["groups"]
    assert isinstance(groups, list)
    assert [(g["name"], g["reaches"], g["open"]) for g in groups] == [
        ("all", ["eva", "ole"], 2), ("desk", ["eva"], 1),
    ]  # fmt: skip
    assert desk.json("session", "group", "close", "desk") == {"name": "desk", "closed": 1}
    assert len(desk.json("session", "list", "--group", "all")["sessions"]) == 2  # type: ignore[arg-type]
    assert desk.json("session", "close", "--group", "all") == {"closed": 1}
    assert desk.run("session", "group", "remove", "desk")[:2] == (0, "removed\n")
    assert desk.run("session", "group", "close", "desk")[2] == (
        "horarium: there is no session group desk\n"
    )
    for arguments, message in (
        (("Desk", "--role", "admin"), "session group: expected a name of 1 to 64"),
        (("x",), "session group x: expected an account, a role or a group"),
        (("x", "--account", "nobody"), "there is no account nobody"),
        (("x", "--group", "nobody"), "there is no session group nobody"),
    ):
        status, _, err = desk.run("session", "group", "create", *arguments)
        assert status in (1, 64)
        assert message in err


def test_sweeping_and_exporting(desk: Desk) -> None:
    desk.json("account", "add", "eva", "--role", "viewer")
    desk.json("account", "password", "eva", stdin="a rather long secret\n")
    eva = desk.sign_in("eva", "a rather long secret")
    record = desk.json("session", "export", eva)
    assert (record["digest"], record["user"], record["format"]) == (eva, "eva", 1)
    assert "csrf_secret" not in record
    assert desk.json("session", "sweep")["sessions"] == 0
    desk.now = "2026-12-21T08:00:00Z"
    assert desk.json("session", "sweep")["sessions"] == 3, "a link, a visitor's and eva's"
    assert desk.run("session", "show", eva)[0] == 1


def test_the_daily_pass_sweeps_too(desk: Desk) -> None:
    desk.json("account", "add", "eva", "--role", "viewer")
    desk.json("account", "password", "eva", stdin="a rather long secret\n")
    eva = desk.sign_in("eva", "a rather long secret")
    desk.now = "2026-11-30T08:00:00Z"
    assert desk.run("upkeep")[0] == 0
    assert desk.run("session", "show", eva)[0] == 1


def test_tokens(desk: Desk) -> None:
    assert desk.json("token", "list", status=1) == {"tokens": []}
    desk.json("account", "add", "robot", "--role", "program")
    made = desk.json("token", "add", "robot", "--scope", "desk", "--expires", "P90D")
    assert re.fullmatch(r"hz_[A-Za-z0-9_-]{43}", str(made.pop("token")))
    assert made["expires"] == "2027-02-19T08:00:00Z"
    assert desk.json("token", "list") == {"tokens": [made]}
    assert (made["scopes"], made["state"], made["last_used"]) == (["desk"], "active", None)
    id8 = str(made["id"])
    assert desk.json("token", "revoke", id8) == {"id": id8, "account": "robot", "revoked": True}
    (listed,) = desk.json("token", "list")["tokens"]  # type: ignore[misc]
    assert listed["state"] == "revoked"
    status, _, err = desk.run("token", "add", "robot", "--scope", "desk", "--expires", "P2000D")
    assert status == 64
    assert "5 years" in err
    assert desk.run("token", "add", "robot")[0] == 64
    assert desk.run("token", "revoke", "00000000")[0] == 1


def test_the_doctor_looks_at_accounts(desk: Desk) -> None:
    def findings() -> dict[str, list[str]]:
        document = json.loads(desk.run("--json", "doctor")[1])
        found: dict[str, list[str]] = {}
        for finding in document["findings"]:
            found.setdefault(finding["part"], []).append(finding["found"])
        return found

    assert "accounts" not in findings()
    desk.json("account", "add", "eva", "--role", "viewer")
    desk.json("account", "password", "eva", stdin="a rather long secret\n")
    found = findings()
    assert found["accounts"] == ["no active admin", "1 accounts, 0 open sessions"]
    assert found["passwords"] == ["kept with weaker parameters: 1 passwords; signing in mends it"]
    assert found["sessions"] == ["not swept for two days"]
    desk.json("account", "add", "boss", "--role", "admin")
    desk.json("session", "sweep")
    desk.sign_in("eva", "a rather long secret")
    found = findings()
    assert found["accounts"] == ["2 accounts, 2 open sessions"]
    assert "sessions" not in found
