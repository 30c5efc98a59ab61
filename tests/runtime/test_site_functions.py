"""Deciders of a site's own code, in a package that is installed beside ours."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.office import ROOM, Office

import horarium
from horarium.booking.diagram import question_of
from horarium.booking.trace import Step
from horarium.runtime.site_functions import site_functions
from horarium.runtime.surroundings import quota_names

RULES = """
from horarium.booking.functions.site import accepted, declined
from horarium.booking.functions.verdict import Verdict
from horarium.booking.reasons import Reason
from horarium.kernel.errors import Unavailable

SEEN = []

def at_most(request, view, arguments):
    SEEN.append((request, view, arguments))
    hours = sum(o.end - o.start for o in request.occurrences) / 3600
    return accepted() if hours <= int(arguments[0]) else declined(f"{hours:g} hours")

at_most.quotas = ("rooms", "absent")

def breaks(request, view, arguments):
    raise RuntimeError("out of paper")

def leaves(request, view, arguments):
    raise SystemExit(3)

def puts_off(request, view, arguments):
    raise Unavailable("later")

def greedy(request, view, arguments):
    return accepted()

greedy.quotas = [f"q{number}" for number in range(17)]

def says_true(request, view, arguments):
    return True

def sends_away(request, view, arguments):
    return Verdict(delegate="elsewhere@example.com")

def borrows(request, view, arguments):
    return Verdict(Reason.CONFLICT)

