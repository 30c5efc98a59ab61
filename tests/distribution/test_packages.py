"""Packages: what a definition says of them, what receivers are told, and how they are installed."""

from typing import Any

from horarium.distribution.definition import definition_document, read_definition
from horarium.distribution.packages import Installation, packages, read_installation
from horarium.distribution.realm import Distribution
from tests.distribution.manifests import tree

KEYS: dict[str, Any] = {
    "items": [
        {"file": "/p/b_1.2.deb", "name": "b", "parameters": ["--quiet"]},
        {"file": "/pub/a.deb", "host": "ftp.example.com", "password": "env:FTP", "user": "ali",
         "requires": {"arch": "x86_64"}},
    ],
    "order": ["a.deb", "b"],
    "installer": ["/usr/bin/install", "{item}"],
    "remover": ["/usr/bin/remove", "{name}"],
    "parameters": ["--yes"],
    "requires": {"os": "linux"},
}  # fmt: skip
FACTS = {"os": "Linux", "arch": "x86_64", "hostname": "here"}


def told() -> Installation:
    """What a receiver makes of the definition that was signed."""
    signed = definition_document(Distribution("tools", "hq", "package", KEYS))
    return read_installation(read_definition("tools", signed).content)


def test_packages_lie_in_the_order_in_which_they_are_installed() -> None:
    assert [(one.name, one.file, one.path) for one in packages(KEYS)] == [
        ("a.deb", "/pub/a.deb", "00001/a.deb"),
        ("b", "/p/b_1.2.deb", "00002/b_1.2.deb"),
    ]


def test_receivers_are_told_how_and_not_where_from() -> None:
    signed = str(definition_document(Distribution("tools", "hq", "package", KEYS)))
    for secret in ("ftp.example.com", "env:FTP", "ali", "/pub", "/p/"):
        assert secret not in signed


def test_each_is_installed_with_its_own_parameters_and_removed_by_its_name() -> None:
    installation = told()
    manifest = tree({"00001/a.deb": b"a", "00002/b_1.2.deb": b"b"})
    first, second = installation.items(manifest)
    assert installation.install("/t", first).argv == (
        "/usr/bin/install", "/t/00001/a.deb", "--yes",
    )  # fmt: skip
    assert installation.install("/t", second).argv == (
        "/usr/bin/install", "/t/00002/b_1.2.deb", "--yes", "--quiet",
    )  # fmt: skip
    assert installation.remove("/t", second).argv == ("/usr/bin/remove", "b")


def test_what_a_definition_does_not_know_is_called_like_its_file() -> None:
    assert told().remove("/t", "00003/c.deb").argv == ("/usr/bin/remove", "c.deb")


def test_the_first_requirement_that_is_not_met_is_named() -> None:
    installation, paths = told(), ("00001/a.deb", "00002/b_1.2.deb")
    assert installation.unmet(FACTS, paths) == ""
    assert installation.unmet({**FACTS, "os": "Plan9"}, paths) == "os must be linux, and is Plan9"
    assert installation.unmet({**FACTS, "arch": ""}, paths) == (
        "a.deb: arch must be x86_64, and is not known"
    )
    assert installation.unmet({**FACTS, "arch": ""}, paths[1:]) == ""
