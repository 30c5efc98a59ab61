"""The repository of releases: windows opened by hand, and rings of channels."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, maybe_instant, number, text


@dataclass(frozen=True, slots=True)
class ExtraWindow:
    """A window that somebody opened until what was asked for is sent."""

    id: int
    channel: str
    opened: Instant
    opened_by: str
    closed: Instant | None = None


@dataclass(frozen=True, slots=True)
class StagedRelease:
    """How far a version is released through the rings of a channel. ``rings`` of them are open,
    the newest since ``opened``; ``soaked`` seconds of it are over at ``changed``, of a release
    that stands still. ``state`` is going, paused, halted, returned or done."""

    channel: str
    distribution: str
    version: int
    rings: int
    opened: Instant
    soaked: int
    state: str
    reason: str
    changed: Instant
    changed_by: str
    forgiven: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseRepository:
    """Releases of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def open_window(self, channel: str, at: Instant, by: str) -> None:
        """Opens a window by hand."""
        values = {"tenant": self.tenant, "channel": channel, "opened_s": at, "opened_by": by}
        self.session.row("open_extra_window", values)

    def close_window(self, channel: str, at: Instant) -> None:
        """Closes the windows of a channel that were opened by hand."""
        values = {"tenant": self.tenant, "channel": channel, "closed_s": at}
        self.session.run("close_extra_windows", values)

    def windows(self, since: Instant) -> list[ExtraWindow]:
        """Windows opened by hand that are open, or were after an instant."""
        values = {"tenant": self.tenant, "since_s": since}
        return [
            ExtraWindow(
                number(row[0]), text(row[1]), instant(row[2]), text(row[3]), maybe_instant(row[4])
            )
            for row in self.session.rows("extra_windows", values)
        ]

    def open_windows(self) -> list[ExtraWindow]:
        """Windows opened by hand that are open."""
        values = {"tenant": self.tenant, "since_s": 1 << 60}
        rows = self.session.rows("extra_windows", values)
        return [
            ExtraWindow(number(row[0]), text(row[1]), instant(row[2]), text(row[3])) for row in rows
        ]

    def put(self, release: StagedRelease) -> None:
        """Keeps how far a release is."""
        self.session.run(
            "put_release",
            {
                "tenant": self.tenant, "channel": release.channel,
                "distribution": release.distribution, "version": release.version,
                "rings": release.rings, "opened_s": release.opened, "soaked": release.soaked,
                "state": release.state, "reason": release.reason, "changed_s": release.changed,
                "changed_by": release.changed_by, "forgiven": release.forgiven,
            },
        )  # fmt: skip

    def all(self) -> list[StagedRelease]:
        """All releases by rings."""
        return [
            StagedRelease(
                text(row[0]), text(row[1]), number(row[2]), number(row[3]), instant(row[4]),
                number(row[5]), text(row[6]), text(row[7]), instant(row[8]), text(row[9]),
                number(row[10]),
            )
            for row in self.session.rows("releases", {"tenant": self.tenant})
        ]  # fmt: skip
