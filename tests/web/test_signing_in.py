"""Signing in and out in a browser, and the link that sets a password."""

from __future__ import annotations

import re

import pytest

from horarium.identity.account import Role
from horarium.identity.record import Kind
from horarium.runtime.links import open_link
from tests.web.world import Client, Reply, World

PASSWORD = "correct horse battery"


def sign_in(client: Client, name: str, password: str, **more: str) -> Reply:
    form = {"csrf": client.get("/login").csrf, "name": name, "password": password, **more}
    return client.send("/login", form)


def test_the_way_in_and_out(world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    ada = world.nobody()
    reply = sign_in(ada, "Ada", PASSWORD)
    assert reply.status == 303
    assert reply.fields["Location"] == "/agenda"
    (session, browser) = reply.cookies
    assert session.startswith("horarium=")
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert browser.startswith("horarium-browser=")
    page = ada.get("/agenda")
    assert page.status == 200
    before = ada.cookie
    out = ada.send("/logout", {"csrf": page.csrf})
    assert out.fields["Location"] == "/login"
    assert "Max-Age=0" in out.cookies[0]
    ada.cookie = before
    assert ada.get("/agenda").status == 303


def test_the_id_is_another_after_signing_in(world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    ada = world.nobody()
    ada.get("/login")
    before = ada.cookie
    sign_in(ada, "ada", PASSWORD)
    assert ada.cookie != before
    stale = Client(world, cookie=before)
    assert stale.get("/agenda").status == 303


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("<b>", "x")]
)
def test_what_was_wrong_is_not_told(name: str, password: str, world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    stranger = world.nobody()
    reply = sign_in(stranger, name, password)
    assert reply.status == 403
    assert "name or password is wrong" in reply.seen
    assert stranger.get("/agenda").status == 303


def test_the_form_needs_a_visitor_of_ours(world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    form = {"name": "ada", "password": PASSWORD}
    assert world.nobody().send("/login", form, Sec_Fetch_Site="same-origin").status == 403


def test_after_many_failures_it_waits(world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    stranger = world.nobody()
    replies = [sign_in(stranger, "ada", "wrong").status for _ in range(6)]
    assert replies == [403, 403, 403, 403, 403, 429]
    waited = sign_in(stranger, "ada", PASSWORD)
    assert waited.status == 429
    assert int(waited.fields["Retry-After"]) >= 1
    world.clock.set(world.clock.now() + 2)
    assert sign_in(stranger, "ada", PASSWORD).status == 303


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/find?from=1", "/find?from=1"),
        ("//evil.example", "/agenda"),
        ("https://evil.example", "/agenda"),
        ("/\\evil.example", "/agenda"),
        ("javascript:alert(1)", "/agenda"),
        ("", "/agenda"),
    ],
)
def test_it_leads_on_to_pages_of_ours_only(wanted: str, led_to: str, world: World) -> None:
    world.account("ada", Role.VIEWER, password=PASSWORD)
    assert sign_in(world.nobody(), "ada", PASSWORD, next=wanted).fields["Location"] == led_to


def test_a_page_that_was_wanted_comes_after_signing_in(world: World) -> None:
    reply = world.nobody().get("/find?capacity=8")
    assert reply.fields["Location"] == "/login?next=/find?capacity%3D8"


def test_somebody_ends_the_sessions_elsewhere(world: World) -> None:
    ada = world.account("ada", Role.VIEWER)
    here, there, third = (world.signed(ada) for _ in range(3))
    stranger = world.role(Role.VIEWER)
    page = here.get("/sessions")
    assert page.seen.count("this one") == 1
    ids = re.findall(r"/sessions/([0-9a-f]{8})/close", page.text)
    assert len(ids) == 2
    form = {"csrf": stranger.get("/sessions").csrf}
    assert stranger.send(f"/sessions/{ids[0]}/close", form).status == 404
    form = {"csrf": page.csrf}
    assert here.send(f"/sessions/{ids[0]}/close", form).status == 303
    assert sorted(c.get("/agenda").status for c in (there, third)) == [200, 303]
    assert here.send("/sessions/others/close", form).status == 303
    assert [c.get("/agenda").status for c in (here, there, third)] == [200, 303, 303]


def test_silence_ends_a_session(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    assert viewer.get("/agenda").status == 200
    world.clock.set(world.clock.now() + world.settings.web.session_idle)
    assert viewer.get("/agenda").status == 303


def test_the_first_password_is_set_by_a_link(world: World) -> None:
    account = world.account("ada", Role.ADMIN)
    now = world.clock.now()
    token = world.store.transact(
        [], lambda tx: open_link(world.keeper, tx, account, Kind.SETUP, "test", now)
    )
    visitor = world.nobody()
    page = visitor.get(f"/setup/{token}")
    assert page.status == 200
    assert "ada" in page.seen
    new = {"password": PASSWORD, "again": PASSWORD}
    assert visitor.send(f"/setup/{token}", {**new, "again": "other"}).status == 400
    assert visitor.send(f"/setup/{token}", {"password": "short", "again": "short"}).status == 400
    assert visitor.send(f"/setup/{token}", new).fields["Location"] == "/login"
    assert visitor.get(f"/setup/{token}").status == 404
    assert visitor.send(f"/setup/{token}", new).status == 404
    assert sign_in(visitor, "ada", PASSWORD).status == 303


def test_a_link_that_is_none_tells_nothing(world: World) -> None:
    assert world.nobody().get("/setup/" + "A" * 43).status == 404
