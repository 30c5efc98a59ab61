"""What stands before every page and behind it: host, form, size, headers."""

from __future__ import annotations

import contextlib
import http.client
import socket

import pytest

from horarium.identity.account import Right, Role
from horarium.web.guard import MOST_BODY
from tests.web.world import World

CSP = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


@pytest.mark.parametrize(
    "path", ["/agenda", "/login", "/none", "/api/v1/agenda", "/livez", "/api/none", "/why?id=x"]
)
def test_every_answer_has_the_headers(path: str, world: World) -> None:
    for client in (world.nobody(), world.role(Role.VIEWER)):
        reply = client.get(path)
        assert reply.fields["Content-Security-Policy"] == CSP
        assert reply.fields["X-Content-Type-Options"] == "nosniff"
        assert reply.fields["Referrer-Policy"] == "no-referrer"
        assert reply.fields["Server"] == "horarium"
        assert reply.fields["Cache-Control"] in ("no-store", "private, no-cache")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "127.0.0.1:1"])
def test_a_host_that_is_not_listed_is_refused(host: str, world: World) -> None:
    reply = world.nobody().get("/login", Host=host)
    assert reply.status == 400
    assert reply.cookies == ()


def test_a_form_needs_its_token(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    token = viewer.get("/feeds").csrf
    form = {"thing": "", "form": "full"}
    assert viewer.send("/feeds", form).status == 403
    assert viewer.send("/feeds", {**form, "csrf": token[:-3] + "AAA"}).status == 403
    assert viewer.send("/feeds", {**form, "csrf": token}).status == 201
    assert viewer.send("/feeds", form, Sec_Fetch_Site="same-origin").status == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
    ],
)
def test_a_form_of_another_site_is_refused_with_its_token(
    fields: dict[str, str], world: World
) -> None:
    viewer = world.role(Role.VIEWER)
    token = viewer.get("/feeds").csrf
    form = {"thing": "", "form": "full", "csrf": token}
    refused = viewer.send("/feeds", form, **fields)
    assert refused.status == 403
    assert "cross_site" in refused.seen


def test_a_token_of_another_session_is_refused(world: World) -> None:
    one, other = world.role(Role.VIEWER), world.role(Role.VIEWER)
    form = {"thing": "", "form": "full", "csrf": other.get("/feeds").csrf}
    assert one.send("/feeds", form).status == 403


def test_the_interface_takes_the_token_in_a_header(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    token = str(viewer.get("/api/v1/session").json["csrf"])  # type: ignore[index]
    wish = {"form": "full"}
    assert viewer.post("/api/v1/feeds", wish).status == 403
    assert viewer.post("/api/v1/feeds", wish, X_CSRF_Token=token).status == 201


def test_a_cookie_and_a_token_together_are_refused(world: World) -> None:
    both = world.program(Right.READ)
    both.cookie = world.role(Role.VIEWER).cookie
    reply = both.get("/api/v1/agenda")
    assert reply.status == 400
    assert reply.json["code"] == "two_identities"  # type: ignore[index]


def test_a_wrong_token_is_nobody(world: World) -> None:
    stranger = world.nobody()
    stranger.token = "hz_" + "A" * 43
    assert stranger.get("/api/v1/agenda").status == 401


def test_a_dead_session_is_taken_from_the_browser(world: World) -> None:
    stranger = world.nobody()
    stranger.cookie = "horarium=" + "A" * 43
    reply = stranger.get("/agenda")
    assert reply.status == 303
    assert any("Max-Age=0" in cookie for cookie in reply.cookies)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(method: str, world: World) -> None:
    reply = world.role(Role.ADMIN).ask(method, "/agenda")
    assert reply.status in (403, 405)
    bearer = world.program(Right.READ).ask(method, "/api/v1/agenda")
    assert bearer.status == 405
    assert bearer.fields["Allow"] == "GET,HEAD"


def test_a_large_body_is_not_read(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    form = {"thing": "x" * MOST_BODY, "form": "full", "csrf": viewer.get("/feeds").csrf}
    assert viewer.send("/feeds", form).status == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/xml"])
def test_a_page_reads_forms_only(kind: str, world: World) -> None:
    assert world.nobody().send("/login", {"name": "x"}, Content_Type=kind).status == 415


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_the_interface_reads_json_only(kind: str, world: World) -> None:
    program = world.program(Right.READ)
    assert program.post("/api/v1/feeds", {"form": "full"}, Content_Type=kind).status == 415


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"form":"full","form":"busy"}', b"null", b"\xff"])
def test_json_that_is_none_is_refused(body: bytes, world: World) -> None:
    reply = world.program(Right.READ).ask(
        "POST", "/api/v1/feeds", body, Content_Type="application/json"
    )
    assert reply.status == 400
    assert reply.fields["Content-Type"].startswith("application/problem+json")


def test_head_says_what_get_says_without_the_body(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    reply = viewer.ask("HEAD", "/agenda")
    assert reply.status == 200
    assert reply.body == b""


def test_a_fault_of_ours_tells_nothing_of_its_cause(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of /var/lib")

    monkeypatch.setattr("horarium.web.pages.directives.status_of", broken)
    reply = world.role(Role.VIEWER).get("/directives")
    assert reply.status == 500
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text


def test_a_proxy_that_is_not_listed_is_not_believed(world: World) -> None:
    stranger = world.nobody()
    stranger.get("/login", X_Forwarded_For="192.0.2.7")
    rows = world.store.read(lambda tx: list(tx.sessions({}).all()))
    assert [kept.source for kept in rows] == ["127.0.0.1"]


def test_a_path_that_climbs_leads_nowhere(world: World) -> None:
    for path in ("/static/x/../../etc/passwd", "/static/x/..%2f..%2fetc%2fpasswd", "/static/x/x"):
        assert world.nobody().get(path).status == 404


def test_what_is_no_request_is_answered_with_the_headers(world: World) -> None:
    for data in (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", b"NONSENSE\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", world.port), 30) as peer:
            peer.sendall(data)
            said = b"".join(iter(lambda peer=peer: peer.recv(65_536), b""))
        assert b" 400 Bad Request\r\n" in said[:40]
        assert b"x-content-type-options: nosniff" in said.lower()
        assert b"xxx" not in said
        assert b"NONSENSE" not in said


def test_who_is_slow_to_ask_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("horarium.web.connection.HEAD_SECONDS", 0.1)
    for begun in (b"", b"GET /livez HTTP/1.1\r\nHost:"):
        with socket.create_connection(("127.0.0.1", world.port), 30) as peer:
            peer.sendall(begun)
            with contextlib.suppress(ConnectionResetError):
                assert peer.recv(100) == b""
    assert world.nobody().get("/livez").status == 200


def test_several_requests_go_over_one_connection(world: World) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/livez", headers={"Host": world.host})
        assert connection.getresponse().read() == b"ok\n"
    connection.close()
