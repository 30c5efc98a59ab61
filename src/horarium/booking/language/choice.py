"""Which catalogue a reply is written in."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.english import ENGLISH
from horarium.booking.language.norwegian import NORWEGIAN

CATALOGUES: dict[str, Catalogue] = {
    "en": ENGLISH,
    "nb": NORWEGIAN,
    # Programs also call written Norwegian by these names.
    "no": NORWEGIAN,
    "nn": NORWEGIAN,
}


def choose_catalogue(wishes: Iterable[str], offered: Iterable[str] = ("en", "nb")) -> Catalogue:
    """The catalogue of the first wish that is offered; English when none is.

    A wish is a language tag (RFC 5646) such as `nb-NO`, of which the first part counts, or the
    value of an Accept-Language field, whose tags count in their order.
    """
    languages = set(offered)
    for wish in wishes:
        for tag in wish.split(","):
            primary = tag.split(";")[0].strip().lower().split("-")[0].split("_")[0]
            catalogue = CATALOGUES.get(primary)
            if catalogue is not None and catalogue.language in languages:
                return catalogue
    return ENGLISH
