"""The composition root: puts settings, store, agent and transports together."""

from __future__ import annotations

from pathlib import Path

from horarium.identity.ports import PasswordHasher
from horarium.kernel.errors import InvalidInput, NotFound, Unavailable
from horarium.runtime.clock import Clock
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.passwords import BoundedPasswords
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store, Transaction
from horarium.transport.endpoint import Maildir
from horarium.transport.lmtp_client import LmtpTransport
from horarium.transport.maildir import MaildirTransport
from horarium.transport.outgoing import Outgoing
from horarium.transport.smtp import SmtpTransport


def open_store(site: Site, settings: Settings, clock: Clock, *, create: bool = True) -> Store:
    """The store of a site, its schema brought up to date. Raises Unavailable when it can not be
    had now, NotFound when there is none and `create` is not wanted."""
    if settings.store.url is not None:
        raise InvalidInput(
            "store.url names a database server, which this version can not use; leave it unset"
        )
    database = site.database
    if not database.exists():
        if not create:
            raise NotFound(f"{database} does not exist; horarium apply makes it")
        _make_state(site)
    engine = EmbeddedEngine(database, allow_network=settings.store.allow_network_filesystem)
    engine.migrate(clock.now())
    return Store(engine)


def open_agent(site: Site, settings: Settings, clock: Clock) -> MailAgent:
    """The mail agent of a site, for one message or for a daemon."""
    store = open_store(site, settings, clock)
    return MailAgent(store, settings, Publisher(store, site.freebusy))


def open_keeper(
    site: Site, settings: Settings, clock: Clock, *, create: bool = True
) -> SessionKeeper:
    """What keeps the sessions of a site; see `open_store`."""
    store = open_store(site, settings, clock, create=create)
    return SessionKeeper(store, session_rules(settings.web))


def password_hasher() -> PasswordHasher:
    """What computes and checks passwords, a few at once."""
    return BoundedPasswords(SystemSecrets())


def _make_state(site: Site) -> None:
    try:
        _make_private(site.state)
    except OSError as error:
        raise Unavailable(f"{site.state}: {error.strerror}") from error


def _make_private(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)


def outgoing_for(site: Site, settings: Settings) -> Outgoing:
    """The transport by which mails leave: SMTP, or a Maildir for trying out."""
    endpoint = settings.mail.smtp
    if isinstance(endpoint, Maildir):
        return MaildirTransport(site.path(endpoint.path))
    return SmtpTransport(endpoint)


def mailboxes_for(site: Site, settings: Settings) -> Outgoing | None:
    """The transport into the mailboxes of persons; None where none is set."""
    way = settings.mail.local_delivery
    if way is None:
        return None
    if isinstance(way.endpoint, Maildir):
        return MaildirTransport(site.path(way.endpoint.path))
    return (SmtpTransport if way.protocol == "smtp" else LmtpTransport)(way.endpoint)


__all__ = [
    "Store",
    "Transaction", "mailboxes_for", "open_agent", "open_keeper", "open_store", "outgoing_for",
    "password_hasher",
]  # fmt: skip
