"""Which routes there are, what each needs, and who therefore gets in."""

from __future__ import annotations

import re

import pytest

from horarium.identity.account import Right, Role
from horarium.web.access import Access
from horarium.web.application import ROUTES
from horarium.web.routing import Route, Style
from tests.web.world import Client, World

# Whoever is not signed in may ask for these, and for nothing else.
OPEN_TO_ALL = {
    "GET /livez", "GET /static/{digest}/{name}", "GET /favicon.ico", "GET /", "GET /login",
    "POST /login", "GET /setup/{token}", "POST /setup/{token}", "GET /feed/{secret}.ics",
    "GET /api/openapi.json", "GET /api/v1/openapi.json",
    "GET /forgotten", "POST /forgotten",
    "GET /book", "GET /book/{service}", "POST /book/{service}/hold", "GET /book/hold/{token}",
    "POST /book/hold/{token}", "POST /book/hold/{token}/release", "GET /a/{token}",
    "POST /a/{token}/cancel", "GET /a/{token}/move", "POST /a/{token}/move",
    "GET /a/verify/{secret}", "POST /a/verify/{secret}",
    "GET /api/v1/services", "GET /api/v1/services/{id}/starts", "POST /api/v1/holds",
    "GET /api/v1/holds/{token}", "DELETE /api/v1/holds/{token}",
    "POST /api/v1/holds/{token}/confirm", "GET /api/v1/manage/{token}",
    "POST /api/v1/manage/{token}/cancel", "POST /api/v1/manage/{token}/move",
    "POST /book/{service}/wait",
    "POST /api/v1/waitlist", "DELETE /api/v1/waitlist/{token}",
    "GET /a/waiting/{token}", "POST /a/waiting/{token}",
}  # fmt: skip
ROOM = "resource-room-confroom@example.com"
NAMED = {"id": ROOM, "name": "heat", "token": "x", "verdict": "accept", "secret": "x",
         "act": "cancel", "digest": "x"}  # fmt: skip


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def path(route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: NAMED[match[1]], route.path)


def test_each_route_names_what_it_needs() -> None:
    without = [name(route) for route in ROUTES if not isinstance(route.needs, Access | Right)]
    assert without == []


def test_only_these_are_open_to_all() -> None:
    found = {name(route) for route in ROUTES if route.needs in (Access.ANYBODY, Access.SECRET)}
    assert found == OPEN_TO_ALL


def test_no_route_stands_twice() -> None:
    names = [name(route) for route in ROUTES]
    assert len(names) == len(set(names))


GUARDED = [r for r in ROUTES if r.needs not in (Access.ANYBODY, Access.SECRET)]


@pytest.mark.parametrize("route", GUARDED, ids=name)
def test_nobody_gets_in_without_signing_in(route: Route, world: World) -> None:
    if route.needs is Access.THIS_MACHINE:
        reply = world.nobody().ask(route.method, path(route), X_Forwarded_For="192.0.2.7")
        assert reply.status == 404
        return
    kind = "application/json" if route.style is Style.API else "application/x-www-form-urlencoded"
    body = b"" if route.method == "GET" else b"{}" if route.style is Style.API else b"a=b"
    reply = world.nobody().ask(route.method, path(route), body, Content_Type=kind)
    if route.style is Style.API:
        assert reply.status == 401
        assert reply.fields["WWW-Authenticate"].startswith("Bearer")
    else:
        assert reply.status == 303
        assert reply.fields["Location"].startswith("/login")


def statuses(client: Client) -> dict[str, int]:
    wanted = ("/agenda", "/resources", "/find", "/approvals", "/directives", "/feeds")
    return {path: client.get(path).status for path in wanted}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OPERATOR, Role.VIEWER])
def test_who_may_read_sees_all_pages(role: Role, world: World) -> None:
    assert set(statuses(world.role(role)).values()) == {200}


def test_who_may_read_nothing_sees_no_page(world: World) -> None:
    assert set(statuses(world.signed(world.account("nobody-yet"))).values()) == {403}


def test_a_viewer_does_not_decide(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    token = viewer.get("/feeds").csrf
    assert viewer.send("/approvals/x/accept", {"csrf": token}).status == 403


def test_who_is_tied_to_a_person_sees_that_person_only(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    paul = world.signed(world.account("paul", person="paul.boddie@example.com"))
    assert "Meeting" not in paul.get("/agenda?date=2026-11-24").seen
    assert paul.get("/resources/paul.boddie@example.com").status == 200
    hidden, absent = paul.get(f"/resources/{ROOM}"), paul.get("/resources/none@example.com")
    assert hidden.status == absent.status == 404
    assert hidden.seen.replace(ROOM, "?") == absent.seen.replace("none@example.com", "?")
    assert paul.get("/directives").status == 403
    assert paul.get("/api/v1/quotas").status == 403
    assert paul.get(f"/why?id={ROOM}").status == 404
    assert [r["id"] for r in paul.get("/api/v1/resources").json["resources"]] == [  # type: ignore[index]
        "paul.boddie@example.com"
    ]


def test_a_manager_sees_the_resources_named(world: World) -> None:
    manager = world.role(Role.OPERATOR, resources=(ROOM,))
    assert manager.get(f"/resources/{ROOM}").status == 200
    assert manager.get("/resources/resource-room-sauna@example.com").status == 404


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_this_machine_may_look_at_its_probes(path: str, world: World) -> None:
    assert world.nobody().get(path).status == 200
    assert world.role(Role.VIEWER).get(path, X_Forwarded_For="192.0.2.7").status == 200


def test_a_token_may_do_what_its_scopes_name(world: World) -> None:
    reader = world.program(Right.READ)
    assert reader.get("/api/v1/agenda").status == 200
    assert reader.post("/api/v1/approvals/x", {"accept": True}).status == 403
    assert world.program(Right.DESK).get("/api/v1/agenda").status == 403
    # A token is for the interface, not for pages.
    assert reader.get("/agenda").status == 303