same_domain_only = at_most
number = 7
"""
NAMES = {
    "at_most": "house_rules:at_most",
    "breaks": "house_rules:breaks",
    "leaves": "house_rules:leaves",
    "puts_off": "house_rules:puts_off",
    "greedy": "house_rules:greedy",
    "says_true": "house_rules:says_true",
    "sends_away": "house_rules:sends_away",
    "borrows": "house_rules:borrows",
    "same_domain_only": "house_rules:same_domain_only",
    "number": "house_rules:number",
    "absent": "house_rules:absent",
    "unloadable": "house_ruins",
    "twice": "house_rules:at_most",
}


def install(top: Path, package: str, names: dict[str, str]) -> None:
    """What pip leaves of a package: its metadata beside its modules."""
    info = top / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in names.items())
    (info / "entry_points.txt").write_text(f"[horarium.functions]\n{lines}")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    top = tmp_path / "packages"
    install(top, "house", NAMES)
    install(top, "other", {"twice": "house_rules:at_most"})
    (top / "house_rules.py").write_text(RULES)
    (top / "house_ruins.py").write_text("raise SystemExit('no licence')\n")
    monkeypatch.syspath_prepend(top)
    site_functions.cache_clear()
    yield top
    site_functions.cache_clear()
    sys.modules.pop("house_rules", None)


def office(function: str, **more: object) -> Office:
    return Office(
        {ROOM: {"scheduling_function": f"schedule_in_freebusy\n{function}\n", **more}},
        groups={"staff": ("vincent.vole@example.com",)},
        quotas={"rooms": {"limits": [["*", "PT10H"]]}},
    )


def last_step(site: Office) -> Step:
    """The step that ended the newest decision, before what was kept of it."""
    return site.store.read(lambda tx: tx.decisions.last(1))[0].steps[-2]


def test_a_decider_of_the_site_accepts_and_declines(packages: Path) -> None:
    site = office("at_most 2")
    assert site.invite("2026-12-01 09:00", "2026-12-01 11:00") == "ACCEPTED"
    answer = site.ask("2026-12-02 09:00", "2026-12-02 12:00")[0]
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["3.8"]
    assert "A rule of this site does not permit it." in answer.text
    step = last_step(site)
    assert (step.gate, step.reason, step.evidence) == (
        "at_most 2", "site_rule", {"why": "3 hours"},
    )  # fmt: skip


def test_it_sees_facts_and_neither_store_nor_clock(packages: Path) -> None:
    site = office("at_most 20\ncheck_quota rooms", name="Conference room")
    site.invite("2026-12-01 09:00", "2026-12-01 11:00", uid="first")
    site.invite("2026-12-01 10:00", "2026-12-01 12:00", uid="second")
    site.invite("2026-12-03 10:00", "2026-12-03 12:00", uid="third")
    request, view, arguments = importlib.import_module("house_rules").SEEN[-1]
    assert (request.uid, arguments) == ("third", ("20",))
    assert (view.resource, view.zone) == (f"mailto:{ROOM}", "Europe/Oslo")
    assert view.preferences["CN"] == "Conference room"
    assert view.groups == {"staff": frozenset({"vincent.vole@example.com"})}
    assert list(view.quotas) == ["rooms"]
    assert view.quotas["rooms"].used == 2 * 3_600
    assert view.held == ()
    assert not hasattr(view, "reservations")
    assert not hasattr(view, "surroundings")


def test_it_sees_what_is_held_in_the_asked_time(packages: Path) -> None:
    site = Office({ROOM: {"scheduling_function": "at_most 20\n"}})
    site.invite("2026-12-01 09:00", "2026-12-01 11:00", uid="first")
    site.invite("2026-12-01 10:00", "2026-12-01 12:00", uid="second")
    _, view, _ = importlib.import_module("house_rules").SEEN[-1]
    assert [item.uid for item in view.held] == ["first"]


def test_the_quotas_it_declares_are_locked(packages: Path) -> None:
    user = office("at_most 2").agent.directory.find(ROOM)
    assert user is not None
    assert quota_names(user) == {"rooms", "absent"}


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("absent", "house 1.0, house_rules:absent: cannot be loaded: AttributeError: "),
        ("unloadable", "house 1.0, house_ruins: cannot be loaded: SystemExit: no licence"),
        ("number", "house 1.0, house_rules:number: is nothing that can be called"),
        ("greedy", "cannot be loaded: ValueError: quotas has 17 names, more than 16"),
        ("twice", "twice is registered 2 times"),
        ("nowhere", "there is no scheduling function nowhere; known here: "),
    ],
)
def test_what_cannot_be_loaded_declines_and_says_why(
    packages: Path, function: str, why: str
) -> None:
    site = office(function)
    answer = site.ask("2026-12-01 09:00", "2026-12-01 10:00")[0]
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["5.1"]
    step = last_step(site)
    assert step.reason == "configuration"
    assert why in str(step.evidence["why"])


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("breaks", "RuntimeError: out of paper"),
        ("leaves", "SystemExit: 3"),
        ("puts_off", "Unavailable: later"),
        ("says_true", "TypeError: house 1.0, house_rules:says_true: returned True"),
        ("sends_away", "no plain Verdict"),
        ("borrows", "no plain Verdict"),
        ("at_most much", "ValueError"),
    ],
)
def test_what_fails_while_it_decides_declines_and_says_why(
    packages: Path, function: str, why: str
) -> None:
    site = office(function)
    answer = site.ask("2026-12-01 09:00", "2026-12-01 10:00")[0]
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["5.1"]
    step = last_step(site)
    assert (step.gate, step.reason) == (function, "internal")
    assert why in str(step.evidence["why"])


def test_a_name_of_ours_stays_ours(packages: Path) -> None:
    site = office("same_domain_only")
    assert site.invite("2026-12-01 09:00", "2026-12-01 10:00", by="x@example.org") == "DECLINED"
    assert last_step(site).reason == "same_domain"
    assert "is the name of a function of ours" in site_functions()["same_domain_only"].fault


def test_the_function_of_the_guide_does_what_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(__file__).parents[2] / "docs/guide/policies.md").read_text()
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", guide, re.S) if "one_place" in block
    )
    (tmp_path / "guide_rules.py").write_text(code)
    assert 'one_place_each = "house_rules:one_place_each"' in guide
    install(tmp_path, "guide", {"one_place_each": "guide_rules:one_place_each"})
    monkeypatch.syspath_prepend(tmp_path)
    site_functions.cache_clear()
    site = Office({ROOM: {"scheduling_function": "schedule_in_freebusy 5\none_place_each\n"}})
    at = ("2026-12-01 09:00", "2026-12-01 11:00")
    assert site.invite(*at, uid="first") == "ACCEPTED"
    assert site.invite(*at, uid="second") == "DECLINED"
    assert last_step(site).evidence == {"why": "holds first"}
    assert site.invite(*at, uid="third", by="simon.skunk@example.com") == "ACCEPTED"
    site_functions.cache_clear()


def test_it_is_drawn_as_the_question_it_is(packages: Path) -> None:
    for function, asked in (("at_most 2", "at_most 2?"), ("absent", "absent\n(cannot be asked)")):
        user = office(function).agent.directory.find(ROOM)
        assert user is not None
        call = user.resource.preferences.scheduling_function[1]
        assert question_of(call, user.resource).question == asked


def test_check_and_doctor_say_what_is_wrong(packages: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    (place / "objects").mkdir(parents=True)
    (place / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    rooms = place / "objects" / "rooms.toml"
    head = '[resource."room@example.com"]\nrequire_auth = "dmarc"\n'
    rooms.write_text(f'{head}scheduling_function = ["schedule_in_freebusy", "at_most 2"]\n')
    assert run(packages, place, "check")[0] == 0
    rooms.write_text(f'{head}scheduling_function = ["schedule_in_freebusy", "unloadable"]\n')
    status, said = run(packages, place, "check")
    assert status == 65
    assert "rooms.toml:3" in said
    assert "house 1.0, house_ruins: cannot be loaded: SystemExit: no licence" in said
    rooms.write_text(f'{head}scheduling_function = ["schedule_in_freebusy", "at_mots 2"]\n')
    _, said = run(packages, place, "check")
    assert 'there is no function at_mots; did you mean "at_most"?' in said
    rooms.write_text(f'{head}scheduling_function = ["schedule_in_freebusy", "at_most 2"]\n')
    assert run(packages, place, "apply", str(rooms))[0] == 0
    _, said = run(packages, place, "doctor")
    assert "at_most: house 1.0, house_rules:at_most" in said
    assert "unloadable: house 1.0, house_ruins: cannot be loaded: SystemExit: no licence" in said


def run(packages: Path, place: Path, *command: str) -> tuple[int, str]:
    """A command in a process of its own, where the packages are installed."""
    source = str(Path(horarium.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "horarium.cli.entry", *command, "--site", str(place)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((source, str(packages)))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
