"""Debian's Postfix, run on the loopback from a folder of its own.

Nothing of the installed configuration, queue or aliases is touched: ``postfix -c DIR`` with a
queue below the test's folder and ports that were free a moment ago.
"""

import contextlib
import email
import email.policy
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

# How long a mail may take through the queue; generous, because machines are shared.
PATIENCE = 30.0

MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.com
mydomain = example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relay_domains =
relayhost =
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = example.com example.org
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = texthash:{root}/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = virtual
transport_maps = texthash:{root}/transport
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
disable_dns_lookups = yes
lmtp_host_lookup = native
maximal_backoff_time = 2s
minimal_backoff_time = 1s
queue_run_delay = 1s
bounce_queue_lifetime = 1h
maximal_queue_lifetime = 1h
in_flow_delay = 0
lmtp_connect_timeout = 5s
lmtp_destination_recipient_limit = 50
notify_classes =
maillog_file = {root}/log/postfix.log
maillog_file_prefixes = {root}
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 1 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
{pipes}"""


def why_not() -> str:
    """Why Postfix cannot be run here, in one line; empty when it can."""
    if not Path("/usr/sbin/postfix").exists():
        return "Debian's postfix is not installed"
    if os.geteuid() != 0:
        return "postfix starts as root only"
    return ""


@dataclass
class Postfix:
    """A running Postfix. ``people`` have mailboxes; ``routes`` say by which transport the mail of
    an address leaves (a line of Postfix's transport table); ``pipes`` are programs by the name of
    their transport."""

    root: Path
    port: int = 0
    people: Sequence[str] = ("organizer@example.com",)
    routes: Mapping[str, str] = field(default_factory=dict)
    pipes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def start(self) -> None:
        """Write the configuration and start."""
        self.port = self.port or free_port()
        self._write_configuration()
        self._postfix("start")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise RuntimeError(f"postfix does not listen: {self.log()}")

    def stop(self) -> None:
        """Stop, and wait until every process of this instance is gone."""
        pid_file = self.root / "queue" / "pid" / "master.pid"
        pid = int(pid_file.read_text()) if pid_file.exists() else 0
        if not pid:
            return
        # All of this instance is one process group, and its queue is thrown away: no farewell.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def submit(self, message: bytes, sender: str, *recipients: str) -> None:
        """Give ``message`` to this Postfix, as a mail program would."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            refused = smtp.sendmail(sender, list(recipients), message)
        assert not refused, refused

    def mailbox(self, person: str) -> list[EmailMessage]:
        """What has arrived for ``person``, oldest first."""
        folder = self.root / "mail" / person / "new"
        paths = sorted(folder.glob("*"), key=lambda p: (p.stat().st_mtime_ns, p.name))
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in paths
        ]

    def wait_for_mail(self, person: str, count: int = 1) -> list[EmailMessage]:
        """The mailbox of ``person`` once it holds ``count`` messages. AssertionError with the
        mail log when they do not come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            arrived = self.mailbox(person)
            if len(arrived) >= count:
                return arrived
            time.sleep(0.05)
        raise AssertionError(f"{person} got {len(self.mailbox(person))} of {count}:\n{self.log()}")

    def wait_until_empty(self) -> None:
        """Return when the queue holds nothing any more."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not self.queued():
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.queued()} messages are still queued:\n{self.log()}")

    def wait_for_log(self, text: str) -> None:
        """Return when the mail log says ``text``."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if text in self.log():
                return
            time.sleep(0.05)
        raise AssertionError(f"the log does not say {text!r}:\n{self.log()}")

    def queued(self) -> int:
        """How many messages are in the queue."""
        queue = self.root / "queue"
        names = ("maildrop", "incoming", "active", "deferred")
        return sum(path.is_file() for name in names for path in (queue / name).rglob("*"))

    def flush(self) -> None:
        """Try everything in the queue again now."""
        self._postfix("flush", check=False)

    def log(self) -> str:
        """The mail log of this instance."""
        path = self.root / "log" / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else "no log"

    def _postfix(self, verb: str, *, check: bool = True) -> None:
        done = subprocess.run(
            ["/usr/sbin/postfix", "-c", str(self.root / "etc"), verb],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"postfix {verb}: {done.stderr}\n{self.log()}")

    def _write_configuration(self) -> None:
        user, group = _mail_user()
        for name in ("etc", "queue", "log"):
            (self.root / name).mkdir(parents=True)
        (self.root / "log").chmod(0o755)
        for name, owner in (("data", "postfix"), ("mail", user)):
            (self.root / name).mkdir()
            shutil.chown(self.root / name, owner)
        uid, gid = pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid
        main = MAIN.format(root=self.root, uid=uid, gid=gid)
        pipes = "".join(
            f"{name} unix - n n - 1 pipe\n"
            f"  user={user}:{group} null_sender=<>\n"
            f"  argv={' '.join(argv)}\n"
            for name, argv in self.pipes.items()
        )
        etc = self.root / "etc"
        (etc / "main.cf").write_text(main)
        (etc / "master.cf").write_text(MASTER.format(port=self.port, pipes=pipes))
        known = {person: f"{person}/" for person in self.people}
        known |= dict.fromkeys(self.routes, "routed")
        (self.root / "mailboxes").write_text("".join(f"{k} {v}\n" for k, v in known.items()))
        routes = "".join(f"{k} {v}\n" for k, v in self.routes.items())
        (self.root / "transport").write_text(routes)


def _mail_user() -> tuple[str, str]:
    """Who owns mailboxes and runs pipe programs: postfix refuses root and its own user."""
    return "nobody", "nogroup"


def _alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """A TCP port of the loopback that is free now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def running(postfix: Postfix) -> Iterator[Postfix]:
    """``postfix``, started, and stopped whatever happens."""
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()
