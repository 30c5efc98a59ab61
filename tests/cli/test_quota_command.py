"""``horarium quota``: tables from standard input, and what it says of the use of quotas."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.office import oslo

from horarium.booking.quota import Charge
from horarium.cli.entry import main
from horarium.kernel.period import Period
from horarium.store.directory import Setting
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store, Transaction

CADILLAC = "resource-car-cadillac@example.com"
VOLE = "vincent.vole@example.com"
OBJECTS = f"""
[resource."{CADILLAC}"]
[group."developers"]
members = ["{VOLE}", "harvey.horse@example.com"]
"""
NOW = ("--now", "2026-11-21T08:00:00Z")


class Input:
    """Standard input that holds `data`, or is a terminal."""

    def __init__(self, data: bytes, *, terminal: bool = False) -> None:
        self.buffer = io.BytesIO(data)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Desk:
    """Somebody at the command line of a site."""

    def __init__(
        self, path: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.path, self._capsys, self._patch = path, capsys, patch
        (path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
        (path / "objects.toml").write_text(OBJECTS)
        assert self.run("apply", str(path / "objects.toml"))[0] == 0
        functions = json.dumps("schedule_in_freebusy\nadd_to_quota cars")
        named = Setting(f"mailto:{CADILLAC}", "scheduling_function", functions, None, "")
        self.transact(lambda tx: tx.directory.put(named))

    def run(self, *arguments: str, stdin: bytes | Input = b"") -> tuple[int, str, str]:
        source = stdin if isinstance(stdin, Input) else Input(stdin)
        self._patch.setattr("sys.stdin", source)
        status = main([*arguments, *NOW, "--site", str(self.path)])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def json(self, *arguments: str, stdin: bytes = b"", status: int = 0) -> dict[str, object]:
        found, out, err = self.run("--json", *arguments, stdin=stdin)
        assert found == status, err
        document = json.loads(out)
        assert isinstance(document, dict)
        return document

    def transact(self, work: object) -> None:
        engine = EmbeddedEngine(self.path / "state" / "horarium.db")
        Store(engine).transact([], work)  # type: ignore[arg-type]
        engine.close()

    def charge(self, uid: str, start: str, end: str, *, pending: bool = False) -> None:
        span = Period(oslo(start), oslo(end))

        def work(tx: Transaction) -> None:
            one = Charge("cars", VOLE, VOLE, span.start, span, pending)
            tx.quotas.restate(tx.directory.users()[0].id, uid, [one])

        self.transact(work)


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    return Desk(tmp_path, capsys, monkeypatch)


# --- tables ----------------------------------------------------------------------


def test_a_table_goes_in_and_comes_out_as_itself(desk: Desk) -> None:
    text = b"vincent.vole@example.com 10h\n'#crew' P1D\n* *\n"
    status, out, err = desk.run("quota", "limits", "cars", stdin=text)
    assert (status, err) == (0, "")
    assert out == "+ mailto:vincent.vole@example.com PT10H\n+ '#crew' P1D\n+ * *\n"
    _, shown, _ = desk.run("quota", "limits", "cars", "--show")
    assert shown == "mailto:vincent.vole@example.com PT10H\n'#crew' P1D\n* *\n"
    assert desk.run("quota", "limits", "cars", stdin=shown.encode())[1] == "nothing to change\n"
    assert desk.json("quota", "limits", "cars", "--show") == {
        "quota": "cars",
        "limits": [
            {"identity": "mailto:vincent.vole@example.com", "limit": "PT10H"},
            {"identity": "#crew", "limit": "P1D"},
            {"identity": "*", "limit": "*"},
        ],
    }


def test_at_a_terminal_the_table_is_printed(desk: Desk) -> None:
    desk.run("quota", "limits", "cars", stdin=b"* PT5H\n")
    terminal = Input(b"* PT1H\n", terminal=True)
    assert desk.run("quota", "limits", "cars", stdin=terminal)[:2] == (0, "* PT5H\n")
    assert desk.run("quota", "groups", "cars", stdin=terminal)[:2] == (0, "")


def test_input_replaces_and_with_merge_adds(desk: Desk) -> None:
    desk.run("quota", "limits", "cars", stdin=b"a@example.com PT1H\n* PT2H\n")
    merged = desk.json("quota", "limits", "cars", "--merge", stdin=b"* PT3H\nb@example.com *\n")
    assert [tuple(row.values()) for row in merged["limits"]] == [  # type: ignore[attr-defined]
        ("mailto:a@example.com", "PT1H"), ("*", "PT3H"), ("mailto:b@example.com", "*"),
    ]  # fmt: skip
    assert merged["changed"] is True
    replaced = desk.run("quota", "limits", "cars", stdin=b"* PT3H\n")
    assert replaced[1] == "- mailto:a@example.com PT1H\n- mailto:b@example.com *\n"


def test_a_new_order_is_a_change(desk: Desk) -> None:
    desk.run("quota", "groups", "cars", stdin=b"a@example.com x\nb@example.com y\n")
    _, out, _ = desk.run("quota", "groups", "cars", stdin=b"b@example.com y\na@example.com x\n")
    assert out == "+ mailto:b@example.com y\n+ mailto:a@example.com x\n"


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    dry = desk.json("quota", "limits", "cars", "--dry-run", stdin=b"* PT3H\n")
    assert (dry["changed"], dry["dry_run"], dry["before"]) == (True, True, [])
    assert desk.json("quota", "limits", "cars", "--show")["limits"] == []
    desk.run("quota", "limits", "cars", stdin=b"* PT3H\n")
    assert desk.run("quota", "limits", "cars", "--clear", "--dry-run")[1] == "- * PT3H\n"
    assert desk.run("quota", "limits", "cars", "--show")[1] == "* PT3H\n"


def test_only_clear_empties_a_table(desk: Desk) -> None:
    desk.run("quota", "limits", "cars", stdin=b"* PT3H\n")
    for nothing in (b"", b"\n# nothing\n", b"\xef\xbb\xbf"):
        status, out, err = desk.run("quota", "limits", "cars", stdin=nothing)
        assert (status, out) == (65, "")
        assert err == "<stdin>: there is no line of limits in it; --clear empties the table\n"
    assert desk.run("quota", "limits", "cars", "--clear")[:2] == (0, "- * PT3H\n")
    assert desk.json("quota", "limits", "cars", "--show")["limits"] == []


def test_faulty_input_is_refused_as_a_whole_with_every_faulty_line(desk: Desk) -> None:
    desk.run("quota", "limits", "cars", stdin=b"* PT3H\n")
    text = b"* PT10H\n\nvincent.vole@example.com PT\nmailto:x@ PT1H\n"
    status, out, err = desk.run("quota", "limits", "cars", stdin=text)
    assert (status, out) == (65, "")
    assert err == (
        '<stdin>:3: "PT" is not a duration\n<stdin>:4: "mailto:x@" is not an address: domain\n'
    )
    assert desk.run("quota", "limits", "cars", "--show")[1] == "* PT3H\n"
    found = desk.json("quota", "limits", "cars", stdin=text, status=65)["error"]
    assert isinstance(found, dict)
    assert (found["kind"], found["file"], found["line"]) == ("data", "<stdin>", 3)
    assert [fault["line"] for fault in found["errors"]] == [3, 4]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"* PT1H\n\xff PT1H\n", "<stdin>:2: not UTF-8\n"),
        (b"a\x00b PT1H\n", '<stdin>:1: "a\N{MIDDLE DOT}b" is not the name of a group\n'),
        (b"* PT1H\r* PT2H\n", "<stdin>:1: expected an identity and a limit, not 3 words"),
        (b"x" * (16 << 20) + b" PT1H", "<stdin>: longer than 16777216 bytes\n"),
        (b"x" * 2_000 + b" PT1H", f'<stdin>:1: "{"x" * 78}… is too long for the name of a group\n'),
        (b"* PT999999999999H\n", '<stdin>:1: "PT999999999999H" is not a duration\n'),
        (b"\x1b[2J@example.com PT1H\n", "is not an address"),
    ],
)
def test_hostile_input_is_refused_and_can_not_speak(desk: Desk, data: bytes, said: str) -> None:
    status, out, err = desk.run("quota", "limits", "cars", stdin=data)
    assert (status, out) == (65, "")
    assert said in err
    assert "\x1b" not in err
    assert desk.json("quota", "list")["quotas"][0]["limits"] == 0  # type: ignore[index]


def test_a_declared_group_may_stand_for_its_members(desk: Desk) -> None:
    assert desk.run("quota", "groups", "cars", stdin=b"developers crew\n")[0] == 0
    (row,) = desk.json("quota", "usage", "cars", "--identity", VOLE)["usage"]  # type: ignore[misc]
    assert row["identity"] == "crew"
    status, _, err = desk.run("quota", "groups", "cars", stdin=b"developer crew\n")
    assert status == 65
    assert err == (
        '<stdin>:1: "developer" is no address, and no group is declared so; '
        'did you mean "developers"?\n'
    )


def test_delegates_that_are_nobody_here_are_warned_of(desk: Desk) -> None:
    text = f"{CADILLAC}\nmailto:elsewhere@example.org\n".encode()
    status, _, err = desk.run("quota", "delegates", "cars", stdin=text)
    assert status == 0
    assert err == (
        "warning: mailto:elsewhere@example.org is no resource here; it is never chosen\n"
    )


def test_an_address_and_its_uri_name_one_quota(desk: Desk) -> None:
    desk.run("quota", "limits", f"mailto:{CADILLAC.title()}", stdin=b"* PT1H\n")
    shown = desk.json("quota", "limits", CADILLAC, "--show")
    assert shown["quota"] == f"mailto:{CADILLAC}"
    assert shown["limits"] == [{"identity": "*", "limit": "PT1H"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ("limits", "bikes", "--show"), ("groups", "bikes", "--clear"), ("journal", "bikes"),
        ("usage", "bikes"), ("expire", "cars", "bikes"),
    ],
)  # fmt: skip
def test_what_is_no_quota_is_said_so(desk: Desk, arguments: tuple[str, ...]) -> None:
    status, out, err = desk.run("quota", *arguments)
    assert (status, out) == (1, "")
    assert "there is no quota bikes" in err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("limits", "cars", "--show", "--merge"), 64),
        (("limits", "cars", "--clear", "--merge"), 64),
        (("limits",), 64),
        (("limits", " "), 64),
        (("usage", "cars", "--identity", "vincent.vole@"), 64),
    ],
)
def test_wrong_usage(desk: Desk, arguments: tuple[str, ...], status: int) -> None:
    assert desk.run("quota", *arguments, stdin=b"* PT1H\n")[0] == status


# --- use -------------------------------------------------------------------------


def test_usage_says_limit_used_free_and_entries(desk: Desk) -> None:
    desk.run("quota", "limits", "cars", stdin=f"{VOLE} PT10H\ncrew *\n* PT5H\n".encode())
    desk.charge("one", "2026-12-01 09:00", "2026-12-01 15:00")
    desk.charge("two", "2026-12-02 09:00", "2026-12-02 10:00", pending=True)
    assert desk.json("quota", "usage", "cars") == {
        "quota": "cars",
        "mark": None,
        "general": {"limit": 18_000, "unlimited": False},
        "usage": [
            {"identity": VOLE, "limit": 36_000, "unlimited": False, "used": 25_200, "free": 10_800,
             "entries": 2},
            {"identity": "crew", "limit": None, "unlimited": True, "used": 0, "free": None,
             "entries": 0},
        ],
        "fault": None,
    }  # fmt: skip
    _, out, _ = desk.run("quota", "usage", "cars")
    assert out == (
        f"{VOLE}  limit PT10H  used PT7H  free PT3H  entries 2\n"
        "crew  limit unlimited  used PT0S  free no end of it  entries 0\n"
        "everybody else  PT5H each\n"
    )
    _, out, _ = desk.run("quota", "usage", "cars", "--identity", "mailto:x@example.com")
    assert out == "x@example.com  limit PT5H  used PT0S  free PT5H  entries 0\n"
    desk.run("quota", "limits", "cars", "--clear")
    _, out, _ = desk.run("quota", "usage", "cars", "--identity", VOLE)
    assert out == f"{VOLE}  limit none allowed  used PT7H  free PT0S  entries 2\n"


def test_the_journal_says_what_was_charged_and_what_still_counts(desk: Desk) -> None:
    assert desk.run("quota", "journal", "cars")[1] == "nothing was charged\n"
    desk.charge("one", "2026-11-20 09:00", "2026-11-20 15:00")
    desk.charge("two", "2026-12-02 09:00", "2026-12-02 10:00", pending=True)
    expired = desk.json("quota", "expire")
    assert expired == {
        "mark": "2026-11-20T23:00:00Z", "expired": [{"quota": "cars", "entries": 1}],
    }  # fmt: skip
    assert desk.run("quota", "expire", "cars")[1] == "cars: 0 expired\n"
    found = desk.json("quota", "journal", "cars", "--identity", VOLE)
    assert found["mark"] == "2026-11-20T23:00:00Z"
    first, second = found["entries"]  # type: ignore[misc]
    assert first == {
        "start": "2026-11-20T08:00:00Z",
        "end": "2026-11-20T14:00:00Z",
        "seconds": 21_600,
        "identity": VOLE,
        "organizer": VOLE,
        "resource": CADILLAC,
        "uid": "one",
        "original": "2026-11-20T08:00:00Z",
        "pending": False,
        "counts": False,
    }
    assert (second["uid"], second["pending"], second["counts"]) == ("two", True, True)
    _, out, _ = desk.run("quota", "journal", "cars")
    assert out == (
        f"2026-11-20 09:00-15:00 +01:00  PT6H  {VOLE}  {CADILLAC}  one  expired\n"
        f"2026-12-02 09:00-10:00 +01:00  PT1H  {VOLE}  {CADILLAC}  two  pending\n"
    )
    assert desk.json("quota", "journal", "cars", "--identity", "crew")["entries"] == []


def test_the_list_names_every_quota_that_anything_names(desk: Desk) -> None:
    desk.run("quota", "limits", "bikes", stdin=b"* PT1H\n")
    desk.charge("one", "2026-12-01 09:00", "2026-12-01 15:00")
    bikes, cars = desk.json("quota", "list")["quotas"]  # type: ignore[misc]
    assert bikes == {
        "id": "bikes", "limits": 1, "groups": 0, "delegates": 0, "resources": [], "used": 0,
        "mark": None, "fault": None,
    }  # fmt: skip
    assert (cars["id"], cars["resources"], cars["used"]) == ("cars", [CADILLAC], 21_600)


def test_a_quota_that_can_not_be_read_is_said_to_be_out_of_order(desk: Desk) -> None:
    broken = Setting("quota:cars", "limits", '[["*", "soon"]]', None, "")
    desk.transact(lambda tx: tx.directory.put(broken))
    _, out, _ = desk.run("quota", "list")
    assert 'out of order: quota cars: limits: "soon" is not a duration' in out
    _, _, err = desk.run("quota", "usage", "cars")
    assert "whoever names it declines everything" in err
    assert desk.run("quota", "limits", "cars", stdin=b"* PT1H\n")[0] == 0
    assert desk.json("quota", "usage", "cars")["fault"] is None
