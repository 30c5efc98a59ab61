"""A real browser at a site of rooms and directives: what people do, with keys, with and without
scripts, in a wide window and on a telephone. Pictures are kept under build/screens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from horarium.identity.account import Role
from horarium.runtime.activation import bring_in, bring_in_upkeep
from tests.web import browser
from tests.web.browser import Page
from tests.web.conftest import MICROSCOPE, declared
from tests.web.world import World

REQUIRED = bool(os.environ.get("HORARIUM_TEST_REQUIRE_BROWSER"))
pytestmark = pytest.mark.skipif(
    browser.program() is None and not REQUIRED, reason="there is no Chromium here"
)

PASSWORD = "correct horse battery"
ROOM, SAUNA = "resource-room-confroom@example.com", "resource-room-sauna@example.com"
CONTROL = "Exec note.sh hourly P.01:00\nExec note.sh lunch 12:00\nSet week-begun 1.0:05\n"
# A browser that has not done after so long never will.
HANGS = 100
WIDE, NARROW = (1280, 900), (390, 844)
# Everything that can take the focus by the Tab key, in order, as people would name it.
_FOCUS = """(() => { const e = document.activeElement;
  if (e === document.body) return 'BODY';
  return (e.innerText || e.getAttribute('aria-label') || e.name || e.tagName).trim(); })()"""
_RING = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def office(tmp_path: Path) -> World:
    """A site with something of everything."""
    world = World(tmp_path, **declared())
    world.account("ada", Role.OPERATOR, password=PASSWORD, display_name="Ada Operator")
    (world.site.root / "events.ctl").write_text(CONTROL)
    bring_in(world.store, world.site, world.settings, world.now)
    bring_in_upkeep(world.store, world.settings, world.now)
    world.invite("2026-11-24 09:00", "2026-11-24 10:30", uid="one@example.com")
    world.invite("2026-11-24 09:30", "2026-11-24 11:00", uid="two@example.com")
    world.invite("2026-11-25 16:00", "2026-11-25 19:00", to=SAUNA)
    world.want("2026-11-26 09:00", "2026-11-26 10:00", to=MICROSCOPE)
    return world


def visit(world: World, doing: Callable[[Page, str], Awaitable[None]], **how: bool) -> Page:
    """Does something in a fresh browser; the browser has nothing to complain of."""

    async def inside() -> Page:
        async with browser.opened(**how) as page:
            try:
                async with asyncio.timeout(HANGS):
                    await doing(page, f"http://{world.host}")
            except TimeoutError:
                raise AssertionError(f"the browser hangs: {page.doing}") from None
            return page

    with world:
        page = asyncio.run(inside())
    assert page.complaints == []
    return page


async def sign_in(page: Page, base: str) -> None:
    """Types name and password, and presses Enter."""
    await page.go(f"{base}/login")
    # It has the focus by itself, but not at once.
    await page.focus("input[name=name]")
    await page.write("ada")
    await page.press("Tab")
    await page.write(PASSWORD)
    await page.enter()


def test_somebody_signs_in_reads_decides_and_looks_for_a_room(office: World) -> None:
    async def day(page: Page, base: str) -> None:
        await sign_in(page, base)
        assert await page.run("location.pathname") == "/agenda"
        await page.go(f"{base}/agenda?date=2026-11-24")
        seen = await page.text()
        assert "Ada Operator" in seen
        assert "Conference room" in seen
        # The grid stands: an hour and a half is six rows high, beside each other are the days.
        box = await page.run(
            "(() => { const e = [...document.querySelectorAll('.hours .e')]"
            ".find(e => e.innerText.includes('Conference')); const r = e.getBoundingClientRect();"
            " const row = document.querySelector('.scale .hours span').getBoundingClientRect();"
            " return [Math.round(r.height / row.height * 4), r.width > 60]; })()"
        )
        assert box == [6, True]
        # One lane less, without the page being loaded again.
        await page.run("window.same = 1; document.querySelector('input[value=directive]').click()")
        for _ in range(100):
            if "lane=booking" in str(await page.run("location.search")):
                break
            await asyncio.sleep(0.05)
        assert await page.run("window.same") == 1
        assert "note.sh" not in await page.text()
        # The queue: accept the first.
        await page.go(f"{base}/approvals")
        await page.run("document.querySelector('input[name=comment]').focus()")
        await page.write("welcome")
        await page.follow("document.querySelector('button.main').click()")
        assert "The request was accepted." in await page.text()
        assert "Nothing waits." in await page.text()
        assert office.busy("2026-11-26 00:00", "2026-11-27 00:00", MICROSCOPE)
        # A room at a time when one is taken.
        await page.go(f"{base}/find?date=2026-11-24&from=09:00&to=10:00")
        assert "conflict" in await page.text()
        await page.follow("document.querySelector('#others + ul a').click()")
        assert "How it decides" in await page.text()
        assert await page.run("document.querySelector('.diagram img').naturalWidth > 200")

    visit(office, day)
    assert office.woken == 1


def test_all_of_it_works_without_scripts(office: World) -> None:
    async def day(page: Page, base: str) -> None:
        await sign_in(page, base)
        await page.go(f"{base}/agenda?date=2026-11-24")
        assert await page.tree_has("Conference room")
        await page.go(f"{base}/approvals")
        await page.focus("button.main")
        await page.enter()
        assert await page.tree_has("The request was accepted.")

    visit(office, day, scripts=False)


def test_keys_alone_reach_everything(office: World) -> None:
    async def day(page: Page, base: str) -> None:
        await sign_in(page, base)
        await page.go(f"{base}/agenda?date=2026-11-24")
        reached = []
        for _ in range(60):
            await page.press("Tab")
            name = str(await page.run(_FOCUS))
            if name == "BODY":
                break
            assert await page.run(_RING) != "none", name
            reached.append(name)
        words = " | ".join(reached)
        for wanted in ("Skip to the content", "Agenda", "Find", "Sign out", "‹", "Month",
                       "lane", "Show", "Conference room"):  # fmt: skip
            assert wanted in words, wanted
        assert reached[0] == "Skip to the content"

    visit(office, day)


PAGES = {
    "week": "/agenda?date=2026-11-24", "day": "/agenda?view=day&date=2026-11-24",
    "month": "/agenda?view=month&date=2026-11-24", "resources": "/resources",
    "resource": f"/resources/{SAUNA}?date=2026-11-23",
    "why": f"/why?id={ROOM}&uid=two@example.com",
    "find": "/find?date=2026-11-24&from=09:00&to=10:00",
    "approvals": "/approvals", "directives": "/directives", "feeds": "/feeds",
    "trouble": "/nothing",
}  # fmt: skip
# Of all that is written: how much darker or lighter than its ground (WCAG 2.2, 1.4.3).
_CONTRAST = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = c => { canvas.clearRect(0,0,1,1); canvas.fillStyle = c; canvas.fillRect(0,0,1,1);
    return [...canvas.getImageData(0,0,1,1).data]; };
  const light = ([r,g,b]) => { const f = v => (v/=255) <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4;
    return .2126*f(r)+.7152*f(g)+.0722*f(b); };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 250) return c; }
    return rgb(getComputedStyle(document.documentElement).colorScheme.includes('dark')
      && matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff'); };
  const bad = [];
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility()) continue;
    const a = light(rgb(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a,b)+.05)/(Math.min(a,b)+.05);
    if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2) + ' '
      + e.innerText.slice(0, 30));
  }
  return bad; })()"""
