"""A resource as a decision sees it: its address, its preferences, and the site's ways of mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from horarium.booking.acl import Rule
from horarium.booking.preferences import Preferences
from horarium.booking.quota import Quota
from horarium.ical.address import Address
from horarium.ical.limits import ParseLimits
from horarium.kernel.limits import Limits
from horarium.kernel.zone import Zone

if TYPE_CHECKING:
    from horarium.booking.functions.site import SiteFunction


@dataclass(frozen=True, slots=True)
class MailWays:
    """How this site's replies leave, and whose headers count.

    `sender` is the envelope sender of answers (None: the resource itself); with `reply_from_sender`
    From is that address too and the resource appears with SENT-BY it. `gateways` are address keys
    of calendar servers that mail for their users; `local_domains` the single-label domains of ours.
    """

    sender: Address | None = None
    reply_from_sender: bool = False
    null_return_path: bool = False
    gateways: frozenset[str] = frozenset()
    trusted_authserv: frozenset[str] = frozenset()
    trusted_headers: int = 1
    languages: tuple[str, ...] = ("en", "nb")
    local_domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """A calendar user that decides alone.

    `aliases` holds the address keys it goes by, its own included. `access_files` are the access
    lists read from files, by path; `groups` the address keys of each declared group; `quotas` are
    those of the site, `quota_faults` what is wrong with those that can not be read. The limits are
    the site's, on calendar text and on recurrence. `site_functions` are the deciders of the site's
    own code. `fault` says what is wrong with its configuration: then every request is declined,
    because a rule that can not be read must not let anybody in.
    """

    address: Address
    preferences: Preferences
    zone: Zone
    zone_data: str
    aliases: frozenset[str]
    ways: MailWays = field(default_factory=MailWays)
    access_files: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    quota_faults: Mapping[str, str] = field(default_factory=dict)
    parse_limits: ParseLimits = field(default_factory=ParseLimits)
    rule_limits: Limits = field(default_factory=Limits)
    fault: str = ""
    site_functions: Mapping[str, SiteFunction] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it: its name, else its address."""
        return self.preferences.name or self.address.text
