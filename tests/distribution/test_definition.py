"""What is signed of a definition is what receivers go by."""

from __future__ import annotations

from horarium.distribution.definition import definition_document, read_definition
from horarium.distribution.realm import Distribution


def test_receivers_are_told_how_packages_are_installed_and_removed_and_not_where_from() -> None:
    content = {
        "source": "/srv/packages", "installer": ["/usr/bin/install", "{item}"],
        "remover": ["/usr/bin/remove", "{item}"], "requires": {"os": "linux"},
        "order": ["a.pkg"],
    }  # fmt: skip
    signed = definition_document(Distribution("tools", "hq", "package", content))
    assert read_definition("tools", signed).content == {
        key: value for key, value in content.items() if key != "source"
    }
