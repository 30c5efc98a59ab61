"""Distributors, distributions, channels, subscribers, their groups and policies as object files
write them: keys to values. Whatever is wrong is found before anything is stored, each with its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from horarium.distribution.declared_values import (
    actions,
    calendar_of,
    ring,
    routes,
    share_or_count,
    target,
    use_policy,
)
from horarium.distribution.gathering import CONTENT_KEYS, content_faults
from horarium.distribution.rates import read_grid_line
from horarium.distribution.realm import (
    Channel,
    Distribution,
    Distributor,
    Policy,
    Priority,
    Realm,
    Subscriber,
    SubscriberGroup,
    Written,
)
from horarium.distribution.schedules import Act, fast_refresh, read_schedule
from horarium.distribution.settings import DISTRIBUTOR, SUBSCRIBER, names_on, read_setting
from horarium.distribution.values import (
    as_flag,
    as_length,
    as_name,
    as_number,
    as_receiver,
    as_resource,
    as_text,
    as_title,
    as_variables,
    as_zone,
    one_of,
    once_each,
    or_unlimited,
)
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.nearest import nearest
