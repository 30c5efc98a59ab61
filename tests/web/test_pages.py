"""What the pages tell, of a world where things are booked, asked for and refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from horarium.identity.account import Role
from horarium.runtime.activation import bring_in, bring_in_upkeep
from tests.web.conftest import MICROSCOPE
from tests.web.world import Client, World, tags_of

ROOM, SAUNA = "resource-room-confroom@example.com", "resource-room-sauna@example.com"
PAUL = "paul.boddie@example.com"
# What a page may weigh, and what it loads beside it: the sheet and the script.
MOST_PAGE, MOST_BESIDE = 100_000, 100_000


def links(page: str) -> list[str]:
    return [str(attrs["href"]) for tag, attrs in tags_of(page) if tag == "a" and "href" in attrs]


@pytest.fixture
def viewer(world: World) -> Client:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00", uid="one@example.com")
    world.invite("2026-11-24 09:30", "2026-11-24 11:00", uid="two@example.com")
    world.invite("2026-11-25 16:00", "2026-11-25 19:00", to=SAUNA, uid="hot@example.com")
    return world.role(Role.VIEWER)


# --- the agenda ------------------------------------------------------------------


def test_the_week_shows_what_is_booked(viewer: Client) -> None:
    page = viewer.get("/agenda?date=2026-11-24")
    assert "Mon 23 Nov – Sun 29 Nov 2026" in page.seen
    assert page.seen.count("09:00 Meeting Conference room") == 2  # in the grid, and as what is next
    assert "16:00 Meeting Sauna" in page.seen
    assert "09:30" not in page.seen  # that was declined
    assert "Times in Europe/Oslo (UTC+1)" in page.seen


def test_a_day_and_a_month(viewer: Client) -> None:
    day = viewer.get("/agenda?view=day&date=2026-11-24").seen
    assert "Tuesday 24 November 2026" in day
    month = viewer.get("/agenda?view=month&date=2026-11-24").seen
    assert "November 2026" in month
    assert "16:00 Meeting Sauna" in month


def test_lanes_are_chosen(viewer: Client) -> None:
    only = viewer.get("/agenda?date=2026-11-24&lane=directive").seen
    assert "Meeting" not in only
    both = viewer.get("/agenda?date=2026-11-24&lane=directive&lane=booking").seen
    assert "Meeting" in both


def test_one_object_is_chosen(viewer: Client) -> None:
    only = viewer.get(f"/agenda?date=2026-11-24&id={SAUNA}").seen
    assert "Sauna" in only
    assert "Conference room" not in only


def test_times_are_in_the_zone_that_is_asked_for(viewer: Client) -> None:
    page = viewer.get("/agenda?date=2026-11-24&zone=Asia/Kolkata").seen
    assert "13:30 Meeting Conference room" in page
    assert "Times in Asia/Kolkata (UTC+5:30)" in page


def test_times_are_in_the_zone_of_the_account(world: World) -> None:
    world.invite("2026-11-24 09:00", "2026-11-24 10:00")
    there = world.role(Role.VIEWER, zone="America/New_York")
    assert "03:00 Meeting" in there.get("/agenda?date=2026-11-24").seen


@pytest.mark.parametrize(
    "query",
    ["view=year", "date=tomorrow", "date=2026-02-30", "date=0001-01-01", "date=9999-12-31",
     "date=2026-13-01", "date=" + "9" * 600],
)  # fmt: skip
def test_what_can_not_be_shown_is_refused(query: str, viewer: Client) -> None:
    assert viewer.get(f"/agenda?{query}").status == 400


@pytest.mark.parametrize("date_", ["0002-01-01", "9998-12-31", "2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("view", ["day", "week", "month"])
def test_any_other_date_is_shown(date_: str, view: str, viewer: Client) -> None:
    assert viewer.get(f"/agenda?view={view}&date={date_}").status == 200


def test_every_link_of_the_agenda_leads_somewhere(viewer: Client) -> None:
    for view in ("day", "week", "month"):
        for link in set(links(viewer.get(f"/agenda?view={view}&date=2026-11-24").text)):
            if not link.startswith("#"):
                assert viewer.get(link).status == 200, link


def test_earlier_and_later(viewer: Client) -> None:
    found = {
        attrs["rel"]: str(attrs["href"])
        for view in ("month",)
        for tag, attrs in tags_of(viewer.get(f"/agenda?view={view}&date=2026-01-31").text)
        if tag == "a" and "rel" in attrs
    }
    assert "date=2025-12-01" in found["prev"]
    assert "date=2026-02-01" in found["next"]


# --- one object ------------------------------------------------------------------


def test_a_resource_tells_what_it_is_and_did(viewer: Client) -> None:
    page = viewer.get(f"/resources/{SAUNA}?date=2026-11-23").seen
    assert "Sauna" in page
    assert "Can schedule in free/busy?" in page
    assert "check_quota heat" in page
    assert "heat" in page
    assert "3 h" in page
    assert "accepted" in page


def test_the_use_of_a_quota_is_a_bar(viewer: Client) -> None:
    meters = [a for tag, a in tags_of(viewer.get(f"/resources/{SAUNA}").text) if tag == "meter"]
    assert [(m["value"], m["max"]) for m in meters] in ([], [("10800", "36000")])
    usage = viewer.get("/api/v1/quotas/heat").json
    assert usage["usage"][0]["used"] == 10_800  # type: ignore[index]


def test_policy_is_a_picture_that_can_not_run(viewer: Client) -> None:
    reply = viewer.get(f"/resources/{SAUNA}/policy.svg")
    assert reply.fields["Content-Type"].startswith("image/svg+xml")
    assert reply.fields["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha")
    assert "sandbox" in reply.fields["Content-Security-Policy"]
    assert "Can schedule in free/busy?" in re.sub(r"<[^>]+>", " ", reply.text)


def test_a_person_has_no_policy(viewer: Client) -> None:
    assert viewer.get(f"/resources/{PAUL}").status == 200
    assert viewer.get(f"/resources/{PAUL}/policy.svg").status == 404


def test_why_tells_the_way_of_a_refusal(viewer: Client) -> None:
    page = viewer.get(f"/why?id={ROOM}&uid=two@example.com").seen
    assert "declined" in page
    assert "conflict" in page
    assert "Tue 24 Nov 2026, 09:00–10:00" in page
    picture = viewer.get(f"/why.svg?id={ROOM}&uid=two@example.com")
    assert picture.status == 200
    assert "DECLINED" in picture.text


def test_why_of_an_instant(viewer: Client) -> None:
    assert "closed" in viewer.get(f"/why?id={ROOM}&at=2026-11-24T09:30").seen
    assert "open" in viewer.get(f"/why?id={ROOM}&at=2026-11-24T12:30").seen
    assert viewer.get(f"/why?id={ROOM}&at=nonsense").status == 400
    assert viewer.get("/why?id=none@example.com").status == 404
    assert viewer.get(f"/why?id={ROOM}&uid=never@example.com").status == 404


# --- find a room -----------------------------------------------------------------


def test_find_shows_the_free_and_why_the_others_are_not(viewer: Client) -> None:
    query = "date=2026-11-24&from=09:00&to=10:00&capacity=6&location=&organizer="
    page = viewer.get(f"/find?{query}").seen
    free, others = page.split("not, and why")
    assert free.rstrip(" 0123456789").endswith("0 free") or "0 free" in free
    assert "conflict" in others
    assert "seats" in others
    assert "working hours" in others


def test_find_by_feature(viewer: Client) -> None:
    query = "date=2026-11-24&from=12:00&to=13:00&feature=projector"
    page = viewer.get(f"/find?{query}").seen
    assert "1 free" in page
    assert page.index("Conference room") < page.index("not, and why")


@pytest.mark.parametrize(
    "query",
    ["date=2026-11-24&from=10:00&to=09:00", "date=x&from=10:00&to=11:00",
     "date=2026-11-24&from=10:00&to=11:00&capacity=many",
     "date=2026-11-24&from=10:00&to=11:00&organizer=nobody"],
)  # fmt: skip
def test_what_can_not_be_looked_for_is_said_in_the_form(query: str, viewer: Client) -> None:
    page = viewer.get(f"/find?{query}")
    assert page.status == 400
    assert any(attrs.get("role") == "alert" for _, attrs in tags_of(page.text))


# --- approvals -------------------------------------------------------------------


def test_a_word_is_heard_once(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    operator = world.role(Role.OPERATOR)
    page = operator.get("/approvals")
    assert "Meeting" in page.seen
    (where,) = [str(a["action"]) for t, a in tags_of(page.text) if "accept" in str(a.get("action"))]
    assert operator.get(where).status == 405  # a link that is followed decides nothing
    form = {"csrf": page.csrf, "comment": "welcome"}
    reply = operator.send(where, form)
    assert reply.fields["Location"] == "/approvals?done=accepted"
    assert "The request was accepted." in operator.get("/approvals?done=accepted").seen
    assert world.woken == 1
    assert world.busy("2026-11-24 00:00", "2026-11-25 00:00", MICROSCOPE)
    assert operator.send(where, form).status in (404, 409)


def test_a_request_is_declined(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    operator = world.role(Role.OPERATOR)
    page = operator.get("/approvals")
    (where,) = [str(a["formaction"]) for _, a in tags_of(page.text) if "formaction" in a]
    operator.send(where, {"csrf": page.csrf})
    assert not world.busy("2026-11-24 00:00", "2026-11-25 00:00", MICROSCOPE)
    assert world.last_reason() == "not_approved"


def test_who_was_asked_may_decide(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    paul = world.signed(world.account("paul", person=PAUL))
    page = paul.get("/approvals")
    (where,) = [str(a["action"]) for t, a in tags_of(page.text) if "accept" in str(a.get("action"))]
    assert paul.send(where, {"csrf": page.csrf}).status == 303
    other = world.signed(world.account("simon", person="simon.skunk@example.com"))
    assert "Meeting" not in other.get("/approvals").seen


def test_what_waits_is_told_apart_in_the_agenda(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    viewer = world.role(Role.VIEWER)
    assert "Meeting (waits for approval)" in viewer.get("/agenda?date=2026-11-24").seen


def test_a_viewer_sees_the_queue_without_buttons(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    page = world.role(Role.VIEWER).get("/approvals")
    assert "Meeting" in page.seen
    assert "Accept" not in page.seen


# --- directives ------------------------------------------------------------------

CONTROL = "Exec note.sh hourly P.01:00\nExec note.sh lunch 12:00\nHold All 1.9:00-17:00\n"


@pytest.fixture
def timed(world: World) -> World:
    (world.site.root / "events.ctl").write_text(CONTROL)
    bring_in(world.store, world.site, world.settings, world.now)
    bring_in_upkeep(world.store, world.settings, world.now)
    return world


def test_directives_tell_what_is_next_and_who_works(timed: World) -> None:
    page = timed.role(Role.VIEWER).get("/directives").seen
    assert "Sat 21 Nov 2026, 12:00 events.ctl:2 Exec note.sh lunch 12:00" in page
    assert "nobody works for it" in page
    assert "the daily pass" in page


def test_a_refused_file_is_told_with_its_places(timed: World) -> None:
    (timed.site.root / "events.ctl").write_text("Exec note.sh 25:00\n")
    bring_in(timed.store, timed.site, timed.settings, timed.now)
    page = timed.role(Role.VIEWER).get("/directives").seen
    assert "is refused; what was in force before goes on" in page
    assert "1:14" in page


def test_the_agenda_tells_directives_and_leads_to_their_reasons(timed: World) -> None:
    viewer = timed.role(Role.VIEWER)
    page = viewer.get("/agenda?date=2026-11-23")
    assert page.seen.count("24× Exec note.sh hourly P.01:00 events.ctl:1") == 7
    assert "12:00 Exec note.sh lunch 12:00 events.ctl:2" in page.seen
    reasons = {link for link in links(page.text) if link.startswith("/why")}
    assert len(reasons) > 10
    for link in reasons:
        assert viewer.get(link).status == 200, link


# --- all pages -------------------------------------------------------------------

PAGES = ("/agenda", "/agenda?view=day", "/agenda?view=month", "/resources", f"/resources/{ROOM}",
         f"/why?id={ROOM}", "/find?date=2026-11-24&from=09:00&to=10:00", "/approvals",
         "/directives", "/feeds", "/sessions")  # fmt: skip


def fill(world: World) -> None:
    """Two working weeks of a busy office."""
    first = date(2026, 11, 23)
    for day in range(12):
        if (first + timedelta(day)).weekday() < 5:
            on = (first + timedelta(day)).isoformat()
            for hour in range(8, 18):
                world.invite(f"{on} {hour:02}:00", f"{on} {hour + 1:02}:00")


def test_pages_are_light(world: World) -> None:
    fill(world)
    viewer = world.role(Role.VIEWER)
    weights = {page: len(viewer.get(page).body) for page in PAGES}
    assert {page: w for page, w in weights.items() if w > MOST_PAGE} == {}
    beside = {
        str(attrs.get("src") or attrs.get("href"))
        for tag, attrs in tags_of(viewer.get("/agenda").text)
        if tag == "script" or attrs.get("rel") in ("stylesheet", "icon")
    }
    assert sum(len(viewer.get(path).body) for path in beside) <= MOST_BESIDE


def test_no_page_has_a_script_or_a_style_of_its_own(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    admin = world.role(Role.ADMIN)
    for page in PAGES:
        for tag, attrs in tags_of(admin.get(page).text):
            assert tag != "style", page
            assert "style" not in attrs, page
            assert not [name for name in attrs if name.startswith("on")], page
            assert tag != "script" or attrs["src"], page


def test_every_field_has_a_label(world: World) -> None:
    world.want("2026-11-24 09:00", "2026-11-24 10:00", to=MICROSCOPE)
    admin = world.role(Role.ADMIN)
    for path in (*PAGES, "/login"):
        page = (world.nobody() if path == "/login" else admin).get(path).text
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
        inner = "".join(re.findall(r"<label[^>]*>.*?</label>", page, re.DOTALL))
        inside = {a.get("name") for t, a in tags_of(inner) if t in ("input", "select")}
        for tag, attrs in tags_of(page):
            if tag in ("input", "select") and attrs.get("type") != "hidden":
                known = attrs.get("id") in labelled or attrs.get("name") in inside
                assert known, f"{path}: {attrs}"


def test_every_page_names_its_language_its_title_and_its_main_part(world: World) -> None:
    viewer = world.role(Role.VIEWER)
    titles = set()
    for path in PAGES:
        page = viewer.get(path).text
        tags = tags_of(page)
        assert ("html", {"lang": "en"}) in tags
        assert len([t for t, _ in tags if t == "h1"]) == 1, path
        assert len([t for t, _ in tags if t == "main"]) == 1, path
        assert any(attrs.get("class") == "skip" for _, attrs in tags)
        titles.add(re.findall(r"<title>(.*?)</title>", page)[0])
    assert len(titles) >= len(PAGES) - 2


def test_over_tls_cookies_are_kept_to_it(world: World) -> None:
    web = replace(world.settings.web, url="https://calendar.example.com")
    world.settings = replace(world.settings, web=web)
    reply = world.nobody().get("/login")
    assert reply.fields["Strict-Transport-Security"].startswith("max-age=")