_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


def test_pages_fit_and_can_be_read(office: World) -> None:
    async def all_pages(page: Page, base: str) -> None:
        await page.resize(*WIDE)
        await page.go(f"{base}/login")
        await page.picture("login-1280")
        await sign_in(page, base)
        for name, path in PAGES.items():
            for size, dark in ((WIDE, False), (WIDE, True), (NARROW, False), ((320, 700), True)):
                await page.resize(*size, dark=dark)
                await page.go(base + path)
                assert await page.run(_TOO_WIDE) <= 0, (name, size)
                assert await page.run(_CONTRAST) == [], (name, dark)
                if size[0] != 320:
                    await page.picture(f"{name}-{size[0]}{'-dark' if dark else ''}")
        page.complaints[:] = [c for c in page.complaints if "404" not in c]

    visit(office, all_pages)


def test_text_of_strangers_runs_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, **declared())
    world.account("ada", Role.OPERATOR, password=PASSWORD)
    payload = "<img src=x onerror=\"document.title='taken'\"><script>alert(1)</script>"
    world.invite("2026-11-24 09:00", "2026-11-24 10:00", uid="x@example.com",
                 extra=f"LOCATION:{payload}\nCOMMENT:{payload}")  # fmt: skip
    world.want("2026-11-26 09:00", "2026-11-26 10:00", to=MICROSCOPE, extra=f"LOCATION:{payload}")

    async def look(page: Page, base: str) -> None:
        await sign_in(page, base)
        for path in PAGES.values():
            if path != "/nothing":
                await page.go(base + path.replace("two@", "x@"))
                assert "taken" not in str(await page.run("document.title"))

    visit(world, look)
