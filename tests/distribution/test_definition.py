"""What is signed of a definition is what receivers go by."""

from __future__ import annotations

import pytest

from horarium.distribution.definition import definition_document, read_definition
from horarium.distribution.realm import Distribution


@pytest.mark.parametrize("kind", ["file", "ftp", "http", "policy"])
def test_where_content_comes_from_is_the_business_of_the_distributor(kind: str) -> None:
    content = {"source": "/srv/secret", "password": "env:SECRET", "documents": {"a": {"k": "v"}}}
    signed = definition_document(Distribution("tools", "hq", kind, content))
    assert read_definition("tools", signed).content == {}
