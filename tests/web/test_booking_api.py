"""Services, holds and appointments over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from horarium.identity.account import Right, Role
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from tests.office import NOW
from tests.web.test_booking import NINE, OBJECTS
from tests.web.world import Client, World

TEAM = """
[appointer.carl]
hours = ["mon-fri 09:00-11:00"]
[assistant.desk]
appointers = ["ana", "carl"]
"""
BOB = {"name": "Bob", "mail": "Bob@Example.net"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    site = tmp_path / "site"
    site.mkdir()
    with World(site) as made:
        path = tmp_path / "objects.toml"
        path.write_text(OBJECTS + TEAM)
        apply_objects(made.store, read_objects([path]), NOW, prune=False, dry_run=False)
        yield made


def hold(who: Client, start: str = NINE, **more: object) -> dict[str, object]:
    reply = who.post("/api/v1/holds", {"service": "checkup", "start": start, **more})
    assert reply.status == 201, reply.text
    return reply.json  # type: ignore[return-value]


def test_from_the_services_to_a_cancelled_appointment(world: World) -> None:
    who = world.nobody()
    listed = who.get("/api/v1/services").json
    assert [s["id"] for s in listed["services"]] == ["asked", "checkup", "mailed", "rush"]  # type: ignore[index]
    span = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"
    starts = who.get(f"/api/v1/services/checkup/starts?{span}").json["starts"]  # type: ignore[index]
    assert starts[0]["start"] == NINE
    assert {tuple(s["appointers"]) for s in starts} == {()}
    held = hold(who, duration=3600)
    assert (held["state"], held["end"]) == ("held", "2026-11-23T09:00:00Z")
    token = held["token"]
    done = who.post(f"/api/v1/holds/{token}/confirm", BOB)
    assert (done.json["state"], done.json["mail"]) == ("confirmed", "bob@example.net")  # type: ignore[index]
    assert who.post(f"/api/v1/holds/{token}/confirm", BOB).json == done.json
    moved = who.post(f"/api/v1/manage/{token}/move", {"start": "2026-11-24T08:00:00Z"})
    assert moved.json["start"] == "2026-11-24T08:00:00Z"  # type: ignore[index]
    gone = who.post(f"/api/v1/manage/{token}/cancel", {"reason": "ill"})
    assert gone.json["state"] == "cancelled"  # type: ignore[index]
    assert who.post(f"/api/v1/manage/{token}/move", {"start": NINE}).status == 409


def test_a_start_that_is_gone_is_a_problem_with_alternatives(world: World) -> None:
    hold(world.nobody())
    reply = world.nobody().post("/api/v1/holds", {"service": "checkup", "start": NINE})
    assert reply.status == 409
    assert reply.json["code"] == "slot_taken"  # type: ignore[index]
    assert reply.json["alternatives"][0] == "2026-11-23T08:30:00Z"  # type: ignore[index]
    assert "busy" not in reply.text


def test_the_same_request_twice_holds_once_and_tells_the_secret_once(world: World) -> None:
    who = world.nobody()
    body = {"service": "checkup", "start": NINE}
    first = who.post("/api/v1/holds", body, Idempotency_Key="k1")
    again = who.post("/api/v1/holds", body, Idempotency_Key="k1")
    assert (first.status, again.status) == (201, 201)
    assert first.json["id"] == again.json["id"]  # type: ignore[index]
    other = {"service": "checkup", "start": "2026-11-23T08:30:00Z"}
    assert who.post("/api/v1/holds", other, Idempotency_Key="k1").status == 409


def test_a_hold_is_given_up(world: World) -> None:
    who = world.nobody()
    token = hold(who)["token"]
    assert who.ask("DELETE", f"/api/v1/holds/{token}").json["state"] == "released"  # type: ignore[index]
    assert hold(who)["state"] == "held"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"start": NINE}, 400), ({"service": "hidden", "start": NINE}, 404),
     ({"service": "checkup", "start": "2026-11-23T09:00"}, 400),
     ({"service": "checkup", "start": NINE, "duration": 60}, 400),
     ({"service": "checkup", "start": NINE, "duration": "1h"}, 400),
     ({"service": "checkup", "start": NINE, "seats": True}, 400),
     ({"service": "checkup", "start": NINE, "x": 1}, 400)],
)  # fmt: skip
def test_what_is_wrong_holds_nothing(world: World, body: dict[str, object], status: int) -> None:
    assert world.nobody().post("/api/v1/holds", body).status == status
    hold(world.nobody())


def test_staff_hand_out_slots_and_take_them_back(world: World) -> None:
    desk = world.program(Right.DESK, Right.READ)
    first = desk.post("/api/v1/assistants/desk/slots", {"duration": 1800})
    assert (first.status, first.json["appointer"]) == (201, "ana")  # type: ignore[index]
    second = desk.post("/api/v1/assistants/desk/slots", {"duration": 1800})
    assert second.json["appointer"] == "carl"  # type: ignore[index]
    back = {"start": second.json["start"], "duration": 1800}  # type: ignore[index]
    assert desk.post("/api/v1/assistants/desk/pushback", back).json["appointer"] == "carl"  # type: ignore[index]
    assert (
        desk.post("/api/v1/appointers/carl/slots", {"duration": 1800}).json["start"]
        == (  # type: ignore[index]
            second.json["start"]  # type: ignore[index]
        )
    )
    assert desk.post("/api/v1/appointers/carl/slots", {"duration": 86_400}).status == 404
    span = "from=2026-11-22T00:00:00Z&to=2026-11-25T00:00:00Z"
    found = desk.get(f"/api/v1/appointments?{span}").json["appointments"]  # type: ignore[index]
    assert sorted(a["state"] for a in found) == ["cancelled", "confirmed", "confirmed"]
    assert world.nobody().post("/api/v1/appointers/carl/slots", {"duration": 60}).status == 401
    viewer = world.program(Right.READ, role=Role.VIEWER)
    assert viewer.post("/api/v1/appointers/carl/slots", {"duration": 60}).status == 403


def test_staff_ask_why_and_say_what_becomes_of_one(world: World) -> None:
    desk = world.program(Right.DESK, Right.READ)
    who = world.nobody()
    held = hold(who)
    rules = desk.get(f"/api/v1/explain?service=checkup&start={NINE}").json["rules"]  # type: ignore[index]
    assert [r["rule"] for r in rules if r["refuses"]] == ["busy_hold"]
    who.post(f"/api/v1/holds/{held['token']}/confirm", BOB)
    world.clock.set(Instant(NOW + 2 * 86_400))
    done = desk.post(f"/api/v1/appointments/{held['id']}", {"act": "done"})
    assert done.json["state"] == "done"  # type: ignore[index]
    assert desk.post("/api/v1/appointments/nobody", {"act": "done"}).status == 404


def test_the_two_questions_are_answered_for_appointers(world: World) -> None:
    reader = world.program(Right.READ)
    hold(world.nobody())
    span = "from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00Z"
    found = reader.get(f"/api/v1/objects/ana/open?{span}")
    assert found.status == 200, found.text
    assert found.json["open"] == [  # type: ignore[index]
        {"start": "2026-11-23T08:30:00Z", "end": "2026-11-23T10:00:00Z"}
    ]
    assert len(reader.get("/api/v1/objects/ana/next").json["next"]) == 1  # type: ignore[index]
    why = reader.get(f"/api/v1/objects/ana/why?at={NINE}").json
    assert why["verdict"] == "closed"  # type: ignore[index]
