"""Gathers files from FTP and FTPS servers (RFC 959, RFC 3659, RFC 4217)."""

from __future__ import annotations

import calendar
import ftplib
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from horarium.distribution.content import LONGEST, Blob
from horarium.distribution.gathering import Gathered, GatherFailed
from horarium.distribution.globs import Globs
from horarium.distribution.manifest import Directory, Entry, File, Link
from horarium.distribution.manifest_check import MOST_ENTRIES
from horarium.distribution.paths import path_fault
from horarium.kernel.errors import NotFound
from horarium.transport.addresses import AddressRules
from horarium.transport.gathering import Gathering

SILENCE = 60.0
"""Seconds in which a server says nothing at all."""

FILE_MODE, FOLDER_MODE = 0o644, 0o755
"""A server tells no permissions that mean something here."""

_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?")
_SLINK = "os.unix=slink"


class FtpSource:
    """The type ``ftp``: see `horarium.distribution.gathering.Source`."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """See `Source`."""
        rules = AddressRules(keys.get("allow_sources", ()))
        servers = keys.get("servers") or [keys]
        found: dict[str, Entry] = {}
        for server in servers:
            tree = _Tree(self._gathering, server, keys)
            for entry in tree.gather(rules):
                other = found.get(entry.path)
                if other is not None and not (
                    isinstance(other, Directory) and isinstance(entry, Directory)
                ):
                    raise GatherFailed("path", entry.path, "comes from two servers")
                found[entry.path] = entry
        return Gathered(tuple(found.values()))


@dataclass(frozen=True, slots=True)
class _Item:
    """One line of a listing."""

    name: str
    facts: Mapping[str, str]


class _Tree:
    """What one server holds below its source."""

    def __init__(
        self, gathering: Gathering, server: Mapping[str, Any], keys: Mapping[str, Any]
    ) -> None:
        self._gathering = gathering
        self._source = str(server["source"]).rstrip("/") or "/"
        self._server = FtpServer(gathering, server)
        self._exclude = Globs(keys.get("exclude", ()))
        self._keep_links = keys.get("links", "refuse") == "keep"
        self._count = 0

    def gather(self, rules: AddressRules) -> list[Entry]:
        """All entries, files kept."""
        with self._server.connected(rules, self._source) as ftp:
            return list(self._folder(ftp, self._source, ""))

    def _folder(self, ftp: ftplib.FTP, folder: str, prefix: str) -> Iterator[Entry]:
        self._gathering.go_on()
        for item in self._listing(ftp, folder):
            path = prefix + item.name
            if "/" in item.name or path_fault(path):
                text = path_fault(path) or "has a slash in its name"
                raise GatherFailed("path", self._server.place(folder), f"{path[:200]!r} {text}")
            if self._exclude.match(path):
                continue
            self._count += 1
            if self._count > MOST_ENTRIES:
                raise GatherFailed("too_large", self._server.place(folder), "has too many entries")
            yield from self._entry(ftp, f"{folder.rstrip('/')}/{item.name}", path, item.facts)

    def _entry(
        self, ftp: ftplib.FTP, place: str, path: str, facts: Mapping[str, str]
    ) -> Iterator[Entry]:
        kind = facts.get("type", "").lower()
        if kind == "dir":
            yield Directory(path, FOLDER_MODE)
            yield from self._folder(ftp, place, path + "/")
        elif kind == "file":
            self._gathering.go_on()
            pieces = self._server.content(ftp, place)
            blob = self._gathering.keep(pieces, self._server.place(place), LONGEST)
            stated = facts.get("size", "")
            if self._server.binary and stated.isdigit() and int(stated) != blob.length:
                text = f"has {blob.length} octets, the server says {stated}"
                raise GatherFailed("source_changing", self._server.place(place), text)
            modified = _seconds(facts.get("modify", ""))
            yield File(path, FILE_MODE, blob.length, modified, blob.digest)
        elif kind.startswith(_SLINK):
            if not self._keep_links:
                text = "is a symbolic link, and links are refused"
                raise GatherFailed("links", self._server.place(place), text)
            yield Link(path, facts["type"].partition(":")[2])
        else:
            raise GatherFailed("kind", self._server.place(place), f"is of kind {kind[:40]!r}")

    def _listing(self, ftp: ftplib.FTP, folder: str) -> list[_Item]:
        try:
            found = [_Item(name, facts) for name, facts in ftp.mlsd(folder)]
        except ftplib.error_perm as error:
            if not str(error).startswith(("500", "502")):
                raise
            return list(self._older_listing(ftp, folder))
        unseen = ("cdir", "pdir")
        kept = (item for item in found if item.facts.get("type", "").lower() not in unseen)
        return sorted(kept, key=lambda item: item.name)

    def _older_listing(self, ftp: ftplib.FTP, folder: str) -> Iterator[_Item]:
        """What a server before RFC 3659 tells: names, and what happens when one enters them."""
        for line in sorted(ftp.nlst(folder)):
            name = line.rstrip("/").rpartition("/")[2]
            if name in (".", "..", ""):
                continue
            place = f"{folder.rstrip('/')}/{name}"
            try:
                ftp.cwd(place)
            except ftplib.error_perm:
                yield _Item(name, {"type": "file"})
            else:
                ftp.cwd("/")
                yield _Item(name, {"type": "dir"})


class FtpServer:
    """One server as a definition names it."""

    def __init__(self, gathering: Gathering, keys: Mapping[str, Any]) -> None:
        self._gathering = gathering
        self._keys = keys
        self._host = str(keys["host"]).strip("[]")
        self._port = int(keys.get("port", 21))
        self.binary = bool(keys.get("binary", True))

    @contextmanager
    def connected(self, rules: AddressRules, path: str) -> Iterator[ftplib.FTP]:
        """A connection for a path, signed in. GatherFailed when it can not be had, and when it
        breaks."""
        try:
            with closing(self._connection(rules)) as ftp:
                yield ftp
                with suppress(*ftplib.all_errors):
                    ftp.quit()
        except ftplib.all_errors as error:
            raise GatherFailed("unreachable", self.place(path), str(error)[:200]) from None

    def fetch(self, path: str, rules: AddressRules) -> tuple[Blob, int]:
        """Keeps one file; when it was modified, in seconds since 1970, 0 when the server does not
        say. GatherFailed."""
        with self.connected(rules, path) as ftp:
            modified = 0
            with suppress(ftplib.error_perm):
                modified = _seconds(ftp.voidcmd(f"MDTM {path}").partition(" ")[2])
            blob = self._gathering.keep(self.content(ftp, path), self.place(path), LONGEST)
        return blob, modified

    def _connection(self, rules: AddressRules) -> ftplib.FTP:
        ftp = _Secure() if self._keys.get("tls", False) else _Plain()
        ftp.reach(self._host, self._address(rules))
        user = str(self._keys.get("user", "anonymous"))
        ftp.login(user, self._password(user))
        if isinstance(ftp, _Secure):
            ftp.prot_p()
        return ftp

    def _password(self, user: str) -> str:
        reference = self._keys.get("password")
        if reference is None:
            return "anonymous@" if user == "anonymous" else ""
        try:
            return self._gathering.secret(str(reference))
        except NotFound as error:
            raise GatherFailed("secret", self._host, error.message) from None

    def _address(self, rules: AddressRules) -> tuple[str, int]:
        """The first address of the host that may be fetched from."""
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        for *_, address in found:
            if rules.permits(self._host, str(address[0])):
                return str(address[0]), self._port
        raise GatherFailed("refused", self._host, "is at no public address")

    def content(self, ftp: ftplib.FTP, place: str) -> Iterator[bytes]:
        """The octets of a file."""
        ftp.voidcmd("TYPE I" if self.binary else "TYPE A")
        waiting = b""
        with ftp.transfercmd(f"RETR {place}") as connection:
            while piece := connection.recv(self._gathering.pace.piece):
                if self.binary:
                    yield piece
                    continue
                # A text comes with the ends of lines of the network (RFC 959 section 3.1.1.1).
                waiting += piece
                held = b"\r" if waiting.endswith(b"\r") else b""
                yield waiting[: len(waiting) - len(held)].replace(b"\r\n", b"\n")
                waiting = held
            if waiting:
                yield waiting
            if isinstance(connection, ssl.SSLSocket):
                with suppress(OSError):
                    connection.unwrap()
        ftp.voidresp()

    def place(self, path: str) -> str:
        """A path at this server, for people."""
        return f"ftp://{self._host}{path}"


class _Plain(ftplib.FTP):
    """A connection to an address that was judged, whatever its name resolves to next time."""

    def reach(self, host: str, address: tuple[str, int]) -> None:
        """Connects and reads the greeting."""
        self.host, self.timeout = host, SILENCE
        self.sock = socket.create_connection(address, SILENCE)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()


class _Secure(ftplib.FTP_TLS):
    """The same, with TLS for commands and contents; the certificate must be that of the host."""

    def __init__(self) -> None:
        super().__init__(context=ssl.create_default_context())

    def reach(self, host: str, address: tuple[str, int]) -> None:
        """Connects and reads the greeting."""
        _Plain.reach(self, host, address)  # type: ignore[arg-type]


def _seconds(stamp: str) -> int:
    """A time of RFC 3659 as seconds since 1970, 0 for none."""
    found = _STAMP.fullmatch(stamp)
    if found is None:
        return 0
    return calendar.timegm(tuple(int(part) for part in found.groups()[:6]))
