"""Variables are looked up layer by layer, and nothing is taken literally that means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.targets import REFUSED, default_roots, resolve_target
from horarium.distribution.variables import UNDEFINED, Variables, expand
from horarium.kernel.errors import InvalidInput

LAYERED = Variables(
    node={"DEST": "/srv/in", "Both": "of the node"},
    subscriber={"both": "of the subscriber", "SITE": "oslo", "Third": "s"},
    policy={"SITE": "of the policy", "TIER": "2", "third": "p"},
    predefined={"DISTRIBUTION": "prices", "VERSION": "7", "THIRD": "d"},
    environment={"LANG": "nb"},
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ""),
        ("/plain", "/plain"),
        ("%DEST%/www", "/srv/in/www"),
        ("%dest%", "/srv/in"),
        ("%BOTH%", "of the node"),
        ("%site%/%Tier%", "oslo/2"),
        ("%THIRD%", "s"),
        ("%Distribution%-%version%", "prices-7"),
        ("%ENV.LANG%", "nb"),
        ("%env.lang%", "nb"),
        ("100%%", "100%"),
        ("%%DEST%%", "%DEST%"),
    ],
)
def test_a_text_is_expanded(written: str, read: str) -> None:
    assert expand(written, LAYERED) == read


@pytest.mark.parametrize(
    "written", ["%NOTHING%", "%", "a%", "%DEST", "%ENV.PATH%", "%LANG%", "%a b%", "% %", "%../x%"]
)
def test_what_means_nothing_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        expand(written, LAYERED)
    assert caught.value.part == UNDEFINED


def chain(length: int) -> Variables:
    named = {f"V{n}": f"%V{n + 1}%" for n in range(1, length)}
    return Variables(node={**named, f"V{length}": "end"})


def test_eight_variables_lie_within_each_other_and_not_nine() -> None:
    assert expand("%V1%", chain(8)) == "end"
    with pytest.raises(InvalidInput):
        expand("%V1%", chain(9))


@pytest.mark.parametrize(
    "node",
    [
        {"A": "%A%"},
        {"A": "x%b%", "B": "%a%"},
        {f"V{n}": f"%V{n + 1}%" * 9 for n in range(8)} | {"V8": "", "A": "%V0%"},
        {"A": "%B%" * 9, "B": "%C%" * 9, "C": "x" * 80},
    ],
    ids=["itself", "a circle", "much work for nothing", "too long"],
)
def test_no_expansion_runs_away(node: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        expand("%A%", Variables(node=node))
    assert caught.value.part == UNDEFINED


@given(st.text(max_size=40))
def test_a_percent_sign_is_written_twice(text: str) -> None:
    assert expand(text.replace("%", "%%"), LAYERED) == text


def test_all_are_shown_with_whose_they_are() -> None:
    shown = {found.name: (found.value, found.origin) for found in LAYERED.all()}
    assert shown == {
        "DEST": ("/srv/in", "node"),
        "BOTH": ("of the node", "node"),
        "SITE": ("oslo", "subscriber"),
        "THIRD": ("s", "subscriber"),
        "TIER": ("2", "policy"),
        "DISTRIBUTION": ("prices", "predefined"),
        "VERSION": ("7", "predefined"),
        "ENV.LANG": ("nb", "environment"),
    }


ROOTS = ("/srv/in", "/srv/in/deep", "/data")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("%DEST%/www", ("/srv/in", "/srv/in/www")),
        ("%DEST%", ("/srv/in", "/srv/in")),
        ("/srv/in//www/", ("/srv/in", "/srv/in/www")),
        ("/srv/in/deep/x", ("/srv/in/deep", "/srv/in/deep/x")),
        ("/data/x", ("/data", "/data/x")),
    ],
)
def test_a_target_lies_in_an_allowed_root(written: str, found: tuple[str, str]) -> None:
    assert resolve_target(written, LAYERED, ROOTS) == found


@pytest.mark.parametrize(
    "written",
    [
        "/etc", "/srv/inside", "/srv", "/", "", "www", "%SITE%/www", "/srv/in/../../etc",
        "/srv/in/./x", "//host/share", "\\\\host\\share", "/srv/in/a\\b", "C:/x", "/srv/in/a\nb",
        "/srv/in/\x00", "/srv/in/.horarium-stage/1", "/srv/in/.versions/x",
    ],
)  # fmt: skip
def test_every_other_target_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve_target(written, LAYERED, ROOTS)
    assert caught.value.part == REFUSED


def test_without_roots_there_are_no_targets() -> None:
    with pytest.raises(InvalidInput):
        resolve_target("%DEST%", LAYERED, default_roots(["oslo", "x/y", "//host/share", "/a/../b"]))
    assert default_roots(["/srv/in", "oslo"]) == ("/srv/in",)
