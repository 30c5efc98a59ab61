"""Files from FTP servers: what is fetched, what is refused."""

from pathlib import Path
from typing import Any

import pytest
from tests.transport.sources import FtpServer, gathering

from horarium.distribution.gathering import Gathered, GatherFailed
from horarium.distribution.manifest import Directory, File, Link
from horarium.transport.gather_documents import PackageSource
from horarium.transport.gather_ftp import FtpSource

FILES: dict[str, bytes | str | None] = {
    "/pub/": None,
    "/pub/a.bin": b"\r\n\0binary",
    "/pub/deep/": None,
    "/pub/deep/b.txt": b"b" * 3_000_000,
    "/other/": None,
    "/other/c": b"c",
}


def gather(server: FtpServer, folder: Path, **keys: Any) -> Gathered:
    work, _ = gathering(folder)
    own = {"host": "127.0.0.1", "port": server.port, "source": "/pub"}
    with server.serving():
        return FtpSource(work).gather({**own, "allow_sources": ["127.0.0.0/8"], **keys}, {})


@pytest.mark.parametrize("old", [False, True])
def test_a_tree_is_gathered(old: bool, tmp_path: Path) -> None:
    found = gather(FtpServer(FILES, old=old), tmp_path)
    shown = [(type(entry), entry.path) for entry in found.entries]
    assert shown == [(File, "a.bin"), (Directory, "deep"), (File, "deep/b.txt")]
    sizes = [entry.size for entry in found.entries if isinstance(entry, File)]
    assert sizes == [9, 3_000_000]
    modified = found.entries[0].modified  # type: ignore[union-attr]
    assert modified == (0 if old else 1_772_366_400)


def test_the_password_is_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_WORD", "open sesame")
    server = FtpServer(FILES)
    gather(server, tmp_path, user="ali", password="env:FTP_WORD")
    assert server.logins == ["ali", "open sesame"]


def test_a_text_loses_the_ends_of_lines_of_the_network(tmp_path: Path) -> None:
    found = gather(
        FtpServer({"/pub/": None, "/pub/a": b"one\r\ntwo\rthree\r\n"}), tmp_path, binary=False
    )
    _, store = gathering(tmp_path)
    (entry,) = found.entries
    assert isinstance(entry, File)
    assert store.read(entry.digest) == b"one\ntwo\rthree\n"


def test_several_servers_make_one_tree(tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    with FtpServer(FILES).serving() as one, FtpServer(FILES).serving() as two:
        servers = [
            {"host": "127.0.0.1", "port": one.port, "source": "/pub/deep"},
            {"host": "127.0.0.1", "port": two.port, "source": "/other"},
        ]
        keys = {"servers": servers, "allow_sources": ["127.0.0.1"]}
        found = FtpSource(work).gather(keys, {})
        assert [entry.path for entry in found.entries] == ["b.txt", "c"]
        same = {**keys, "servers": [servers[1], servers[1]]}
        with pytest.raises(GatherFailed, match="two servers"):
            FtpSource(work).gather(same, {})


def test_links_are_refused_or_kept(tmp_path: Path) -> None:
    files: dict[str, bytes | str | None] = {"/pub/": None, "/pub/a": b"a", "/pub/l": "a"}
    with pytest.raises(GatherFailed) as told:
        gather(FtpServer(files), tmp_path)
    assert told.value.reason == "links"
    found = gather(FtpServer(files), tmp_path, links="keep")
    assert found.entries[1] == Link("l", "a")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"allow_sources": []}, "refused"),
        ({"allow_sources": ["10.0.0.0/8"]}, "refused"),
        ({"user": "x", "password": "env:NOT_SET"}, "secret"),
        ({"source": "/pub/nowhere.txt"}, None),
        ({"port": 1}, "unreachable"),
    ],
)
def test_what_is_refused(keys: dict[str, Any], reason: str | None, tmp_path: Path) -> None:
    if reason is None:
        assert gather(FtpServer(FILES), tmp_path, **keys).entries == ()
        return
    with pytest.raises(GatherFailed) as told:
        gather(FtpServer(FILES), tmp_path, **keys)
    assert told.value.reason == reason


def test_a_wrong_password_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTP_WORD", "wrong")
    with pytest.raises(GatherFailed) as told:
        gather(FtpServer(FILES), tmp_path, user="ali", password="env:FTP_WORD")
    assert told.value.reason == "unreachable"
    assert "wrong" not in str(told.value)


@pytest.mark.parametrize("name", ["a\\b", "nul", "x.", "c:x"])
def test_a_name_that_can_not_be_sent_fails(name: str, tmp_path: Path) -> None:
    with pytest.raises(GatherFailed) as told:
        gather(FtpServer({"/pub/": None, f"/pub/{name}": b"x"}), tmp_path)
    assert told.value.reason == "path"


@pytest.mark.parametrize(("old", "modified"), [(False, 1_772_366_400), (True, 0)])
def test_a_package_may_lie_at_a_server(old: bool, modified: int, tmp_path: Path) -> None:
    work, store = gathering(tmp_path)
    server = FtpServer(FILES, old=old)
    item = {"file": "/other/c", "host": "127.0.0.1", "port": server.port, "user": "ali"}
    keys = {"items": [item], "installer": ["{item}"], "allow_sources": ["127.0.0.0/8"]}
    with server.serving():
        found = PackageSource(work).gather(keys, {})
        (file,) = (entry for entry in found.entries if isinstance(entry, File))
        assert (file.path, file.modified) == ("00001/c", modified)
        assert store.read(file.digest) == b"c"
        for wrong in ({**keys, "allow_sources": []}, {**keys, "items": [{**item, "file": "/no"}]}):
            with pytest.raises(GatherFailed):
                PackageSource(work).gather(wrong, {})
