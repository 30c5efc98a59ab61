"""Lets a pipe of the mail system run our program although its user may not.

Postfix runs pipe programs as an unprivileged user, who on a developer's machine can often read
neither the virtual environment nor the test's site. So the pipe runs a few lines of the system's
Python, which pass arguments and message to this process; this process runs the program as itself
and passes its status back. What the program is given is what Postfix gave.
"""

import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = """\
import json, socket, sys
data = sys.stdin.buffer.read()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({path!r})
    header = json.dumps([sys.argv[1:], len(data)]).encode() + b"\\n"
    connection.sendall(header + data)
    status, said = json.loads(connection.makefile("rb").read())
sys.stderr.write(said)
sys.exit(status)
"""


@dataclass(frozen=True)
class Call:
    """One run of the program: its arguments, and how it ended."""

    arguments: tuple[str, ...]
    status: int
    stderr: str
    stdout: bytes


@dataclass
class Relay:
    """Runs ``program`` for each call of the pipe ``argv``."""

    program: Sequence[str]
    argv: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def answer(self, connection: socket.socket) -> None:
        """Serve one call."""
        with connection, connection.makefile("rb") as stream:
            arguments, size = json.loads(stream.readline())
            done = subprocess.run(
                [*self.program, *arguments],
                input=stream.read(size),
                capture_output=True,
                check=False,
                timeout=120,
            )
            said = done.stderr.decode("utf-8", "replace")
            self.calls.append(Call(tuple(arguments), done.returncode, said, done.stdout))
            connection.sendall(json.dumps([done.returncode, said]).encode())


@contextmanager
def relaying(program: Sequence[str]) -> Iterator[Relay]:
    """A relay for ``program``; put its ``argv``, followed by the arguments, into a pipe."""
    relay = Relay(program)
    with (
        tempfile.TemporaryDirectory(prefix="hm-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        Path(folder).chmod(0o755)
        path = f"{folder}/relay.sock"
        script = Path(folder) / "relay.py"
        script.write_text(SCRIPT.format(path=path))
        script.chmod(0o644)
        listener.bind(path)
        Path(path).chmod(0o666)
        listener.listen()
        relay.argv = ["/usr/bin/env", "python3", str(script)]

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                relay.answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)
