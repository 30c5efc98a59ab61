"""What the pages and the interface of distribution tell, to whom, and what may be done there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from horarium.identity.account import Role
from horarium.kernel.instant import parse_instant
from tests.web.distributing import BUILT, LATE, SOON, Realm
from tests.web.test_pages import links
from tests.web.world import Client, World, tags_of

PAGES = ("/distribution", "/distribution/intranet", "/distribution/packages",
         "/distribution/intranet/why?subscriber=alta", "/channel/night", "/channel/staged",
         "/subscriber/vardo", "/subscriber/lab1")  # fmt: skip


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    with Realm(tmp_path) as made:
        yield made


@pytest.fixture
def viewer(realm: Realm) -> Client:
    return realm.role(Role.VIEWER)


def test_the_list_tells_versions_receivers_builds_and_windows(viewer: Client) -> None:
    page = viewer.get("/distribution").seen
    assert "intranet The intranet of the branches 2 built Fri 20 Nov 2026, 18:31" in page
    assert "2 extracted 2 under way 1 waiting 4 out of reach 1 failed" in page
    assert "Mon 23 Nov 2026, 18:30" in page
    assert "night closed opens Sat 21 Nov 2026, 22:00" in page
    assert "staged open" in page


def test_a_distribution_is_a_tree_with_marks_percents_and_reasons(viewer: Client) -> None:
    page = viewer.get("/distribution/intranet")
    names = [link.rpartition("/")[2] for link in links(page.text) if "/subscriber/" in link]
    assert names == ["north", "molde", "narvik", "vardo", "alta", "oslo", "south", "hamar", "moss",
                     "skien"]  # fmt: skip
    assert "narvik receiving 63 % 63 %" in page.seen
    assert "vardo suspended 41 % 41 % its parent narvik has 63 %" in page.seen
    assert "south suspended 20 % 20 % not heard of since Sat 21 Nov 2026, 05:10" in page.seen
    assert "hamar suspended 12 % 12 % its parent south is not heard of since" in page.seen
    assert "staging, www/index.html: no space on the device" in page.seen
    assert "build of intranet missed 2 times" in page.seen


def test_a_file_in_use_is_named_with_the_firing_that_tries_again(
    realm: Realm, viewer: Client
) -> None:
    realm.intranet.told(2, "skien", "extract_wait", SOON, "locked(www/a, b)")
    page = viewer.get("/distribution/intranet").seen
    assert (
        "www/a, b is in use; its next Extract firing tries again at Sun 22 Nov 2026, 02:00" in page
    )


def test_what_is_awaited_is_looked_at_again_and_what_is_done_is_not(
    realm: Realm, viewer: Client
) -> None:
    assert 'hx-trigger="every 5s"' in viewer.get("/distribution/intranet").text
    for name in ("south", "molde", "narvik", "vardo", "alta", "hamar", "moss", "skien"):
        realm.intranet.told(2, name, "extracted", BUILT)
    assert "hx-trigger" not in viewer.get("/distribution/intranet").text


def test_a_window_opened_by_hand_is_named(realm: Realm, viewer: Client) -> None:
    at = parse_instant(LATE)
    realm.store.transact([], lambda tx: tx.releases.open_window("night", at, "ann"))
    page = viewer.get("/distribution/intranet").seen
    assert "Opened by hand night since Sat 21 Nov 2026, 05:10 by ann, until all is sent" in page
    told = viewer.get("/api/v1/distributions/intranet/status").json["opened_by_hand"]  # type: ignore[index,call-overload]
    assert told == [{"channel": "night", "opened": LATE, "closed": None, "by": "ann"}]


def test_a_state_narrows_the_tree_down(viewer: Client) -> None:
    page = viewer.get("/distribution/intranet?state=failed")
    names = [link for link in links(page.text) if "/subscriber/" in link]
    assert names == ["/subscriber/molde"]
    assert viewer.get("/distribution/intranet?state=nothing").status == 400


def test_the_reason_is_a_sentence_and_a_chain(viewer: Client) -> None:
    page = viewer.get("/distribution/intranet/why?subscriber=alta").seen
    assert (
        "not extracted: received 41 % at parent vardo; received 63 % at parent narvik; narvik is "
        "receiving it" in page
    )
    page = viewer.get("/distribution/packages/why?subscriber=oslo").seen
    assert "oslo is in ring 2 of channel staged; the version soaks in ring 1 until" in page
    assert "Next change: Sun 22 Nov 2026, 05:10" in page


def test_a_channel_shows_its_windows_its_rings_and_who_is_subscribed(viewer: Client) -> None:
    night = viewer.get("/channel/night")
    assert "Sat 21 Nov 2026, 22:00 – Sun 22 Nov 2026, 02:00" in night.seen
    assert "lab1 inactive" in night.seen
    spans = [attrs for tag, attrs in tags_of(night.text) if attrs.get("class") == "span"]
    assert [(attrs["x"], attrs["width"]) for attrs in spans] == [("270", "85"), ("770", "85")]
    staged = viewer.get("/channel/staged").seen
    assert "1 canaries soaks 1 d 2 branches soaks 2 d 3 everybody else" in staged
    assert "going ring 1 soaks until Sun 22 Nov 2026, 05:10" in staged


def test_a_subscriber_shows_all_that_it_gets(viewer: Client) -> None:
    page = viewer.get("/subscriber/vardo").seen
    assert "Served by narvik" in page
    assert "intranet 2 suspended 41 %" in page
    assert "packages 4 pending" in page
    assert "never: it has not joined" in viewer.get("/subscriber/lab1").seen


@pytest.mark.parametrize(
    "path", ["/distribution/no", "/channel/no", "/subscriber/no", "/distribution/intranet/why",
             "/distribution/intranet/why?subscriber=no",
             "/distribution/intranet/why?subscriber=oslo&version=99"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(viewer: Client, path: str) -> None:
    assert viewer.get(path).status == 404


def test_who_may_not_read_everything_sees_nothing_of_it(realm: Realm) -> None:
    paul = realm.signed(realm.account("paul", person="paul.boddie@example.com"))
    assert {paul.get(path).status for path in PAGES} == {403}
    assert paul.get("/api/v1/distributions").status == 403


def test_operators_pause_and_resume_and_viewers_do_not(realm: Realm, viewer: Client) -> None:
    assert "Pause" not in viewer.get("/channel/staged").seen
    token = viewer.get("/distribution").csrf
    assert viewer.send("/channel/staged/pause", {"csrf": token}).status == 403
    ada = realm.role(Role.OPERATOR)
    token = ada.get("/channel/staged").csrf
    reply = ada.send("/channel/staged/pause", {"csrf": token})
    assert (reply.status, reply.fields["Location"]) == (303, "/channel/staged?done=pause")
    page = ada.get("/channel/staged?done=pause").seen
    assert "The channel stands still until it is resumed." in page
    assert re.search(r"Paused by operator-\w+ since Sat 21 Nov 2026, 09:00 ?: no ring", page)
    told = viewer.get("/api/v1/distributions/packages/status").json["paused"]  # type: ignore[index,call-overload]
    assert [one["channel"] for one in told] == ["staged"]
    assert re.search(r"paused paused by operator-\w+ since Sat 21 Nov 2026, 09:00", page)
    assert "paused by" in viewer.get("/distribution/packages").seen
    assert ada.send("/channel/staged/resume", {"csrf": token}).status == 303
    page = ada.get("/channel/staged").seen
    assert "going" in page
    assert "Paused" not in page
    assert ada.send("/channel/night/pause", {"csrf": token}).status == 409
    assert ada.send("/channel/staged/nothing", {"csrf": token}).status == 404


def test_pages_have_one_heading_no_style_of_their_own_and_are_light(realm: Realm) -> None:
    ada = realm.role(Role.OPERATOR)
    titles = set()
    for path in PAGES:
        page = ada.get(path)
        tags = tags_of(page.text)
        assert len([tag for tag, _ in tags if tag == "h1"]) == 1, path
        assert not [attrs for _, attrs in tags if "style" in attrs], path
        assert len(page.body) < 40_000, path
        titles.add(re.findall(r"<title>(.*?)</title>", page.text)[0])
    assert len(titles) == len(PAGES)


def test_the_agenda_leads_to_the_pages(viewer: Client) -> None:
    page = viewer.get("/agenda?date=2026-11-24&lane=distribution")
    assert "extract: 11 subscribers (alta, bergen, hamar, lab1, molde and 6 more)" in page.seen
    found = {link for link in links(page.text) if link.startswith(("/distribution/", "/channel/"))}
    assert found == {"/distribution/intranet", "/distribution/packages", "/channel/night",
                     "/channel/staged"}  # fmt: skip


# --- the interface ------------------------------------------------------------------


def test_the_interface_tells_the_same(viewer: Client) -> None:
    lines = viewer.get("/api/v1/distributions").json["distributions"]  # type: ignore[index]
    assert [(one["id"], one["version"], one["receivers"]["extracted"]) for one in lines] == [
        ("intranet", 2, 2), ("packages", 4, 1)
    ]  # fmt: skip
    status = viewer.get("/api/v1/distributions/intranet/status?versions=2").json
    assert [len(one["nodes"]) for one in status["versions"]] == [10, 10]  # type: ignore[index]
    why = viewer.get("/api/v1/distributions/packages/why?subscriber=oslo").json
    assert why["next"] == "2026-11-22T04:10:00Z"  # type: ignore[index]
    assert why["steps"][0]["reason"] == "ring_waits(1, 2026-11-22T04:10:00Z)"  # type: ignore[index]
    vardo = viewer.get("/api/v1/subscribers/vardo/status").json
    found = vardo["distributions"]  # type: ignore[index]
    assert [one["distribution"] for one in found] == ["intranet", "packages"]
    assert viewer.get("/api/v1/distributions/intranet/why").status == 400


def test_metrics_have_receivers_by_state_and_no_names_of_nodes(realm: Realm) -> None:
    text = realm.nobody().get("/metrics").text
    assert 'horarium_receivers{state="extracted"} 3' in text
    # Who has never extracted packages is four versions behind.
    assert "horarium_version_lag 4" in text
    assert 'horarium_window_seconds_left{channel="night"} 0' in text
    assert 'horarium_window_seconds_left{channel="staged"} 172800' in text
    assert "horarium_extract_failures_total 0" in text
    assert "horarium_transfer_bytes_total 0" in text
    assert "vardo" not in text


def test_a_site_that_distributes_nothing_has_an_empty_page_and_no_figures(world: World) -> None:
    assert "Nothing is distributed from here" in world.role(Role.VIEWER).get("/distribution").seen
    assert "horarium_receivers" not in world.nobody().get("/metrics").text
