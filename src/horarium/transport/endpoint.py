"""Where a mail transport listens or delivers, as written in the settings."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from horarium.kernel.errors import InvalidInput

EXPECTED = '"HOST:PORT", "unix:/PATH" or "maildir:PATH"'


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP address: host name or IP address, and port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """True for an address that only this machine can reach."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class Maildir:
    """A folder in Maildir form; a relative path is relative to the site."""

    path: str

    def __str__(self) -> str:
        return f"maildir:{self.path}"


Endpoint = Tcp | UnixSocket | Maildir


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """How mail reaches the mailboxes of persons: by ``lmtp`` or ``smtp`` through an endpoint; a
    Maildir needs neither."""

    protocol: str
    endpoint: Endpoint

    def __str__(self) -> str:
        return f"{self.protocol}:{self.endpoint}" if self.protocol else str(self.endpoint)


def parse_endpoint(text: str) -> Endpoint:
    """What ``text`` names. InvalidInput when it is none of the three forms."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not PurePosixPath(path).is_absolute() or "\0" in path:
            raise InvalidInput("a unix socket needs an absolute path", part="unix:", value=text)
        return UnixSocket(path)
    if text.startswith("maildir:"):
        path = text.removeprefix("maildir:")
        if not path or "\0" in path:
            raise InvalidInput("a maildir needs a path", part="maildir:", value=text)
        return Maildir(path)
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not host.isprintable() or " " in host or not port.isascii():
        raise InvalidInput(f"expected {EXPECTED}", part="endpoint", value=text)
    if not port.isdigit() or not 0 < int(port[:6]) < 65536:
        raise InvalidInput("a port is a number from 1 to 65535", part="port", value=text)
    return Tcp(host, int(port))


def parse_mailboxes(text: str) -> Mailboxes:
    """The way to the mailboxes that ``text`` names: ``lmtp:`` or ``smtp:`` before an endpoint, of
    which the first may be left out, or a Maildir. InvalidInput for anything else."""
    if text.startswith("maildir:"):
        return Mailboxes("", parse_endpoint(text))
    protocol = "smtp" if text.startswith("smtp:") else "lmtp"
    endpoint = parse_endpoint(text.removeprefix(f"{protocol}:"))
    if isinstance(endpoint, Maildir):
        raise InvalidInput("a maildir needs no protocol", part=f"{protocol}:", value=text)
    return Mailboxes(protocol, endpoint)
