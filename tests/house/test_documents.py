"""Documents cannot drift: what exists is described, what is described exists."""

import ast
import re
from pathlib import Path

import pytest

from horarium.booking.functions.registry import FUNCTIONS
from horarium.booking.preference import Preference
from horarium.booking.preference_table import PERSON_PREFERENCES, PREFERENCES, SPELLINGS
from horarium.booking.reasons import Reason
from horarium.cli.commands import COMMANDS
from horarium.cli.exits import Exit
from horarium.distribution.declared import CONTENT
from horarium.distribution.declared import KINDS as DISTRIBUTED
from horarium.distribution.gathering import CONTENT_KEYS
from horarium.distribution.settings import names_on
from horarium.runtime.objects import KINDS
from horarium.runtime.setting_table import SETTINGS, Setting

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def written(default: object) -> str:
    """A default as the tables of the manual show it."""
    if default is None or default in ("", []):
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, dict):
        inner = ", ".join(f'{key} = "{value}"' for key, value in default.items())
        return f"`{{ {inner} }}`"
    if isinstance(default, list):
        return "`" + ", ".join(default) + "`"
    return f"`{default}`"


def row(entry: Setting | Preference) -> str:
    """The line that a setting or preference has in its table."""
    return f"| `{entry.name}` | {written(entry.default)} | {entry.values} | {entry.meaning} |"


@pytest.mark.parametrize("name", [n for n, s in SETTINGS.items() if s.acted_on])
def test_every_setting_is_described(name: str) -> None:
    assert row(SETTINGS[name]) in page("formats/settings.md")


@pytest.mark.parametrize("name", sorted(PREFERENCES))
def test_every_preference_is_described(name: str) -> None:
    text = page("formats/objects.md")
    preference = PREFERENCES[name]
    if preference.available:
        assert row(preference) in text
    else:
        assert f"`{name}`" in text.partition("Not available in this version")[2]


@pytest.mark.parametrize("name", sorted(PERSON_PREFERENCES))
def test_every_preference_of_a_person_is_described(name: str) -> None:
    _, _, text = page("formats/objects.md").partition("## Preferences of persons")
    assert row(PERSON_PREFERENCES[name]) in text.partition("## Not available")[0]


def test_nothing_is_described_that_does_not_exist() -> None:
    first_cells = re.compile(r"^\| `([\w.]+)` \|", re.MULTILINE)
    assert set(first_cells.findall(page("formats/settings.md"))) <= set(SETTINGS)
    known = {*PREFERENCES, *PERSON_PREFERENCES, *KINDS, *FUNCTIONS}
    assert set(first_cells.findall(page("formats/objects.md"))) <= known


def test_kinds_and_spellings_are_described() -> None:
    text = page("formats/objects.md")
    for word in (*KINDS, *SPELLINGS):
        assert f"`{word}`" in text, word


def content_keys(section: str) -> dict[str, list[str]]:
    """By type, the keys that the table of types describes: a row without a type goes on."""
    found: dict[str, list[str]] = {}
    table = section.partition("\n| type | key | means |\n")[2].partition("\n\n")[0]
    of = ""
    for row in table.splitlines()[1:]:
        _, kind, keys, _ = row.split("|", 3)
        of = kind.strip() or of
        found.setdefault(of, []).extend(keys.strip().split(", "))
    return {kind: sorted(keys) for kind, keys in found.items()}


@pytest.mark.parametrize("kind", sorted(DISTRIBUTED))
def test_every_key_of_an_object_of_distribution_is_described(kind: str) -> None:
    text = page("formats/distribution.md")
    section = text.partition(f'## `[{kind}."NAME"]`')[2].partition("\n## ")[0]
    described = {
        word for cell in re.findall(r"^\| ([\w, ]+) \|", section, re.MULTILINE)
        for word in cell.split(", ")
    }  # fmt: skip
    settings = {*names_on("distributor"), *names_on("subscriber")}
    own = DISTRIBUTED[kind].keys() - settings - set(CONTENT)
    assert own <= described
    assert described <= {*own, "key", "type", *CONTENT_KEYS}
    if kind in ("distributor", "subscriber", "policy"):
        _, _, table = text.partition("## Settings")
        assert all(f"\n| {name} |" in table for name in settings)
    if kind == "distribution":
        assert content_keys(section) == {of: sorted(keys) for of, keys in CONTENT_KEYS.items()}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_scheduling_function_is_described(name: str) -> None:
    assert f"`{FUNCTIONS[name].usage}`" in page("formats/objects.md")


@pytest.mark.parametrize("code", sorted(Reason))
def test_every_reason_is_described(code: str) -> None:
    _, _, text = page("guide/invitations.md").partition("## Reasons")
    assert f"`{code}`" in text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_described(name: str) -> None:
    assert re.search(rf"^## .*`horarium {name}\b", page("guide/commands.md"), re.MULTILINE)


def test_no_command_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^## .*?`horarium ([\w-]+)", page("guide/commands.md"), re.MULTILINE)
    assert set(described) <= set(COMMANDS)


def test_every_exit_status_is_described() -> None:
    text = page("guide/commands.md")
    for status in Exit:
        assert re.search(rf"^\| {status.value} \|", text, re.MULTILINE), status


def defined(path: Path) -> set[str]:
    """The tests that a file defines; those of a class as ``Class::test``."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
            }
    return found


MAPPED = re.compile(r"`(tests/[\w/.-]+\.py)(?:::([\w:]+))?`")
MODULE = re.compile(r"`(src/horarium/[\w/.-]+|horarium\.[\w.]+)`")


@pytest.mark.parametrize("seed", ["000", "001", "002", "003", "004"])
def test_what_a_seed_is_mapped_to_exists(seed: str) -> None:
    text = page(f"seeds/{seed}.md")
    mapped = MAPPED.findall(text)
    assert mapped, "the page maps no sentence to a test"
    for file, test in mapped:
        assert (ROOT / file).is_file(), file
        assert not test or test in defined(ROOT / file), f"{file}::{test}"
    for module in MODULE.findall(text):
        place = module if "/" in module else "src/" + module.replace(".", "/")
        candidates = (ROOT / place, ROOT / f"{place}.py")
        assert any(candidate.exists() for candidate in candidates), module


LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_links_between_pages_lead_somewhere() -> None:
    lost = [
        f"{path.relative_to(ROOT)} -> {target}"
        for path in [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
        for target in LINK.findall(path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert lost == []


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (DOCS / "decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
