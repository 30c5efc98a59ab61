"""Feeds: who may make one, what it tells, and its end."""

from __future__ import annotations

import icalendar
import pytest

from horarium.identity.account import Right, Role, Status
from horarium.runtime.accounts import set_status
from tests.web.world import Client, World

ROOM, PAUL = "resource-room-confroom@example.com", "paul.boddie@example.com"


def make(client: Client, thing: str = "", form: str = "full") -> str:
    """Makes a feed; its path."""
    page = client.send("/feeds", {"thing": thing, "form": form, "csrf": client.get("/feeds").csrf})
    assert page.status == 201, page.seen
    return "/feed/" + page.seen.split("/feed/")[1].split()[0]


def titles(world: World, path: str) -> list[str]:
    reply = world.nobody().get(path)
    assert reply.status == 200
    assert reply.fields["Content-Type"] == "text/calendar; charset=utf-8"
    assert reply.fields["Cache-Control"].startswith("private")
    events = icalendar.Calendar.from_ical(reply.body).walk("VEVENT")
    return sorted(str(event["SUMMARY"]) for event in events)


def test_a_feed_of_the_agenda(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    path = make(world.role(Role.VIEWER))
    assert f"Meeting ({ROOM})" in titles(world, path)
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in world.nobody().get(path).body


def test_a_feed_of_one_object(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    world.invite("2026-11-24 15:00", "2026-11-24 16:00", to="resource-room-sauna@example.com")
    assert titles(world, make(world.role(Role.VIEWER), ROOM)) == [f"Meeting ({ROOM})"]


def test_free_busy_tells_times_and_nothing_else(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00", by="vincent.vole@example.com")
    path = make(world.role(Role.VIEWER), ROOM, "busy")
    body = world.nobody().get(f"{path}?from=2026-11-24&to=2026-11-25").body
    (component,) = icalendar.Calendar.from_ical(body).walk("VFREEBUSY")
    assert "20261124T080000Z/20261124T090000Z" in body.decode()
    assert b"Meeting" not in body
    assert b"vincent" not in body
    assert component["DTSTART"].dt.isoformat() == "2026-11-23T23:00:00+00:00"


@pytest.mark.parametrize(
    "query", ["from=2026-11-25&to=2026-11-24", "from=x", "from=2020-01-01&to=2026-01-01"]
)
def test_a_window_that_is_none_is_refused(query: str, world: World) -> None:
    path = make(world.role(Role.VIEWER), ROOM, "busy")
    assert world.nobody().get(f"{path}?{query}").status == 400


def test_what_says_the_same_is_not_sent_again(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    path = make(world.role(Role.VIEWER), ROOM)
    tag = world.nobody().get(path).fields["ETag"]
    again = world.nobody().get(path, If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    world.clock.set(world.clock.now() + 60)
    assert world.nobody().get(path, If_None_Match=tag).status == 304
    world.invite("2026-11-24 11:00", "2026-11-24 12:00")
    assert world.nobody().get(path, If_None_Match=tag).status == 200


def test_a_revoked_feed_is_gone(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    path = make(viewer)
    page = viewer.get("/feeds")
    id8 = page.text.split("/feeds/")[1].split("/revoke")[0]
    other = world.role(Role.VIEWER)
    token = other.get("/feeds").csrf
    assert other.send(f"/feeds/{id8}/revoke", {"csrf": token}).status == 404
    assert world.nobody().get(path).status == 200
    assert viewer.send(f"/feeds/{id8}/revoke", {"csrf": page.csrf}).status == 303
    assert world.nobody().get(path).status == 404


def test_a_feed_tells_what_its_account_may_see_now(world: World) -> None:
    account = world.account("ada", Role.VIEWER)
    path = make(world.signed(account), ROOM)
    assert world.nobody().get(path).status == 200
    set_status(world.keeper, "ada", Status.DISABLED, "test", world.clock.now())
    assert world.nobody().get(path).status == 404


def test_who_sees_one_object_gets_a_feed_of_it_only(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    paul = world.signed(world.account("paul", person=PAUL))
    assert titles(world, make(paul)) == []
    token = paul.get("/feeds").csrf
    assert paul.send("/feeds", {"thing": ROOM, "form": "full", "csrf": token}).status == 404
    assert world.nobody().get(make(paul, PAUL, "busy")).status == 200


@pytest.mark.parametrize("secret", ["x", "A" * 43, "A" * 300, "..%2f..%2fetc"])
def test_a_secret_that_is_none_tells_nothing(secret: str, world: World) -> None:
    assert world.nobody().get(f"/feed/{secret}.ics").status == 404


@pytest.mark.parametrize(
    ("thing", "form"), [("", "busy"), (ROOM, "all"), ("none@example.com", "full")]
)
def test_what_can_not_be_a_feed(thing: str, form: str, world: World) -> None:
    viewer = world.role(Role.VIEWER)
    token = viewer.get("/feeds").csrf
    reply = viewer.send("/feeds", {"thing": thing, "form": form, "csrf": token})
    assert reply.status in (400, 404)


def test_over_the_interface(world: World) -> None:
    program = world.program(Right.READ)
    made = program.post("/api/v1/feeds", {"thing": ROOM, "form": "full"}, Idempotency_Key="k1")
    assert made.status == 201
    document = made.json
    assert isinstance(document, dict)
    path = str(document["url"]).partition(world.host)[2]
    assert world.nobody().get(path).status == 200
    again = program.post("/api/v1/feeds", {"thing": ROOM, "form": "full"}, Idempotency_Key="k1")
    assert again.status == 201
    assert again.fields["Idempotency-Replayed"] == "true"
    assert again.json == {**document, "url": None}  # the secret is kept nowhere
    listed = program.get("/api/v1/feeds").json["feeds"]  # type: ignore[index]
    assert [feed["id"] for feed in listed] == [document["id"]]
    assert program.ask("DELETE", f"/api/v1/feeds/{document['id']}").status == 204
    assert world.nobody().get(path).status == 404


def test_the_store_holds_no_secret(world: World) -> None:
    path = make(world.role(Role.VIEWER))
    secret = path.removeprefix("/feed/").removesuffix(".ics")
    held = world.site.database.read_bytes() + (
        world.site.database.with_name("horarium.db-wal").read_bytes()
    )
    assert secret.encode() not in held
