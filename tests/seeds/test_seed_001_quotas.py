"""The quotas of seed 001: its here-documents as they stand, run by a shell, and what they mean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.booking.quota import Charge
from horarium.kernel.period import Period
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store, Transaction
from tests.office import oslo

CADILLAC = "mailto:resource-car-cadillac@example.com"
PONTIAC = "mailto:resource-car-pontiac@example.com"
VOLE, HORSE = "vincent.vole@example.com", "harvey.horse@example.com"
HOUR = 3_600

# The tools of the seed and what stands for them; their here-documents stay letter by letter.
TOOLS = {
    "tools/set_quota_groups.py": "horarium quota groups",
    "tools/set_delegates.py": "horarium quota delegates",
    "set_quota_limits.py": "horarium quota limits",
}
ONE_USER = """\
cat <<EOF | set_quota_limits.py 'mailto:resource-car-cadillac@example.com'
mailto:vincent.vole@example.com PT10H
EOF
"""
EVERYBODY = """\
cat <<EOF | set_quota_limits.py 'mailto:resource-car-cadillac@example.com'
* PT10H
EOF
"""
UNLIMITED = """\
cat <<EOF | set_quota_limits.py 'mailto:resource-car-cadillac@example.com'
mailto:vincent.vole@example.com *
EOF
"""
SHARED = """\
cat <<EOF | tools/set_quota_groups.py 'mailto:resource-car-cadillac@example.com'
mailto:vincent.vole@example.com developers
* others
EOF
"""
DELEGATES = """\
cat <<EOF | tools/set_delegates.py 'cars'
mailto:resource-car-cadillac@example.com
mailto:resource-car-pontiac@example.com
EOF
"""
ONE_GROUP = """\
cat <<EOF | tools/set_quota_groups.py 'cars'
* all
EOF
"""
GROUPS_FILE = """\
mailto:vincent.vole@example.com developers
mailto:harvey.horse@example.com developers
mailto:paul.boddie@example.com developers
mailto:simon.skunk@example.com testers
"""
LIMITS_FILE = """\
developers PT10H
testers PT20H
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with the two cars of the seed, before any quota."""
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    (tmp_path / "cars.toml").write_text(
        "".join(f'[resource."{uri}"]\nzone = "Europe/Oslo"\n' for uri in (CADILLAC, PONTIAC))
    )
    for name in ("horarium.toml", "cars.toml"):
        (tmp_path / name).chmod(0o600)
    assert shell(tmp_path, f"horarium apply {tmp_path}/cars.toml").returncode == 0
    return tmp_path


def shell(site: Path, text: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs lines of a shell in which `horarium` is this one."""
    for tool, command in TOOLS.items():
        text = text.replace(tool, command)
    program = f'horarium() {{ "{sys.executable}" -m horarium.cli.entry --site "{site}" "$@"; }}\n'
    return subprocess.run(
        ["/bin/sh", "-c", program + text],
        input=stdin, capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip


def answer(site: Path, line: str) -> dict[str, object]:
    done = shell(site, f"horarium --json {line}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def allowance(site: Path, quota: str, who: str) -> tuple[object, object, object]:
    """The identity charged for somebody, and what it may use: seconds, and whether without end."""
    (row,) = answer(site, f"quota usage '{quota}' --identity {who}")["usage"]  # type: ignore[misc]
    return row["identity"], row["limit"], row["unlimited"]


def test_a_limit_for_one_user(site: Path) -> None:
    done = shell(site, ONE_USER)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "+ mailto:vincent.vole@example.com PT10H\n"
    assert allowance(site, CADILLAC, VOLE) == (VOLE, 10 * HOUR, False)
    # Not listed and no general quota: unable to reserve.
    assert allowance(site, CADILLAC, HORSE) == (HORSE, None, False)


def test_the_table_is_replaced_as_a_whole(site: Path) -> None:
    shell(site, ONE_USER)
    done = shell(site, EVERYBODY)
    assert done.stdout == "- mailto:vincent.vole@example.com PT10H\n+ * PT10H\n"
    assert shell(site, EVERYBODY).stdout == "nothing to change\n"


def test_a_general_quota_applies_to_each_identity(site: Path) -> None:
    assert shell(site, EVERYBODY).returncode == 0
    assert allowance(site, CADILLAC, VOLE) == (VOLE, 10 * HOUR, False)
    assert allowance(site, CADILLAC, HORSE) == (HORSE, 10 * HOUR, False)


def test_an_unlimited_quota(site: Path) -> None:
    assert shell(site, UNLIMITED).returncode == 0
    assert allowance(site, CADILLAC, VOLE) == (VOLE, None, True)
    assert allowance(site, CADILLAC, HORSE) == (HORSE, None, False)


def test_groups_share_one_quota_and_others_one_journal(site: Path) -> None:
    assert shell(site, SHARED).returncode == 0
    assert shell(site, EVERYBODY).returncode == 0
    assert allowance(site, CADILLAC, VOLE) == ("developers", 10 * HOUR, False)
    assert allowance(site, CADILLAC, HORSE) == ("others", 10 * HOUR, False)
    assert allowance(site, CADILLAC, "oliver.otter@example.com")[0] == "others"


def test_the_example_of_how_an_organiser_gets_a_quota(site: Path) -> None:
    for table, text in (("groups", GROUPS_FILE), ("limits", LIMITS_FILE)):
        (site / table).write_text(text)
        done = shell(site, f"horarium quota {table} cars < {site}/{table}")
        assert done.returncode == 0, done.stderr
    assert allowance(site, "cars", VOLE) == ("developers", 10 * HOUR, False)
    assert allowance(site, "cars", HORSE) == ("developers", 10 * HOUR, False)
    assert allowance(site, "cars", "simon.skunk@example.com") == ("testers", 20 * HOUR, False)
    # No group, no limit of its own, no general limit: no quota.
    otter = "oliver.otter@example.com"
    assert allowance(site, "cars", otter) == (otter, None, False)


def test_delegates_and_the_single_group_of_all(site: Path) -> None:
    done = shell(site, DELEGATES)
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(site, ONE_GROUP).returncode == 0
    assert answer(site, "quota delegates cars --show")["delegates"] == [CADILLAC, PONTIAC]
    assert allowance(site, "cars", VOLE)[0] == "all"


def test_input_may_be_redirected_from_a_file(site: Path) -> None:
    (site / "limits").write_text("* PT10H\n")
    assert shell(site, f"horarium quota limits cars < {site}/limits").returncode == 0
    assert shell(site, "horarium quota limits cars --show").stdout == "* PT10H\n"


def test_lines_entered_are_ended_by_the_end_of_the_input(site: Path) -> None:
    """At a terminal itself the table is shown; what is typed goes through `cat`."""
    done = shell(site, "cat | horarium quota limits cars", "* PT10H\n")
    assert done.stdout == "+ * PT10H\n"


# --- usage -----------------------------------------------------------------------


def charge(site: Path, uri: str, uid: str, start: str, end: str, quota: str = "cars") -> None:
    """Charges an event as an acceptance would."""
    engine = EmbeddedEngine(str(Site(site).database))
    span = Period(oslo(start), oslo(end))

    def work(tx: Transaction) -> None:
        user = next(user for user in tx.directory.users() if user.uri == uri)
        tx.quotas.restate(user.id, uid, [Charge(quota, VOLE, VOLE, span.start, span)])

    Store(engine).transact([], work)
    engine.close()


def free(site: Path, now: str) -> object:
    line = f"quota usage cars --identity {VOLE} --now '{now}'"
    (row,) = answer(site, line)["usage"]  # type: ignore[misc]
    return row["free"]


def test_cars_that_share_a_quota_use_it_together_until_it_is_replenished(site: Path) -> None:
    shell(site, "echo '* PT10H' | horarium quota limits cars")
    charge(site, CADILLAC, "one", "2026-12-01 09:00", "2026-12-01 15:00")
    assert free(site, "2026-11-21 12:00") == 4 * HOUR
    charge(site, PONTIAC, "two", "2026-12-02 09:00", "2026-12-02 13:00")
    assert free(site, "2026-11-21 12:00") == 0
    # Seed 000: by expiring records of past events, quotas are replenished; by hand for those named.
    done = answer(site, "quota expire cars --now '2026-12-02 12:00'")
    assert done == {
        "mark": "2026-12-01T23:00:00Z",
        "expired": [{"quota": "cars", "entries": 1}],
    }
    assert free(site, "2026-12-02 12:00") == 6 * HOUR
    report = answer(site, "upkeep --now '2026-12-03 03:10'")
    assert report["expired"] == 1
    assert free(site, "2026-12-03 12:00") == 10 * HOUR
