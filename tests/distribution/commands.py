"""Somebody at the command line of a site that distributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from horarium.cli.entry import main

OBJECTS = """
[distributor."hq"]
[distribution."intranet"]
distributor = "hq"
source = "/srv/intranet"
target = "%DEST_VOLUME%/www"
build = "daily MO-FR start 18:30"
[subscriber_group.branches]
members = ["s1", "s2"]
[channel.night]
distributions = ["intranet"]
subscribers = ["@branches", "lab1"]
inactive = ["lab1"]
send = "daily window 22:00-02:00"
[subscriber.lab1]
[subscriber.p1]
[subscriber.s2]
parents = ["p1"]
[subscriber.s1]
parents = ["p1"]
extract = "immediately"
[policy.branches]
applies_to = "@branches"
extract = "daily window 02:00-04:00"
"""


class Shell:
    """Runs commands on a site; `now` is the present named to them."""

    def __init__(
        self, path: Path, capsys: pytest.CaptureFixture[str], objects: str = OBJECTS
    ) -> None:
        self.path, self._capsys, self.now = path, capsys, "2026-03-02T12:00:00Z"
        (path / "horarium.toml").write_text('zone = "Europe/Berlin"\n')
        if objects:
            self.declare(objects)

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

    def said(self, *arguments: str, status: int = 0) -> str:
        """The answer of a command for people."""
        done, out, err = self.run(*arguments)
        assert done == status, (out, err)
        return out

    def json(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """The answer of a command for machines."""
        done, out, err = self.run("--json", *arguments)
        assert done == status, (out, err)
        document = json.loads(out)
        assert isinstance(document, dict)
        return document
