"""A wire between two nodes that can be listened at, spoilt and cut: what was asked for over it, and
how many octets came back."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ASKED = re.compile(
    rb"GET /d/1/content/(sha256)/([0-9a-f]{64}) [^\n]*\r\n(?:[^\r\n]+\r\n)*?Range: bytes=(\d+)-"
)
_METADATA = re.compile(rb"GET /d/1/meta/(\S+) ")
_HELD = 16_384
"""Octets on their way inside the tap."""


class Tap:
    """Passes connections on to a port of the loopback. Requests are only seen without TLS."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.asked: list[tuple[str, int]] = []
        """Contents that were asked for, and from which octet on."""
        self.metadata: list[str] = []
        """Metadata that were asked for, by name."""
        self.up = 0
        """Octets that went there."""
        self.down = 0
        """Octets that came back."""
        self.spoil: Callable[[bytes], bytes] = lambda octets: octets
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def offsets(self, digest: str) -> list[int]:
        """From where on a content was asked for, in order."""
        return [start for found, start in self.asked if found == digest.removeprefix("sha256:")]

    def cut(self) -> None:
        """Ends all connections at once."""
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """Ends it."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket()
                for end in (near, far):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _HELD)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD)
                try:
                    far.connect(("127.0.0.1", self._to))
                except OSError:
                    near.close()
                    continue
                self._pairs.append((near, far))
                threading.Thread(target=self._upward, args=(near, far), daemon=True).start()
                threading.Thread(target=self._downward, args=(far, near), daemon=True).start()

    def _upward(self, source: socket.socket, target: socket.socket) -> None:
        def look(octets: bytes) -> bytes:
            self.up += len(octets)
            self.asked += [(m[2].decode(), int(m[3])) for m in _ASKED.finditer(octets)]
            self.metadata += [m[1].decode() for m in _METADATA.finditer(octets)]
            return octets

        _pass_on(source, target, look)

    def _downward(self, source: socket.socket, target: socket.socket) -> None:
        def look(octets: bytes) -> bytes:
            self.down += len(octets)
            return self.spoil(octets)

        _pass_on(source, target, look)


def _pass_on(source: socket.socket, target: socket.socket, look: Callable[[bytes], bytes]) -> None:
    with suppress(OSError):
        while octets := source.recv(_HELD):
            target.sendall(look(octets))
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def tapped(port: int) -> Iterator[Tap]:
    """A tap before a port, ended with the block."""
    tap = Tap(port)
    try:
        yield tap
    finally:
        tap.close()
