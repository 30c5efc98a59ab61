"""A realm of a dozen nodes in different states, at a site whose pages are served to tests."""

from __future__ import annotations

from pathlib import Path

from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.store.acts import Logged
from tests.distribution.way import Way
from tests.office import NOW
from tests.web.world import World

OBJECTS = """
[distributor.hq]
refresh = "daily start 18:00"
[distribution.intranet]
title = "The intranet of the branches"
distributor = "hq"
source = "/srv/intranet"
target = "%DEST_VOLUME%/www"
build = "daily MO-FR start 18:30"
[distribution.packages]
distributor = "hq"
source = "/srv/packages"
target = "%DEST_VOLUME%/packages"
build = "daily start 02:00"
sequential = false
[subscriber_group.canaries]
members = ["bergen", "north"]
[subscriber_group.branches]
members = ["oslo", "molde", "narvik", "vardo", "hamar", "skien", "moss", "alta"]
[channel.night]
title = "Every night"
distributions = ["intranet"]
subscribers = ["@branches", "north", "south", "lab1"]
inactive = ["lab1"]
send = "daily window 22:00-02:00"
rate_grid = ["Mon-Fri 22:00-23:00 2Mbit", "Mon-Sun 23:00-02:00 unlimited"]
[channel.staged]
distributions = ["packages"]
subscribers = ["@canaries", "@branches"]
send = "immediately"
rings = [{ group = "canaries", soak = "1d" }, { group = "branches", soak = "2d" }]
[policy.all]
extract = "daily window 02:00-04:00"
[subscriber.lab1]
[subscriber.north]
extract = "immediately"
[subscriber.south]
[subscriber.bergen]
[subscriber.oslo]
parents = ["north"]
[subscriber.molde]
parents = ["north"]
[subscriber.narvik]
parents = ["north"]
[subscriber.vardo]
parents = ["narvik"]
[subscriber.hamar]
parents = ["south"]
[subscriber.skien]
parents = ["south"]
[subscriber.moss]
parents = ["south"]
[subscriber.alta]
parents = ["vardo"]
"""
BUILT, SOON, LATE = "2026-11-20T17:31:00Z", "2026-11-21T07:59:30Z", "2026-11-21T04:10:00Z"
BRANCHES = ("oslo", "molde", "narvik", "vardo", "hamar", "skien", "moss", "alta")


class Realm(World):
    """The site of the distributor."""

    def __init__(self, folder: Path) -> None:
        site = folder / "site"
        site.mkdir()
        super().__init__(site)
        path = folder / "objects.toml"
        path.write_text(OBJECTS)
        apply_objects(self.store, read_objects([path]), NOW, prune=False, dry_run=False)
        self.intranet, self.packages = Way(self.store), Way(self.store, "packages")
        self._fill_intranet()
        self._fill_packages()

    def _fill_intranet(self) -> None:
        way = self.intranet
        everybody = ("north", "south", *BRANCHES)
        way.joined(*everybody, "bergen", seen=SOON)
        way.seen("south", LATE)
        way.version(1, "2026-11-19T17:31:00Z", *everybody)
        for name in everybody:
            way.told(1, name, "extracted", "2026-11-20T02:10:00Z")
        way.version(2, BUILT, *everybody)
        way.told(2, "north", "extracted", "2026-11-20T21:40:00Z")
        way.told(2, "oslo", "extracted", "2026-11-21T02:01:00Z")
        way.told(2, "molde", "extract_failed", "2026-11-21T02:01:00Z",
                 "staging, www/index.html: no space on the device")  # fmt: skip
        way.told(2, "narvik", "receiving", SOON, "", 63)
        way.told(2, "vardo", "suspended", SOON, "upstream", 41)
        way.told(2, "south", "suspended", LATE, "window", 20)
        way.told(2, "hamar", "suspended", LATE, "upstream", 12)
        due = Instant(NOW - 3 * 86_400)
        entry = Logged("distribution:intranet/build", due, due, "skipped", "missed", 2)
        self.store.transact([], lambda tx: tx.acts.log(entry))

    def _fill_packages(self) -> None:
        way = self.packages
        way.version(4, LATE, "north", "bergen", *BRANCHES)
        way.told(4, "north", "extracted", LATE)
        way.told(4, "bergen", "received", LATE)
        until = "ring_waits(1, 2026-11-22T04:10:00Z)"
        way.release(4, 1, "going", LATE, until, channel="staged")
