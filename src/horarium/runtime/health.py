"""How the service is: one finding for each part, each with its remedy."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.letter import mail_date
from horarium.ical.address import parse_address
from horarium.ical.component import Component, serialize
from horarium.ical.writing import address_line, instant_line, text_line, vcalendar
from horarium.identity.password import is_outgrown
from horarium.identity.session import State
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.daemon import running
from horarium.runtime.directive_status import violations_of
from horarium.runtime.directory import Directory, read_directory
from horarium.runtime.naming import task_name
from horarium.runtime.session_rules import session_rules
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.site_functions import site_functions
from horarium.runtime.standing import read_view
from horarium.runtime.sweeping import SWEPT
from horarium.runtime.wiring import outgoing_for
from horarium.store.store import Store
from horarium.transport.endpoint import Endpoint, Tcp, UnixSocket
from horarium.transport.outgoing import Sent

DAY = 86_400
MIN_FREE_BYTES = 1 << 30
LATE_SECONDS = 15 * 60
LARGE_LOG_BYTES = 64 << 20
# The mail system has this long to carry a message round.
ROUND_TRIP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: `ok`, `warn` or `fail`, what was found, and what to do about it."""

    part: str
    state: str
    found: str
    remedy: str = ""


def examine(site: Site, settings: Settings, store: Store, now: Instant) -> Iterator[Finding]:
    """Looks at everything that can be looked at without changing anything."""
    yield from _store(site, store)
    yield from _daemon(site, settings)
    yield from _mails(store, now)
    yield from _directives(store, settings, now)
    yield from _resources(store.read(lambda tx: read_directory(tx, settings)))
    yield from _functions()
    yield from _mailboxes(store, settings)
    yield from _accounts(store, settings, now)
    if not isinstance(settings.mail.smtp, Tcp | UnixSocket):
        yield Finding("smtp", "warn", f"answers go to {settings.mail.smtp}", "set mail.smtp")
    elif not _listens(settings.mail.smtp):
        yield Finding(
            "smtp", "fail", f"nothing listens on {settings.mail.smtp}", "start the mail system"
        )
    else:
        yield Finding("smtp", "ok", f"{settings.mail.smtp} listens")


def ready(site: Site, store: Store, now: Instant) -> Iterator[Finding]:
    """What has to be in order for serving: a look that costs little and reaches out to nobody."""
    yield from _store(site, store)
    yield from _mails(store, now)


def _store(site: Site, store: Store) -> Iterator[Finding]:
    facts = store.facts()
    yield Finding(
        "store", "ok",
        f"SQLite {facts['library']}, schema {facts['schema']}, {facts['bytes']} bytes",
    )  # fmt: skip
    log = int(facts["log_bytes"])
    if log > LARGE_LOG_BYTES:
        yield Finding("store log", "warn", f"{log} bytes", "run horarium upkeep")
    free = shutil.disk_usage(site.state).free
    state = "ok" if free >= MIN_FREE_BYTES else "warn"
    yield Finding("disk", state, f"{free >> 20} MiB free", "" if state == "ok" else "make room")


def _daemon(site: Site, settings: Settings) -> Iterator[Finding]:
    process = running(site)
    if process is None:
        yield Finding("daemon", "warn", "nothing serves this site", "run horarium serve")
        return
    yield Finding("daemon", "ok", f"process {process}")
    if _listens(settings.mail.lmtp):
        yield Finding("lmtp", "ok", f"{settings.mail.lmtp} listens")
    else:
        yield Finding("lmtp", "fail", f"{settings.mail.lmtp} does not listen", "restart the daemon")


def _mails(store: Store, now: Instant) -> Iterator[Finding]:
    counts = store.read(lambda tx: tx.mail.outbox_counts())
    oldest = store.read(lambda tx: tx.mail.oldest_open())
    if counts.get("dead"):
        yield Finding("outbox", "warn", f"{counts['dead']} dead mails", "horarium outbox list")
    waiting = counts.get("pending", 0) + counts.get("sending", 0)
    late = oldest is not None and now - oldest > LATE_SECONDS
    yield Finding(
        "outbox", "warn" if late else "ok", f"{waiting} mails wait",
        "look at horarium outbox list" if late else "",
    )  # fmt: skip
    held = len(store.read(lambda tx: tx.mail.quarantined(1000)))
    if held:
        yield Finding("quarantine", "warn", f"{held} messages", "horarium mail quarantine list")
    for subject, cause, _, text in store.read(lambda tx: tx.mail.notices(10)):
        yield Finding("notice", "warn", f"{subject}: {cause}: {text.strip().splitlines()[-1]}")


def _accounts(store: Store, settings: Settings, now: Instant) -> Iterator[Finding]:
    """Nothing on a site without accounts: mail needs none."""
    accounts = store.read(lambda tx: tx.accounts.all())
    if not accounts:
        return
    if not any(account.is_admin for account in accounts):
        yield Finding(
            "accounts", "warn", "no active admin", "horarium account add NAME --role admin"
        )
    weak = sum(is_outgrown(account.password) for account in accounts)
    if weak:
        found = f"kept with weaker parameters: {weak} passwords; signing in mends it"
        yield Finding("passwords", "warn", found)
    rules = session_rules(settings.web)
    counts = store.read(lambda tx: tx.sessions(rules.idle).count(now))
    open_ = sum(of_kind.get(State.OPEN, 0) for of_kind in counts.values())
    yield Finding("accounts", "ok", f"{len(accounts)} accounts, {open_} open sessions")
    swept = store.read(lambda tx: tx.meta(SWEPT))
    if counts and (swept is None or now - int(swept) > 2 * DAY):
        yield Finding("sessions", "warn", "not swept for two days", "run horarium serve or upkeep")


