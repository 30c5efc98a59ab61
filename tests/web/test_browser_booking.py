"""A visitor with a telephone: books a start, finds the link, cancels; with scripts and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.appointments.appointment import State
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from tests.office import NOW
from tests.web import browser
from tests.web.browser import Page
from tests.web.test_booking import NINE, OBJECTS, desk
from tests.web.test_browser import NARROW, REQUIRED, WIDE, visit
from tests.web.world import World

pytestmark = pytest.mark.skipif(
    browser.program() is None and not REQUIRED, reason="there is no Chromium here"
)
DAY = Period(parse_instant(NINE), Instant(parse_instant(NINE) + 86_400))


@pytest.fixture
def reception(tmp_path: Path) -> World:
    """A site where Ana gives appointments."""
    site = tmp_path / "site"
    site.mkdir()
    world = World(site)
    path = tmp_path / "objects.toml"
    path.write_text(OBJECTS)
    apply_objects(world.store, read_objects([path]), NOW, prune=False, dry_run=False)
    return world


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["telephone", "wide"])
def test_from_a_start_to_a_cancelled_appointment(reception: World, size: tuple[int, int]) -> None:
    states: list[State] = []

    async def doing(page: Page, base: str) -> None:
        await page.resize(*size)
        await page.go(f"{base}/book")
        await page.picture(f"book-{size[0]}")
        await page.go(f"{base}/book/checkup?date=2026-11-23")
        await page.picture(f"times-{size[0]}")
        # Nothing lies beyond the edge of the window.
        assert await page.run("document.documentElement.scrollWidth <= innerWidth")
        await page.follow("document.querySelector('.times button').click()")
        assert "Held for you until" in await page.text()
        await page.focus("input[name=name]")
        await page.write("Bob")
        await page.press("Tab")
        await page.write("bob@example.net")
        await page.picture(f"details-{size[0]}")
        await page.focus("input[name=mail]")
        await page.enter()
        assert "Your appointment stands" in await page.text()
        await page.picture(f"appointment-{size[0]}")
        states.extend(item.state for item in desk(reception).list(DAY))
        await page.follow("document.querySelector('form[action$=\"/cancel\"] button').click()")
        assert "Your appointment is cancelled" in await page.text()
        states.extend(item.state for item in desk(reception).list(DAY))

    visit(reception, doing)
    assert states == [State.CONFIRMED, State.CANCELLED]


def test_with_the_keyboard_and_without_scripts(reception: World) -> None:
    async def doing(page: Page, base: str) -> None:
        await page.resize(*NARROW)
        await page.go(f"{base}/book/checkup?date=2026-11-23")
        await page.focus(".times button")
        await page.enter()
        assert await page.tree_has("Held for you until")
        await page.focus("input[name=name]")
        await page.write("Bob")
        await page.focus("input[name=mail]")
        await page.write("bob@example.net")
        await page.enter()
        assert await page.tree_has("Your appointment stands")

    visit(reception, doing, scripts=False)
