"""Habits that a machine can hold: names, where SQL and time may stand, what never stands here."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import horarium

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "horarium"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that belongs to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout
    names = [name for name in listed.decode().split("\0") if name]
    if not names:
        pytest.skip("not a checkout: there is no list of files")
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())


def texts() -> list[tuple[Path, str]]:
    """Every tracked text."""
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((path.relative_to(ROOT), data.decode("utf-8", "replace")))
    return found


FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "core", "manager", "service"}


def test_names_are_nouns_of_the_domain() -> None:
    parts = {(path, part) for path in SOURCE.rglob("*") for part in path.relative_to(SOURCE).parts}
    bad = [str(path) for path, part in parts if Path(part).stem in FORBIDDEN_NAMES]
    assert bad == []


STATEMENT = re.compile(
    r"\b(SELECT\s+.{1,200}?\bFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM"
    r"|CREATE\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW|TRIGGER)|ALTER\s+TABLE|DROP\s+TABLE)\b",
    re.DOTALL,
)


def test_sql_stands_in_sql_files() -> None:
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and STATEMENT.search(text):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


SQL_CLOCK = re.compile(
    r"\b(CURRENT_(TIMESTAMP|TIME|DATE)|now\s*\(|unixepoch\s*\(|julianday\s*\(|strftime\s*\("
    r"|datetime\s*\(|clock_timestamp|random\s*\(|randomblob\s*\()",
    re.IGNORECASE,
)


def test_sql_reads_no_clock_and_rolls_no_dice() -> None:
    found = []
    for path in SOURCE.rglob("*.sql"):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if SQL_CLOCK.search(line.partition("--")[0]):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


# Put together here, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.])/wo" + r"rk/|/tmp/pl" + r"an\b")
REGISTRIES = re.compile(
    "py" + r"pi\.(org|python)|pythonhosted\." + "org|artifact" + "ory|ne" + "xus\\."
)
REQUIREMENT = re.compile(r"(?<![\w-])[KIBADXTPSRO]-\d{1,3}\b(?![.\w-])")


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_path_of_one_machine_and_no_registry_is_named() -> None:
    assert _lines_with(MACHINE_PATHS) == []
    assert _lines_with(REGISTRIES) == []


def test_sources_are_standards_seeds_and_pages_of_ours() -> None:
    """A reader has the RFCs, the seeds and docs/; numbers of other papers mean nothing to them."""
    skipped = ("LICENSE", "requirements/", "tests/fuzz/corpus")
    found = [line for line in _lines_with(REQUIREMENT) if not line.startswith(skipped)]
    assert found == []


BARE_WORD = re.compile(r"\btimestamps?\b", re.IGNORECASE)
# A role of The Update Framework has this name: what signs which snapshot is the newest.
ROLE = {"Timestamp", "timestamp", "make_timestamp", "with_timestamp"}


def test_an_instant_is_not_called_otherwise() -> None:
    names = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node, "name", None) or getattr(node, "arg", None)
            signed = {"distribution", "tiers"} & set(path.parts) and name in ROLE
            if isinstance(name, str) and "timestamp" in name.lower() and not signed:
                names.append(f"{path.relative_to(ROOT)}: {name}")
    assert names == []


def project() -> dict[str, object]:
    """The project table."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        table = tomllib.load(file)["project"]
    assert isinstance(table, dict)
    return table


def test_the_version_is_one() -> None:
    assert project()["version"] == horarium.__version__
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## {horarium.__version__}" in changes


def test_everything_that_is_needed_is_pinned() -> None:
    pins = {}
    for line in (ROOT / "requirements" / "dev.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, equals, version = line.partition("==")
            assert equals, line
            assert version, line
            pins[name.lower().replace("_", "-")] = version
    wanted = project()["dependencies"]
    assert isinstance(wanted, list)
    for dependency in wanted:
        name = re.split(r"[<>=!\[; ]", dependency)[0]
        assert name.lower() in pins, f"{name} is not pinned"