def _directives(store: Store, settings: Settings, now: Instant) -> Iterator[Finding]:
    try:
        view = read_view(store, settings, now)
        view.lines()
    except HorariumError as error:
        yield Finding("directives", "fail", str(error), "horarium directives check")
        return
    look = "horarium directives status"
    if view.refused is not None:
        found = f"{view.refused.path} is refused; errors: {len(view.refused.problems)}"
        yield Finding("directives", "fail", found, "horarium directives check")
    unserved = [task_name(number) for number in view.unserved()]
    if unserved:
        found = f"nobody works for {', '.join(unserved)}"
        yield Finding("directives", "warn", found, "run horarium serve")
    violations, undecided = violations_of(store, view)
    if violations or undecided:
        found = undecided or f"not as demanded in the last day: {len(violations)}"
        yield Finding("directives", "warn", found, "horarium verify-firings")
    since = Instant(now - DAY)
    failed = sum(
        rows
        for state, _, rows, _ in store.read(lambda tx: tx.firings.counts(since, Instant(now + 1)))
        if state in ("failed", "unknown")
    )
    if failed:
        yield Finding("directives", "warn", f"failed runs of the last day: {failed}", look)
    if not (view.refused or unserved or violations or undecided or failed):
        yield Finding("directives", "ok", f"{len(view.timers)} entries stand")


def _resources(directory: Directory) -> Iterator[Finding]:
    broken = [user for user in directory.users if user.resource.fault]
    for user in broken:
        yield Finding(
            user.kind, "fail", f"{user.uri}: {user.resource.fault}", "horarium check says where"
        )
    yield Finding("resources", "ok", f"{len(directory.users) - len(broken)} in order")


def _functions() -> Iterator[Finding]:
    """The deciders of the site's own code, where it has some."""
    for function in site_functions().values():
        place = f"{function.name}: {function.place}"
        if function.fault:
            remedy = "mend or remove the package; until then who names it declines"
            yield Finding("function", "fail", f"{place}: {function.fault}", remedy)
        else:
            yield Finding("function", "ok", place)


def _mailboxes(store: Store, settings: Settings) -> Iterator[Finding]:
    """Whether there is a way into the mailboxes, where there are persons."""
    way = settings.mail.local_delivery
    if not store.read(lambda tx: read_directory(tx, settings)).persons:
        return
    if way is None:
        found = "there is no way into the mailboxes of persons: their mail is kept"
        yield Finding("mailboxes", "fail", found, "set mail.local_delivery")
    elif isinstance(way.endpoint, Tcp | UnixSocket) and not _listens(way.endpoint):
        yield Finding("mailboxes", "fail", f"nothing listens on {way}", "start the mail system")
    else:
        yield Finding("mailboxes", "ok", str(way))


def _listens(endpoint: Endpoint) -> bool:
    try:
        if isinstance(endpoint, UnixSocket):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(2)
                probe.connect(endpoint.path)
        elif isinstance(endpoint, Tcp):
            socket.create_connection((endpoint.host, endpoint.port), 2).close()
    except OSError:
        return False
    return True


async def round_trip(
    site: Site, settings: Settings, store: Store, clock: Clock, sender: str, resource: str
) -> Finding:
    """Asks `resource` for its free/busy by mail, through the mail system and back; nothing is
    booked. `sender` is the address whose mail it is."""
    now = clock.now()
    uid = f"doctor-{now}-{clock.monotonic():.6f}@{sender.rpartition('@')[2]}"
    outgoing = outgoing_for(site, settings)
    result = await outgoing.send(sender, resource, _question(uid, sender, resource, now))
    await outgoing.close()
    if not isinstance(result, Sent):
        return Finding("mail", "fail", f"not sent: {result.text}", "look at the mail system's log")
    deadline = clock.monotonic() + ROUND_TRIP_SECONDS
    while clock.monotonic() < deadline:
        answers = await asyncio.to_thread(store.read, lambda tx: tx.mail.answers_to(uid))
        if "sent" in answers:
            return Finding("mail", "ok", f"{resource} was asked by mail and its answer has left")
        if "dead" in answers:
            return Finding("mail", "fail", "the answer was refused", "horarium outbox list")
        await clock.sleep(0.2)
    stage = "the question did not arrive" if not answers else "the answer has not left"
    return Finding("mail", "fail", stage, "look at the mail system's log and its transport map")


def _question(uid: str, sender: str, resource: str, now: Instant) -> bytes:
    component = Component(
        "VFREEBUSY",
        [
            text_line("UID", uid),
            instant_line("DTSTAMP", now),
            instant_line("DTSTART", now),
            instant_line("DTEND", Instant(now + 86_400)),
            address_line("ORGANIZER", parse_address(sender)),
            address_line("ATTENDEE", parse_address(resource)),
        ],
    )
    calendar = serialize(vcalendar("REQUEST", [component])).decode("utf-8")
    head = {
        "From": f"<{sender}>",
        "To": f"<{resource}>",
        "Subject": "horarium doctor",
        "Date": mail_date(now),
        "Message-ID": f"<{uid}>",
        "MIME-Version": "1.0",
        "Content-Type": "text/calendar; method=REQUEST; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return (fields + "\r\n" + calendar).encode("utf-8")
