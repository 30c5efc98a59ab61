"""The link by which a client leaves the waiting list."""

from __future__ import annotations

import re

from horarium.appointments.appointment import Client
from horarium.appointments.waiting import Entry
from horarium.identity.account import Right, Role
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


def publish(world: World) -> Desk:
    world.store.transact([], declare)

    def work(tx: Transaction) -> None:
        tx.directory.put(Setting("service:talk", "published", "true", None, ""))
        tx.directory.put(Setting("appointer:ana", "blocked_days", '["sun", "mon"]', None, ""))
        tx.directory.raise_version()

    world.store.transact([], work)
    return Desk(world.store, world.settings, SystemSecrets().random)


FORM = {"name": "Bob", "mail": "Bob@example.net", "date": "2026-11-23", "host": "", "duration": ""}
OURS = {"Sec_Fetch_Site": "same-origin"}


def test_on_a_full_day_a_visitor_can_wait_for_it(world: World) -> None:
    desk, bob = publish(world), world.nobody()
    page = bob.get("/book/talk?date=2026-11-23")
    assert "No time is free on this day" in page.seen
    assert 'action="/book/talk/wait"' in page.text
    for _ in range(2):
        # The second time nobody is told that the address is on the list already.
        done = bob.send("/book/talk/wait", FORM, **OURS)
        assert (done.status, "You will be told by mail" in done.seen) == (200, True)
    [entry] = desk.waiting()
    assert (entry.client.name, entry.client.mail) == ("Bob", "bob@example.net")
    [span] = entry.spans
    assert span.seconds == 86_400
    assert span.start == 1_795_388_400


def test_what_nobody_can_wait_for_on_the_page(world: World) -> None:
    desk, bob = publish(world), world.nobody()
    for wrong in ({"mail": "nobody"}, {"date": "tomorrow"}, {"name": ""}, {"host": "zoe"},
                  {"date": "2020-01-01"}, {"duration": "77"}):  # fmt: skip
        assert bob.send("/book/talk/wait", {**FORM, **wrong}, **OURS).status == 400
    assert bob.send("/book/none/wait", FORM, **OURS).status == 404
    filled = bob.send("/book/talk/wait", {**FORM, "website": "x"}, **OURS)
    assert filled.status == 200
    assert desk.waiting() == []


def test_over_http(world: World) -> None:
    publish(world)
    bob, staff = world.nobody(), world.program(Right.READ, Right.DESK, role=Role.OPERATOR)
    body = {
        "service": "talk", "name": "Bob", "mail": "bob@example.net",
        "start": "2026-11-23T00:00:00+01:00", "end": "2026-11-24T00:00:00+01:00",
    }  # fmt: skip
    made = bob.post("/api/v1/waitlist", body)
    assert made.status == 201, made.text
    token = made.json["token"]  # type: ignore[index]
    assert bob.get("/api/v1/waitlist").status == 401
    listed = staff.get("/api/v1/waitlist").json
    assert [entry["mail"] for entry in listed["waiting"]] == ["bob@example.net"]  # type: ignore[index]
    assert bob.post("/api/v1/waitlist", {**body, "service": "none"}).status == 404
    gone = bob.ask("DELETE", f"/api/v1/waitlist/{token}")
    assert gone.json["ended"] == "withdrawn"  # type: ignore[index]
    assert staff.get("/api/v1/waitlist").json["waiting"] == []  # type: ignore[index]
