"""A site: the folder of one installation, and what lies where in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM_SITE = Path("/var/lib/horarium")


@dataclass(frozen=True, slots=True)
class Site:
    """One installation. ``root`` is an absolute folder; it need not exist."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """The settings, written by people."""
        return self.root / "horarium.toml"

    @property
    def drop_ins(self) -> tuple[Path, ...]:
        """Further settings, in the order in which they win over what came before."""
        return tuple(sorted((self.root / "conf.d").glob("*.toml")))

    @property
    def objects(self) -> Path:
        """The folder of declared objects."""
        return self.root / "objects"

    @property
    def state(self) -> Path:
        """What horarium makes and keeps; never edited by hand."""
        return self.root / "state"

    @property
    def database(self) -> Path:
        """The embedded store."""
        return self.state / "horarium.db"

    @property
    def freebusy(self) -> Path:
        """The published free/busy documents."""
        return self.state / "freebusy"

    @property
    def distribution(self) -> Path:
        """Keys, certificates and contents of this node."""
        return self.state / "distribution"

    @property
    def joined(self) -> Path:
        """Which node this site is, and whom it joined by; made when it joins a realm."""
        return self.distribution / "node.json"

    @property
    def handover_socket(self) -> Path:
        """Where a running daemon takes messages from ``horarium deliver``."""
        return self.state / "deliver.sock"

    def path(self, written: str) -> Path:
        """A path from the settings; a relative one is relative to the site."""
        return self.root / written


def find_site(option: str | None, environ: Mapping[str, str], working: Path) -> Site:
    """The site meant: the option, else ``$HORARIUM_SITE``, else ``./site`` when it exists, else
    the system's."""
    chosen = option or environ.get("HORARIUM_SITE", "")
    if chosen:
        return Site((working / chosen).resolve())
    local = working / "site"
    return Site(local.resolve() if local.is_dir() else SYSTEM_SITE)
