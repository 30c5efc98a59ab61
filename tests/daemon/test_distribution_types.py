"""Every type of distribution from its declaration to a node that uses it: trees from FTP and HTTP
servers, packages from disk and from a server, documents of a policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.daemon.realm import Realm, realm_of, until
from tests.transport.sources import FtpServer

pytestmark = pytest.mark.timeout(300)

HERE = 'allow_sources = ["127.0.0.0/8"]'


@contextmanager
def web(folder: Path) -> Iterator[int]:
    """Serves a folder over HTTP; the port."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def distribution(name: str, kind: str, keys: str) -> str:
    return (
        f'[distribution.{name}]\ndistributor = "hq"\ntype = "{kind}"\n'
        f'build = {{ type = "never" }}\ntarget = "%DEST_VOLUME%/{name}"\n{keys}\n'
    )


def program(path: Path, text: str) -> str:
    """A program of the node that anybody may run."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def open_to_all(realm: Realm) -> None:
    """Lets whom actions run as enter the folders of the test."""
    for folder in (realm.folder, *realm.nodes["one"].inbox.parents):
        folder.chmod(folder.stat().st_mode | 0o055) if folder.owner() == "root" else None


def built(realm: Realm, name: str) -> None:
    """Builds a version, and waits until the node has it in use."""
    number = realm.hq.run("distribution", "build", name)["version"]

    def state() -> str:
        found = realm.hq.run("distribution", "status", name, status=None)["versions"][0]
        assert found["version"] == number
        return str(found["nodes"][0]["state"])

    until(lambda: state() == "extracted", lambda: f"{name}: {state()}\n{realm.logs()}")


def test_trees_of_servers_packages_and_policies_come_into_use(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        one = realm.nodes["one"]
        log = tmp_path / "log"
        log.touch()
        log.chmod(0o666)
        note = program(tmp_path / "note", f'echo "$@" >> {log}')
        enforce = program(tmp_path / "enforce", f'cat "$1"/limit.json >> {log}')
        one.configure(
            allow_actions=True, actions_user="nobody", enforce=[enforce, "{folder}"]
        )  # fmt: skip
        open_to_all(realm)
        local, pages = tmp_path / "agent_2.pkg", tmp_path / "pages"
        local.write_bytes(b"agent")
        pages.mkdir()
        (pages / "index.html").write_text("<p>here</p>\n")
        files = {"/pub/": None, "/pub/base.pkg": b"base", "/pub/deep/": None, "/pub/deep/a": b"a"}
        with FtpServer(files).serving() as ftp, web(pages) as port:
            names = ["mirror", "pages", "tools", "rules"]
            more = [
                distribution(
                    "mirror", "ftp",
                    f'host = "127.0.0.1"\nport = {ftp.port}\nsource = "/pub"\n{HERE}',
                ),
                distribution("pages", "http", f'urls = ["http://127.0.0.1:{port}/index.html"]\n{HERE}'),
                distribution(
                    "tools", "package",
                    f'items = [{{ file = "{local}", name = "agent", parameters = ["--quiet"] }},\n'
                    f'  {{ file = "/pub/base.pkg", host = "127.0.0.1", port = {ftp.port} }}]\n'
                    f'order = ["base.pkg", "agent"]\ninstaller = ["{note}", "add", "{{item}}"]\n'
                    f'remover = ["{note}", "drop", "{{name}}"]\nrequires = {{ os = "linux" }}\n'
                    f'pre = [{{ run = ["{note}", "before"] }}]\n'
                    f'post = [{{ run = ["{note}", "after"] }}]\n{HERE}',
                ),
                distribution("rules", "policy", 'documents = { "limit.json" = { most = 3 } }'),
                f"[channel.types]\ndistributions = {names}\nsubscribers = ['one']\n"
                'send = { type = "immediately" }',
            ]  # fmt: skip
            realm.declare(more="\n".join(more))
            realm.start()
            for name in names:
                built(realm, name)
            tools = one.inbox / "tools"
            assert (one.inbox / "mirror" / "deep" / "a").read_bytes() == b"a"
            assert (one.inbox / "pages" / "index.html").read_text() == "<p>here</p>\n"
            assert log.read_text().splitlines() == [
                "before", f"add {tools}/00001/base.pkg",
                f"add {tools}/00002/agent_2.pkg --quiet", "after", "{", '  "most": 3', "}",
            ]  # fmt: skip
            # What did not change makes no version, wherever it is fetched from.
            for name in names:
                assert realm.hq.run("distribution", "build", name)["version"] is None
            files["/pub/deep/a"] = b"other"
            (pages / "index.html").write_text("<p>other</p>\n")
            built(realm, "mirror")
            built(realm, "pages")
            assert (one.inbox / "mirror" / "deep" / "a").read_bytes() == b"other"
            assert (one.inbox / "pages" / "index.html").read_text() == "<p>other</p>\n"
