"""What commands of a distributor would do: decided by the code that does it, with nothing kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from horarium.distribution.precedence import distributor_settings
from horarium.distribution.realm import Realm
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.building import Builder, Failed, Foreseen, Stopped, Unchanged
from horarium.runtime.clock import Clock
from horarium.runtime.faults import BuildFailed
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.tiers.identity import NodeFolder
from horarium.runtime.tiers.making import Options, order_of, to_be_built
from horarium.runtime.tiers.origin import Origin, Published
from horarium.store.store import Store
from horarium.transport.gathering import Pace
from horarium.transport.keys import ForeseenKeys, KeyFolder
from horarium.transport.notes import FileNotes


@dataclass(frozen=True, slots=True)
class _ForeseenFolder(NodeFolder):
    """A node's folder whose keys stay as they are."""

    foreseen: KeyFolder | None = None

    @property
    def keys(self) -> KeyFolder:
        """The private keys, with those that would be made."""
        return self.foreseen or KeyFolder(self.root / "keys")


class Foreseeing(Origin):
    """The distributor's side of a site for who only wants to know what would be published."""

    def __init__(self, site: Site, settings: Settings, store: Store) -> None:
        super().__init__(site, settings, store.foreseen())
        keys = ForeseenKeys(self.folder.root / "keys")
        self.folder = _ForeseenFolder(self.folder.root, self.folder.working, keys)
        self._taken: Realm | None = None

    def realm(self) -> Realm:
        """The realm in effect, or as it would be."""
        return self._taken or super().realm()

    def refresh(self, now: Instant, brought: Sequence[KeyFolder] = ()) -> Published:
        """What `Origin.refresh` would publish. NotFound before there is a realm."""
        if load_belief(self.store) is None:
            raise NotFound("there is no realm here yet; horarium distributor refresh begins one")
        return super().refresh(now, brought)

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Holds nothing: nobody is kept from anything."""
        yield

    def _take_effect(self) -> None:
        self._taken = self.declared()

    def _certify(self, name: str, now: Instant) -> None:
        """Renews no certificate."""


def origin_for(site: Site, settings: Settings, store: Store, *, dry_run: bool) -> Origin:
    """The distributor's side of a site, for a command that acts or only foresees."""
    return (Foreseeing if dry_run else Origin)(site, settings, store)


def foresee_build(
    origin: Origin, name: str, clock: Clock, options: Options | None = None
) -> Foreseen | Unchanged:
    """What a build would make now, of the definition as it is declared: its source is read and
    compared, nothing is kept. BuildFailed where it could not be made."""
    in_effect = origin.has_in_effect("distribution", name)
    realm = origin.defined(name) if in_effect else origin.declared()
    what = to_be_built(realm, name)
    order = order_of(origin.store, what, clock.now(), options or Options(), anew=False)
    pace = Pace(clock.monotonic, distributor_settings(realm, what.distributor).input_rate)
    notes = FileNotes(origin.folder.root / "notes" / f"{name}.jsonl")
    builder = Builder(
        origin.folder.store(), notes, threading.Event(), lambda: origin.folder.free, pace
    )  # fmt: skip
    match builder.foresee(order):
        case Failed() as failed:
            raise BuildFailed(failed.reason, failed.path, failed.text)
        case Stopped():
            raise AssertionError("nobody stops what is only foreseen")
        case found:
            return found
