"""Somebody at the command line of a site that gives appointments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from horarium.cli.entry import main
from tests.appointments.reception import OBJECTS

NOW = "2027-05-09T12:00:00Z"


class Shell:
    """Runs commands on a site; `now` is the present named to them."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str], more: str = "") -> None:
        self.path, self._capsys = path, capsys
        self.now = NOW
        (path / "horarium.toml").write_text('zone = "UTC"\n')
        self.declare(OBJECTS + more)

    def declare(self, objects: str, *options: str) -> str:
        """Applies objects; what was said."""
        (self.path / "objects.toml").write_text(objects)
        status, out, err = self.run("apply", str(self.path / "objects.toml"), *options)
        assert status == 0, err
        return out

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Status, output and complaints of a command."""
        status = main([*arguments, "--now", self.now, "--site", str(self.path)])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def json(self, *arguments: str, status: int = 0) -> dict[str, object]:
        """The answer of a command for machines."""
        done, out, err = self.run("--json", *arguments)
        assert done == status, err
        document = json.loads(out)
        assert isinstance(document, dict)
        return document
