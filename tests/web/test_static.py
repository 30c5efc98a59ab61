"""The files that pages load: those of others are what they were when they were taken."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import horarium.web
from horarium.web.rendering import static_files, static_url
from tests.web.world import World

STATIC = Path(horarium.web.__file__).parent / "static"
ROW = re.compile(r"^\| `([^`]+)` \|.*\| ([\d.]+) \| ([^|]+) \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def origins() -> dict[str, tuple[str, str, str]]:
    text = (STATIC / "ORIGINS.md").read_text("utf-8")
    return {
        name: (version, licence, digest) for name, version, licence, digest in ROW.findall(text)
    }


def test_files_of_others_are_as_they_were_taken() -> None:
    assert set(origins()) == {"htmx.min.js"}
    for name, (version, licence, digest) in origins().items():
        data = (STATIC / name).read_bytes()
        assert sha256(data).hexdigest() == digest, name
        assert f'version:"{version}"'.encode() in data
        assert "0BSD" in licence


def test_every_script_has_an_origin() -> None:
    assert {path.name for path in STATIC.glob("*.js")} == set(origins())


def test_an_address_changes_with_its_content_and_is_kept(world: World) -> None:
    for name, (data, _) in static_files().items():
        reply = world.nobody().get(static_url(name))
        assert reply.status == 200
        assert reply.body == data
        assert "immutable" in reply.fields["Cache-Control"]
    stale = "/static/000000000000/horarium.css"
    assert world.nobody().get(stale).status == 404


def test_the_sheet_loads_nothing() -> None:
    sheet = (STATIC / "horarium.css").read_text("utf-8")
    assert "url(" not in sheet
    assert "@import" not in sheet
