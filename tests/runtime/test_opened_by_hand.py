"""A window that was opened by hand, as nodes below the first tier are told of it."""

from __future__ import annotations

from pathlib import Path

from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.asking import send_now

HOUR = 3_600
OBEYED = '[channel.night]\nobey_send_window = true\nsend = { type = "never" }\n'


def test_it_is_stated_for_some_hours_and_again_before_they_are_over(tmp_path: Path) -> None:
    site = TierSite(tmp_path)
    path = tmp_path / "objects.toml"
    path.write_text(OBJECTS.replace("[channel.night]\n", OBEYED))
    apply_objects(site.store, read_objects([path]), NOW, prune=False, dry_run=False)

    def stated(at: int) -> list[int]:
        """The ends of the periods in which the link from ``north`` to ``oslo`` is open."""
        configuration = site.origin.refresh(Instant(at)).belief.configuration("north")
        assert configuration is not None
        opened = configuration.children["oslo"].open
        assert opened is not None
        return [int(period.end) for period in opened["docs"]]

    assert stated(NOW) == []
    send_now(site.origin.site, site.origin.settings, site.store, "night", "ada", NOW)
    for seconds in range(0, 2 * HOUR, 600):
        [end] = stated(NOW + seconds)
        assert 2 * HOUR <= end - NOW - seconds <= 3 * HOUR
    # It is not stated anew each time that somebody refreshes.
    assert stated(NOW + 1) == stated(NOW + 2)
    site.store.transact([], lambda tx: tx.releases.close_window("night", NOW))
    assert stated(NOW + 2 * HOUR) == []
