"""The HTTP interface: the same answers as the commands, problems, tags, pages of lists, keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from horarium.cli.entry import main
from horarium.identity.account import Right, Role
from horarium.kernel.instant import format_instant
from horarium.kernel.period import Period
from horarium.runtime.bookings import busy_of
from tests.office import NOW, oslo
from tests.web.conftest import MICROSCOPE
from tests.web.world import Client, World

ROOM, SAUNA = "resource-room-confroom@example.com", "resource-room-sauna@example.com"
TUESDAY = "from=2026-11-23T23:00:00Z&to=2026-11-24T23:00:00Z"


@pytest.fixture
def program(world: World) -> Client:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00", uid="one@example.com")
    world.invite("2026-11-24 09:30", "2026-11-24 11:00", uid="two@example.com")
    return world.program(Right.READ, Right.BOOKINGS)


def answer(client: Client, path: str) -> Any:
    reply = client.get(path)
    assert reply.status == 200, reply.text
    assert reply.fields["Content-Type"].startswith("application/json")
    return reply.json


def test_what_is_open(program: Client) -> None:
    found = answer(program, f"/api/v1/objects/{ROOM}/open?{TUESDAY}")
    assert found == {
        "id": ROOM,
        "kind": "resource",
        "open": [
            {"start": "2026-11-23T23:00:00Z", "end": "2026-11-24T08:00:00Z"},
            {"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T23:00:00Z"},
        ],
    }


def test_what_is_next(program: Client) -> None:
    found = answer(program, f"/api/v1/objects/{ROOM}/next?count=3")
    assert found["next"] == [
        {
            "at": "2026-11-24T08:00:00Z",
            "end": "2026-11-24T09:00:00Z",
            "what": "Meeting, vincent.vole@example.com",
        }
    ]


def test_why(program: Client) -> None:
    refused = answer(program, f"/api/v1/objects/{ROOM}/why?uid=two@example.com")
    assert refused["verdict"] == "DECLINED"
    assert any(step["reason"] == "conflict" for step in refused["steps"])
    closed = answer(program, f"/api/v1/objects/{ROOM}/why?at=2026-11-24T08:30:00Z")
    assert closed["verdict"] == "closed"
    quota = answer(program, "/api/v1/objects/heat/why")
    assert quota["verdict"] in ("open", "closed")


def test_every_object_answers_the_two_questions_and_the_reason(program: Client) -> None:
    objects = answer(program, "/api/v1/objects")["objects"]
    assert {o["kind"] for o in objects} >= {"resource", "person", "quota"}
    for thing in objects:
        for question in ("open", "next", "why"):
            answer(program, f"/api/v1/objects/{thing['id']}/{question}")


def test_the_agenda_is_that_of_the_command(program: Client, world: World) -> None:
    found = answer(program, f"/api/v1/agenda?{TUESDAY}&kind=booking")
    _, held = busy_of(
        world.store, world.settings, ROOM,
        Period(oslo("2026-11-24 00:00"), oslo("2026-11-25 00:00")), NOW,
    )  # fmt: skip
    assert [(e["start"], e["id"], e["what"]) for e in found["entries"]] == [
        (format_instant(item.event.start), ROOM, "Meeting") for item in held
    ]


def test_the_documents_are_those_of_the_commands(
    world: World, program: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.site.root / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    for words, path in (
        (["open", ROOM, "--from", "2026-11-24", "--to", "2026-11-25"],
         f"/api/v1/objects/{ROOM}/open?{TUESDAY}"),
        (["next", ROOM, "--count", "3"], f"/api/v1/objects/{ROOM}/next?count=3"),
        (["why", ROOM, "two@example.com"], f"/api/v1/objects/{ROOM}/why?uid=two@example.com"),
    ):  # fmt: skip
        head = ["--site", str(world.site.root), "--json", "--now", format_instant(NOW)]
        assert main([*head, *words]) == 0
        assert json.loads(capsys.readouterr().out) == answer(program, path)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        (f"/api/v1/objects/{ROOM}/open?from=2026-11-24", "from"),
        (f"/api/v1/objects/{ROOM}/open?from=2026-11-24T10:00:00", "from"),
        (f"/api/v1/objects/{ROOM}/open?from=2026-11-24T10:00:00Z&to=2026-11-24T10:00:00Z", "to"),
        (f"/api/v1/objects/{ROOM}/open?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        (f"/api/v1/objects/{ROOM}/next?count=0", "count"),
        (f"/api/v1/objects/{ROOM}/next?count=1001", "count"),
        (f"/api/v1/objects/{ROOM}/next?count=x", "count"),
        (f"/api/v1/objects/{ROOM}/next?many=3", "many"),
        (f"/api/v1/objects/{ROOM}/next?count=1&count=2", "count"),
        (f"/api/v1/objects/{ROOM}/why?uid=x&at=2026-11-24T10:00:00Z", "uid"),
        ("/api/v1/agenda?kind=party", "kind"),
        ("/api/v1/agenda?limit=501", "limit"),
        ("/api/v1/agenda?cursor=x", "cursor"),
        ("/api/v1/find?capacity=0", "capacity"),
        ("/api/v1/find?organizer=nobody", ""),
    ],
)  # fmt: skip
def test_bad_input_is_a_problem_with_its_place(path: str, part: str, program: Client) -> None:
    reply = program.get(path)
    assert reply.status == 400
    assert reply.fields["Content-Type"].startswith("application/problem+json")
    problem = reply.json
    assert isinstance(problem, dict)
    assert problem["status"] == 400
    assert problem["instance"] == path.partition("?")[0]
    if part:
        assert problem["errors"][0]["parameter"] == part


def test_an_offset_counts(program: Client) -> None:
    there = answer(
        program,
        f"/api/v1/objects/{ROOM}/open?from=2026-11-24T00:00:00%2B01:00&to=2026-11-25T00:00:00%2B01:00",
    )
    assert there == answer(program, f"/api/v1/objects/{ROOM}/open?{TUESDAY}")


def test_what_says_the_same_is_not_sent_again(program: Client, world: World) -> None:
    path = f"/api/v1/agenda?{TUESDAY}"
    first = program.get(path)
    tag = first.fields["ETag"]
    assert first.fields["Cache-Control"] == "private, no-cache"
    again = program.get(path, If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    world.invite("2026-11-24 14:00", "2026-11-24 15:00")
    assert program.get(path, If_None_Match=tag).status == 200


def test_a_list_goes_on_where_it_ended_whatever_comes_between(
    program: Client, world: World
) -> None:
    for hour in (11, 12, 13, 14, 15):
        world.invite(f"2026-11-24 {hour}:00", f"2026-11-24 {hour + 1}:00")
    path = f"/api/v1/agenda?{TUESDAY}&kind=booking&limit=2"
    seen, cursor = [], ""
    while True:
        page = answer(program, path + (f"&cursor={cursor}" if cursor else ""))
        seen += [entry["start"] for entry in page["entries"]]
        assert len(page["entries"]) <= 2
        if len(seen) == 2:
            # Before where we are, and after it.
            world.invite("2026-11-24 08:00", "2026-11-24 09:00")
            world.invite("2026-11-24 17:00", "2026-11-24 18:00")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    hours = [int(start[11:13]) + 1 for start in seen]
    assert hours == [9, 11, 12, 13, 14, 15, 17]


def test_find(program: Client) -> None:
    found = answer(
        program, "/api/v1/find?from=2026-11-24T08:00:00Z&to=2026-11-24T09:00:00Z&feature=projector"
    )
    assert found["free"] == []
    reasons = {o["id"]: [s["reason"] for s in o["against"]] for o in found["others"]}
    assert reasons[ROOM] == ["conflict"]
    assert "features" in reasons[SAUNA]


def test_decisions(program: Client) -> None:
    every = answer(program, "/api/v1/decisions")["decisions"]
    assert [(d["uid"], d["outcome"]) for d in every] == [
        ("two@example.com", "DECLINED"),
        ("one@example.com", "ACCEPTED"),
    ]
    of_one = answer(program, f"/api/v1/decisions?uid=one@example.com&resource={ROOM}")
    assert len(of_one["decisions"]) == 1
    assert answer(program, f"/api/v1/decisions?resource={SAUNA}")["decisions"] == []
    assert program.get("/api/v1/decisions?uid=none").status == 404


def test_a_word_under_a_key_is_said_once(program: Client, world: World) -> None:
    world.want("2026-11-26 09:00", "2026-11-26 10:00", to=MICROSCOPE)
    (item,) = answer(program, "/api/v1/approvals")["requests"]
    path = f"/api/v1/approvals/{item['id']}"
    yes = {"accept": True, "comment": "welcome"}
    first = program.post(path, yes, Idempotency_Key="k-1")
    assert (first.status, first.json) == (200, {"id": item["id"], "accepted": True})
    again = program.post(path, yes, Idempotency_Key="k-1")
    assert (again.status, again.json) == (first.status, first.json)
    assert again.fields["Idempotency-Replayed"] == "true"
    assert world.woken == 1
    other = program.post(path, {"accept": False}, Idempotency_Key="k-1")
    assert other.status == 409
    late = program.post(path, yes, Idempotency_Key="k-2")
    assert late.status == 409
    assert late.json["code"] == "conflict"  # type: ignore[index]
    # What failed was not done, so its key can be used again.
    assert program.post(path, yes, Idempotency_Key="k-2").status == 409


def test_a_key_is_of_its_caller(world: World) -> None:
    one, other = world.program(Right.READ), world.program(Right.READ)
    made = [
        client.post("/api/v1/feeds", {"form": "full"}, Idempotency_Key="same").json["id"]  # type: ignore[index]
        for client in (one, other)
    ]
    assert made[0] != made[1]


def test_a_key_stands_for_a_day(world: World) -> None:
    program = world.program(Right.READ)
    wish = {"form": "full"}
    first = program.post("/api/v1/feeds", wish, Idempotency_Key="k").json["id"]  # type: ignore[index]
    world.clock.set(world.clock.now() + 86_401)
    second = program.post("/api/v1/feeds", wish, Idempotency_Key="k").json["id"]  # type: ignore[index]
    assert first != second


@pytest.mark.parametrize(
    "body",
    [{}, {"accept": "yes"}, {"accept": 1}, {"accept": True, "more": 1}, {"accept": None},
     {"accept": True, "comment": 5}, {"accept": True, "comment": "x" * 401}],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused(body: object, program: Client) -> None:
    assert program.post("/api/v1/approvals/x", body).status == 400


def test_sessions(world: World) -> None:
    ada = world.account("ada", Role.VIEWER)
    here, there = world.signed(ada), world.signed(ada)
    admin, stranger = world.role(Role.ADMIN), world.role(Role.VIEWER)
    mine = answer(here, "/api/v1/session")
    assert mine["user"] == "ada"
    assert mine["roles"] == ["viewer"]
    assert 0 < mine["remaining"] <= world.settings.web.max_age
    listed = answer(here, "/api/v1/sessions")["sessions"]
    assert [s["user"] for s in listed] == ["ada", "ada"]
    assert sum(s["current"] for s in listed) == 1
    assert len(answer(admin, "/api/v1/sessions")["sessions"]) == 4
    other = next(s["id"] for s in listed if not s["current"])
    token = {"X_CSRF_Token": answer(stranger, "/api/v1/session")["csrf"]}
    assert stranger.ask("DELETE", f"/api/v1/sessions/{other}", **token).status == 404
    token = {"X_CSRF_Token": mine["csrf"]}
    assert here.ask("DELETE", f"/api/v1/sessions/{other}", **token).status == 204
    assert there.get("/api/v1/session").status == 401
    assert here.ask("DELETE", "/api/v1/session", **token).status == 204
    assert here.get("/api/v1/session").status == 401


def test_quotas_and_directives(program: Client) -> None:
    (quota,) = answer(program, "/api/v1/quotas")["quotas"]
    assert quota["name"] == "heat"
    assert quota["resources"] == [SAUNA]
    assert answer(program, "/api/v1/quotas/heat")["usage"] == []
    assert program.get("/api/v1/quotas/none").status == 404
    assert answer(program, "/api/v1/directives")["well"] in (True, False)
