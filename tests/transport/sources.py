"""What sources gather into, and a small FTP server, for tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from horarium.kernel.instant import instant
from horarium.transport.content import ContentStore
from horarium.transport.gathering import Gathering
from horarium.transport.notes import FileNotes

LATER = instant(4_000_000_000)


class CountingStore(ContentStore):
    """A store that counts what was put into it."""

    puts = 0

    def put(self, pieces):  # type: ignore[no-untyped-def]
        self.puts += 1
        return super().put(pieces)


def gathering(folder: Path) -> tuple[Gathering, CountingStore]:
    """A gathering into a store below a folder, long after all files were written."""
    store = CountingStore(folder / "store")
    return Gathering(store, FileNotes(folder / "notes"), LATER), store


class FtpServer:
    """Files by path over FTP on the loopback, one connection at a time. A path that ends with a
    slash is a folder, a text a link."""

    def __init__(self, files: Mapping[str, bytes | str | None], *, old: bool = False) -> None:
        self.files = files
        self.old = old
        self.logins: list[str] = []
        self.address = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    @contextmanager
    def serving(self) -> Iterator[FtpServer]:
        """Serves while the block runs."""
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with (
                    connection,
                    connection.makefile("rw", newline="\r\n") as line,
                    suppress(OSError),
                ):
                    self._talk(line)

    def _talk(self, line) -> None:  # type: ignore[no-untyped-def]
        def say(text: str) -> None:
            line.write(text + "\n")
            line.flush()

        data: socket.socket | None = None
        say("220 here")
        for command in line:
            word, _, rest = command.strip().partition(" ")
            match word.upper():
                case "USER":
                    self.logins.append(rest)
                    say("331 and?")
                case "PASS":
                    self.logins.append(rest)
                    say("230 in" if rest != "wrong" else "530 no")
                case "TYPE":
                    say("200 yes")
                case "PASV":
                    data = socket.create_server(("127.0.0.1", 0))
                    port = data.getsockname()[1]
                    # The address that is told is another one: it must not be used.
                    say(f"227 (10,9,8,7,{port >> 8},{port & 255})")
                case "EPSV":
                    data = socket.create_server(("127.0.0.1", 0))
                    say(f"229 (|||{data.getsockname()[1]}|)")
                case "MDTM" if not self.old and rest in self.files:
                    say("213 20260301120000")
                case "MLSD" if self.old:
                    say("500 what?")
                case "MLSD" | "NLST" | "RETR":
                    assert data is not None
                    self._give(say, data, word.upper(), rest)
                case "CWD":
                    say("250 there" if rest == "/" or f"{rest}/" in self.files else "550 no")
                case "QUIT":
                    say("221 out")
                    return
                case _:
                    say("502 no")

    def _give(self, say, data: socket.socket, word: str, path: str) -> None:  # type: ignore[no-untyped-def]
        content = self.files.get(path)
        folder = path.rstrip("/") + "/"
        if word == "RETR" and not isinstance(content, bytes):
            say("550 no such file")
            return
        say("150 here it comes")
        connection, _ = data.accept()
        with connection:
            if word == "RETR":
                assert isinstance(content, bytes)
                connection.sendall(content)
            else:
                for name in sorted(self._names(folder)):
                    connection.sendall(f"{self._line(word, folder, name)}\r\n".encode())
        data.close()
        say("226 that was it")

    def _names(self, folder: str) -> set[str]:
        inside = (path.removeprefix(folder) for path in self.files if path.startswith(folder))
        return {rest.partition("/")[0] for rest in inside if rest}

    def _line(self, word: str, folder: str, name: str) -> str:
        if word == "NLST":
            return folder + name
        content = self.files.get(folder + name)
        if isinstance(content, bytes):
            return f"type=file;size={len(content)};modify=20260301120000; {name}"
        if isinstance(content, str):
            return f"type=OS.unix=slink:{content}; {name}"
        return f"type=dir; {name}"
