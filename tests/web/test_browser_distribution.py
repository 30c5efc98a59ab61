"""The pages of distribution in a real browser: they fit, can be read, and are followed by keys,
with scripts or without. Pictures are kept under build/screens."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.identity.account import Role
from tests.web import browser
from tests.web.browser import Page
from tests.web.distributing import Realm
from tests.web.test_browser import (
    _CONTRAST,
    _TOO_WIDE,
    NARROW,
    PASSWORD,
    REQUIRED,
    WIDE,
    sign_in,
    visit,
)

pytestmark = pytest.mark.skipif(
    browser.program() is None and not REQUIRED, reason="there is no Chromium here"
)
PAGES = {
    "distributions": "/distribution",
    "distribution": "/distribution/intranet",
    "distribution-why": "/distribution/intranet/why?subscriber=alta",
    "channel": "/channel/night",
    "channel-rings": "/channel/staged",
    "subscriber": "/subscriber/vardo",
    "agenda-distribution": "/agenda?date=2026-11-24&lane=distribution",
}


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    made = Realm(tmp_path)
    made.account("ada", Role.OPERATOR, password=PASSWORD, display_name="Ada Operator")
    return made


def test_pages_of_distribution_fit_and_can_be_read(realm: Realm) -> None:
    async def all_pages(page: Page, base: str) -> None:
        await page.resize(*WIDE)
        await sign_in(page, base)
        for name, path in PAGES.items():
            for size, dark in ((WIDE, False), (WIDE, True), (NARROW, False), ((320, 700), True)):
                await page.resize(*size, dark=dark)
                await page.go(base + path)
                assert await page.run(_TOO_WIDE) <= 0, (name, size)
                assert await page.run(_CONTRAST) == [], (name, dark)
                if size[0] != 320:
                    await page.picture(f"{name}-{size[0]}{'-dark' if dark else ''}")

    visit(realm, all_pages)


def test_without_scripts_the_way_leads_from_the_list_to_the_reason(realm: Realm) -> None:
    async def day(page: Page, base: str) -> None:
        await sign_in(page, base)
        await page.go(f"{base}/distribution")
        await page.focus("td a")
        await page.enter()
        assert await page.tree_has("Version 2")
        await page.focus("#why-alta")
        await page.enter()
        assert await page.tree_has("The chain of causes")

    visit(realm, day, scripts=False)
