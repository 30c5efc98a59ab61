"""`add_to_quota`, `remove_from_quota` and their kin: they decide nothing (seed 001).

Each stands for its pair: what is charged on acceptance is released when the reservation ends. They
are implied by the functions that decide by the same quota; written alone they charge without a
check.
"""

from __future__ import annotations

from collections.abc import Callable

from horarium.booking.functions.quota_argument import read_quota
from horarium.booking.functions.verdict import Prepared, SchedulingFunction
from horarium.booking.request import View


def _charging(arguments: tuple[str, ...], view: View) -> Prepared:
    return Prepared(None, charges=(read_quota(arguments, view),))


def _claiming(arguments: tuple[str, ...], view: View) -> Prepared:
    return Prepared(None, claims=(read_quota(arguments, view),))


def _companion(
    name: str, prepare: Callable[[tuple[str, ...], View], Prepared]
) -> SchedulingFunction:
    return SchedulingFunction(name, f"{name} [Q]", prepare)


COMPANIONS = (
    _companion("add_to_quota", _charging),
    _companion("remove_from_quota", _charging),
    _companion("add_to_quota_freebusy", _claiming),
    _companion("remove_from_quota_freebusy", _claiming),
)
