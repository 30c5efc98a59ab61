"""Text of strangers is text: whatever stands in an invitation, a page shows it and runs nothing."""

from __future__ import annotations

import html

import pytest

from horarium.identity.account import Role
from tests.office import request, vevent
from tests.web.conftest import MICROSCOPE
from tests.web.world import World, tags_of

ROOM = "resource-room-confroom@example.com"
PAYLOADS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg/onload=alert(1)>",
    "<svg><style>*{background:url(//evil.example)}</style></svg>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><button>Accept</button></form>",
    "<div hx-get=/logout hx-trigger=load>",
    "--><!--<b>",
    "&lt;b&gt;&amp;",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\N{LEFT-TO-RIGHT ISOLATE}",
    "a\N{LINE SEPARATOR}b",
)
PAGES = ("/agenda?date=2026-11-24", "/agenda?view=day&date=2026-11-24",
         "/agenda?view=month&date=2026-11-24", f"/resources/{ROOM}?date=2026-11-24",
         "/resources", "/approvals", "/directives", "/feeds",
         "/find?date=2026-11-24&from=09:00&to=10:00")  # fmt: skip

# Every element that a page of ours has.
OURS = {
    "html", "head", "meta", "title", "link", "script", "body", "header", "main", "footer", "nav",
    "aside", "section", "div", "span", "p", "a", "b", "i", "strong", "h1", "h2", "h3", "ol", "ul",
    "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "time", "form",
    "fieldset", "legend", "label", "input", "select", "option", "button", "details", "summary",
    "meter", "img", "br",
}  # fmt: skip


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def invite(world: World, payload: str) -> None:
    for to in (ROOM, MICROSCOPE):
        event = vevent(
            f"{payload.encode().hex()[:60]}-{to}", "2026-11-24 09:00", "2026-11-24 10:00", to=(to,),
            extra=f"LOCATION:{escaped(payload)}\nDESCRIPTION:{escaped(payload)}",
        )  # fmt: skip
        event = event.replace("SUMMARY:Meeting", f"SUMMARY:{escaped(payload)}")
        name = payload.replace('"', "'").replace("\\", "")
        event = event.replace("ORGANIZER:mailto:", f'ORGANIZER;CN="{name}":mailto:')
        world.deliver(
            world.mail(request(event), by="vincent.vole@example.com", to=to), to,
            "vincent.vole@example.com",
        )  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_an_invitation_says_is_shown_and_not_obeyed(payload: str, world: World) -> None:
    admin = world.role(Role.ADMIN)
    invite(world, payload)
    shown = 0
    for page in PAGES:
        text = admin.get(page).text
        for tag, attrs in tags_of(text):
            assert tag in OURS, page
            assert not [name for name in attrs if name.startswith("on")]
            if tag == "script":
                assert str(attrs["src"]).startswith("/static/")
            for name in ("href", "action", "formaction", "src", "hx-get"):
                assert str(attrs.get(name) or "/").startswith(("/", "#", "?"))
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
        shown += (
            html.escape(payload, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
            in text
            or "gnp.exe" in text
        )
    assert shown or "\N{LINE SEPARATOR}" in payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_an_address_asks_for_is_shown_and_not_obeyed(payload: str, world: World) -> None:
    from urllib.parse import quote

    viewer = world.role(Role.VIEWER)
    for path in (
        f"/why?id={quote(payload)}", f"/resources/{quote(payload, safe='')}",
        f"/agenda?id={quote(payload)}&zone={quote(payload)}", f"/find?location={quote(payload)}",
        f"/{quote(payload, safe='')}", f"/agenda?view={quote(payload)}",
    ):  # fmt: skip
        reply = viewer.get(path)
        assert reply.status in (200, 400, 404)
        for tag, attrs in tags_of(reply.text):
            assert tag not in ("iframe", "svg", "base", "object", "embed", "style", "img")
            assert not [name for name in attrs if name.startswith("on")]
            assert tag != "script" or str(attrs["src"]).startswith("/static/")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_feeds_and_pictures_stay_whole(payload: str, world: World) -> None:
    import icalendar

    invite(world, payload)
    admin = world.role(Role.ADMIN)
    page = admin.send("/feeds", {"form": "full", "csrf": admin.get("/feeds").csrf})
    address = page.seen.split("Copy it now:")[1].split()[0]
    feed = world.nobody().get(address.partition(world.host)[2])
    events = list(icalendar.Calendar.from_ical(feed.body).walk("VEVENT"))
    assert len(events) >= 1
    uid = f"{payload.encode().hex()[:60]}-{ROOM}"
    picture = admin.get(f"/why.svg?id={ROOM}&uid={uid}")
    assert picture.status == 200
    assert "<script" not in picture.text
