"""The link by which a client leaves the waiting list."""

from __future__ import annotations

import re

from horarium.appointments.appointment import Client
from horarium.appointments.waiting import Entry
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.desk import Desk
from horarium.runtime.entropy import SystemSecrets
from horarium.store.directory import Setting
from horarium.store.store import Transaction
from tests.web.world import World


def declare(tx: Transaction) -> None:
    for owner, name, value in (("appointer:ana", "zone", '"UTC"'), ("service:talk", "by", '"ana"')):
        tx.directory.put(Setting(owner, name, value, None, ""))
    tx.directory.raise_version()


def test_the_link_asks_first_and_ends_the_waiting_once(world: World) -> None:
    world.store.transact([], declare)
    desk = Desk(world.store, world.settings, SystemSecrets().random)
    now = world.clock.now()
    spans = (Period(now, Instant(now + 86_400)),)
    client = Client("Bob", "bob@example.net")
    listed = desk.wait(Entry("", "talk", client, spans, now), now)
    bob = world.nobody()
    page = bob.get(f"/a/waiting/{listed.token}")
    assert page.status == 200
    assert len(desk.waiting()) == 1
    done = bob.send(f"/a/waiting/{listed.token}", {}, Sec_Fetch_Site="same-origin")
    assert done.status == 200
    assert "You wait no more" in done.seen
    assert desk.waiting() == []
    assert re.search(r"no-store", done.fields["Cache-Control"])


def test_a_link_that_leads_nowhere(world: World) -> None:
    bob = world.nobody()
    assert bob.send("/a/waiting/x", {}, Sec_Fetch_Site="same-origin").status == 404
