"""Feeds: addresses under which calendar programs read the agenda, or when somebody is busy.

The secret in the address is told once and kept as its digest. A feed shows what its account may see
when it is read, and nothing from the moment on when it was revoked or the account disabled.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from horarium.booking.publishing import shared_window
from horarium.ical.address import parse_address
from horarium.ical.component import serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.freebusy import write_freebusy
from horarium.ical.writing import address_line, text_line, vcalendar
from horarium.identity.account import Account, Right, Verdict, may
from horarium.identity.ports import Secrets
from horarium.identity.written import SECRET_LENGTH, SECRET_OCTETS, base64url, digest_of
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.agenda import agenda, calendar_events
from horarium.runtime.generating import busy_of, site_at
from horarium.runtime.questions import find_object, shown
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import shown_times
from horarium.store.feeds import Feed
from horarium.store.store import Store, Transaction

DAY = 86_400
FORMS = ("busy", "full")
MOST_FEEDS = 50
# What a feed of the agenda shows: since when, and how far ahead.
BEHIND, AHEAD = 14 * DAY, 92 * DAY
LONGEST_WINDOW = 366 * DAY
# How often a calendar program should look again (RFC 7986 5.7).
REFRESH = "PT1H"


@dataclass(frozen=True, slots=True)
class FeedContent:
    """What a feed says now: an iCalendar object and a tag that changes with what it says."""

    content: bytes
    tag: str
    form: str


def add_feed(
    store: Store, settings: Settings, account: Account, thing: str, form: str, now: Instant,
    secrets: Secrets,
) -> tuple[str, Feed]:  # fmt: skip
    """A new feed for an account: its secret, told this once, and what is kept. InvalidInput for a
    form that there is not; NotFound for an object that there is not or that the account may not
    see; Conflict when it has MOST_FEEDS."""
    if form not in FORMS:
        raise InvalidInput(
            f"form: expected busy or full, not {form[:40]}", part="form", value=form[:40]
        )
    if form == "busy" and not thing:
        raise InvalidInput("free/busy is of one object: name it", part="thing")
    secret = base64url(secrets.random(SECRET_OCTETS))

    def work(tx: Transaction) -> Feed:
        name = _name_of(tx, settings, thing, now) if thing else ""
        _require(account, name)
        if len(tx.feeds.of_account(account.id)) >= MOST_FEEDS:
            raise Conflict(f"there are {MOST_FEEDS} feeds already; revoke one")
        feed = Feed(digest_of(secret), account.id, name, form, now)
        tx.feeds.add(feed)
        return feed

    return secret, store.transact([], work)


def feeds_of(store: Store, account: Account) -> list[Feed]:
    """The feeds of an account."""
    return store.read(lambda tx: tx.feeds.of_account(account.id))


def revoke_feed(store: Store, account: Account, id8: str) -> None:
    """Ends a feed of an account, named by the first digits of its digest. NotFound."""

    def work(tx: Transaction) -> None:
        of_account = tx.feeds.of_account(account.id)
        found = [f for f in of_account if len(id8) >= 8 and f.digest.startswith(id8)]
        if len(found) != 1:
            raise NotFound(f"there is no feed {id8[:64]}")
        tx.feeds.drop(found[0].digest)

    store.transact([], work)


def read_feed(
    store: Store, settings: Settings, secret: str, now: Instant, within: Period | None = None
) -> FeedContent:
    """What the feed of a secret says now, of free/busy in the period `within`. NotFound for a
    secret that is none, was revoked, or whose account may not see it any more; nobody learns
    which."""
    unknown = NotFound("there is no such feed")
    if len(secret) != SECRET_LENGTH:
        raise unknown
    if within is not None and within.end - within.start > LONGEST_WINDOW:
        raise InvalidInput("to: at most 366 days after from", part="to")

    def find(tx: Transaction) -> tuple[Feed, Account]:
        feed = tx.feeds.find(digest_of(secret))
        name = tx.feeds.account_name(feed.account) if feed is not None else None
        account = tx.accounts.find(name) if name is not None else None
        if feed is None or account is None or not account.active:
            raise unknown
        _require(account, feed.thing)
        return feed, account

    feed, account = store.read(find)
    if feed.last_used != now // DAY:
        store.transact([], lambda tx: tx.feeds.used(feed.digest, now // DAY))
    if feed.form == "busy":
        return _busy(store, settings, feed, now, within)
    return _events(store, settings, feed, account, now)


def _require(account: Account, thing: str) -> None:
    """Who sees only some objects may have a feed of the agenda, which then shows these."""
    things = (thing,) if thing else (None, *account.resources, account.person, account.host)
    if not any(may(account, Right.READ, one) is Verdict.ALLOWED for one in things if one != ""):
        raise NotFound(f"there is no object {thing}" if thing else "there is nothing to be seen")


def _busy(
    store: Store, settings: Settings, feed: Feed, now: Instant, within: Period | None
) -> FeedContent:
    def work(tx: Transaction) -> FeedContent:
        uid, organizer, window, busy = _times_of(tx, settings, feed.thing, now, within)
        component = write_freebusy(
            uid=uid, dtstamp=now, start=window.start, end=window.end, busy=busy,
            organizer=organizer,
        )  # fmt: skip
        content = serialize(vcalendar("PUBLISH", [component]))
        facts = {kind: [(p.start, p.end) for p in periods] for kind, periods in busy.items()}
        return FeedContent(content, _tag(feed, (window, sorted(facts.items()))), feed.form)

    return store.read(work)


def _name_of(tx: Transaction, settings: Settings, thing: str, now: Instant) -> str:
    """The name of what a feed may be of: a calendar user, or an appointer. NotFound."""
    if thing in site_at(tx, settings, now).offers.hosts:
        return thing
    return shown(find_object(tx, settings, thing))


def _times_of(
    tx: Transaction, settings: Settings, thing: str, now: Instant, within: Period | None
) -> tuple[str, ContentLine, Period, dict[str, PeriodSet]]:
    """Whose times a feed shows: UID, organizer, the window, and when it is busy by FBTYPE."""
    today = Instant(now // DAY * DAY)
    site = site_at(tx, settings, now)
    host = site.offers.hosts.get(thing)
    if host is None:
        user = find_object(tx, settings, thing)
        window = within or shared_window(user.resource, today)
        organizer = address_line("ORGANIZER", parse_address(shown(user)))
        return user.uri, organizer, window, shown_times(tx, user, window, now)
    window = within or Period(today, Instant(today + AHEAD))
    who = f"mailto:{host.mail}" if host.mail else f"urn:x-horarium:appointer:{host.id}"
    organizer = ContentLine.of("ORGANIZER", who, {"CN": host.title})
    shut = host.hours.open_between(window.start, window.end).gaps(window)
    busy = {"BUSY": busy_of(site, host, window), "BUSY-UNAVAILABLE": shut}
    return f"appointer:{host.id}", organizer, window, busy


def _events(
    store: Store, settings: Settings, feed: Feed, account: Account, now: Instant
) -> FeedContent:
    day = now // DAY * DAY
    within = Period(Instant(day - BEHIND), Instant(day + AHEAD))
    entries = [
        entry
        for entry in agenda(store, settings, within, now)
        if feed.thing in ("", entry.id) and may(account, Right.READ, entry.id) is Verdict.ALLOWED
    ]
    calendar = vcalendar("PUBLISH", calendar_events(entries, now))
    named = f"horarium: {feed.thing}" if feed.thing else "horarium"
    calendar.properties.extend(
        [
            text_line("NAME", named),
            text_line("X-WR-CALNAME", named),
            ContentLine.of("REFRESH-INTERVAL", REFRESH, {"VALUE": "DURATION"}),
            ContentLine("X-PUBLISHED-TTL", (), REFRESH),
        ]
    )
    return FeedContent(serialize(calendar), _tag(feed, entries), feed.form)


def _tag(feed: Feed, facts: object) -> str:
    # DTSTAMP is of each reading, so the tag is of what is told and not of its text.
    return sha256(f"{feed.digest}{facts!r}".encode()).hexdigest()[:32]
