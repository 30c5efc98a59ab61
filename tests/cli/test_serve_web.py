"""`serve` with pages: a process of its own, from its start to its end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.cli.entry import main

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The example site, applied."""
    root = tmp_path / "site"
    assert main(["--quiet", "--site", str(root), "init", "--example"]) == 0
    assert main(["--quiet", "--site", str(root), "apply", str(root / "objects")]) == 0
    return root


def serving(site: Path, port: int, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HORARIUM_WEB_LISTEN": f"127.0.0.1:{port}",
        "HORARIUM_WEB_URL": f"http://localhost:{port}",
    }
    return subprocess.Popen(
        [*PROGRAM, "--site", str(site), "serve", "--only", "web", *arguments],
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    found = connection.getresponse().status
    connection.close()
    return found


def test_pages_are_served_until_it_is_told_to_stop(site: Path) -> None:
    port = free_port()
    daemon = serving(site, port)
    assert daemon.stderr is not None
    try:
        said = [daemon.stderr.readline() for _ in range(2)]
        assert said[0].startswith("serving ")
        assert said[1] == f"  web http://localhost:{port} (127.0.0.1:{port})\n"
        assert status(port, "/livez") == 200
        assert status(port, "/readyz") == 200
        assert status(port, "/login") == 200
        assert status(port, "/agenda") == 303
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stderr.close()


def test_a_port_that_is_taken_is_named(site: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        daemon = serving(site, port)
        _, said = daemon.communicate(timeout=30)
    assert daemon.returncode in (69, 75)
    assert f"web.listen 127.0.0.1:{port}: " in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('url = "http://calendar.example.com"', "web.url: without TLS (https:) only this machine"),
        ('listen = "maildir:x"', "web.listen: "),
        ('listen = "8025"', "web.listen: "),
        ('url = "calendar.example.com"', "web.url: "),
        ("proxies = 5", "web.proxies: "),
    ],
)
def test_bad_settings_are_refused_with_their_place(
    settings: str, message: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = site / "horarium.toml"
    file.write_text(file.read_text() + f"\n[web]\n{settings}\n")
    capsys.readouterr()
    assert main(["--site", str(site), "serve", "--only", "web"]) == 78
    said = capsys.readouterr().err
    assert message in said
    assert "horarium.toml:" in said
