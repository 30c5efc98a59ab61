"""What definitions of each type may say of their content."""

from typing import Any

import pytest

from horarium.distribution.gathering import CONTENT_KEYS, content_faults
from horarium.kernel.errors import InvalidInput

HEX = "0" * 64
SOUND: list[tuple[str, dict[str, Any]]] = [
    ("file", {"source": "/srv/www"}),
    ("file", {"source": ["/srv/a", "/srv/b"], "exclude": ["*.o"], "links": "keep"}),
    ("file", {"files": {"etc/motd": "/srv/motd"}, "remove": ["old/file"]}),
    ("ftp", {"host": "ftp.example.com", "source": "/pub"}),
    ("ftp", {"host": "192.0.2.7", "source": "/", "tls": True, "password": "env:FTP", "port": 2121}),
    ("ftp", {"servers": [{"host": "a.example", "source": "/x"}], "allow_sources": ["10.0.0.0/8"]}),
    ("http", {"urls": ["https://example.com/a.iso", {"url": "http://b/x?y=1", "path": "x"}]}),
    ("http", {"urls": [{"url": "http://b/x", "digest": f"sha256:{HEX}"}]}),
    ("http", {"urls": [{"url": "http://b/x", "headers": {"Authorization": "file:/run/token"}}]}),
    ("package", {"items": ["/srv/a.deb"], "installer": ["dpkg", "-i", "{item}"]}),
    (
        "package",
        {
            "items": [{"file": "/srv/a.deb", "name": "a"}, "/srv/b.deb"],
            "order": ["b.deb", "a"],
            "installer": ["x", "{item}"],
        },
    ),
    (
        "package",
        {
            "items": [{"file": "/pub/a.deb", "host": "ftp.example.com", "password": "env:FTP"}],
            "installer": ["x", "{name}"],
            "remover": ["y", "{name}"],
            "requires": {"os": "linux"},
            "allow_sources": ["10.0.0.0/8"],
        },
    ),
    ("policy", {"documents": {"proxy.json": {"host": "x"}, "b.toml": "/srv/b.toml"}}),
]


@pytest.mark.parametrize(("kind", "keys"), SOUND)
def test_what_is_sound(kind: str, keys: dict[str, Any]) -> None:
    assert list(content_faults(kind, keys)) == []
    assert keys.keys() <= set(CONTENT_KEYS[kind])


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("file", {}, "source"),
    ("file", {"source": "srv/www"}, "source"),
    ("file", {"source": []}, "source"),
    ("file", {"source": 7}, "source"),
    ("file", {"source": "/a\nb"}, "source"),
    ("file", {"source": "/a", "links": "follow"}, "links"),
    ("file", {"source": "/a", "exclude": "*.o"}, "exclude"),
    ("file", {"source": "/a", "exclude": [""]}, "exclude"),
    ("file", {"source": "/a", "remove": ["../x"]}, "remove"),
    ("file", {"source": "/a", "remove": ["/x"]}, "remove"),
    ("file", {"files": {"../a": "/a"}}, "files"),
    ("file", {"files": {"a": "a"}}, "files"),
    ("file", {"files": {}}, "files"),
    ("ftp", {"host": "a b", "source": "/"}, "host"),
    ("ftp", {"host": "a.example"}, "source"),
    ("ftp", {"source": "/a"}, "host"),
    ("ftp", {"host": "a", "source": "/", "password": "secret"}, "password"),
    ("ftp", {"host": "a", "source": "/", "port": 70_000}, "port"),
    ("ftp", {"host": "a", "servers": [{"host": "b", "source": "/"}]}, "host"),
    ("ftp", {"servers": [{"host": "b"}]}, "servers"),
    ("ftp", {"servers": [{"host": "b", "source": "/", "sauce": "/"}]}, "servers"),
    ("http", {"urls": []}, "urls"),
    ("http", {"urls": ["ftp://a/b"]}, "urls"),
    ("http", {"urls": ["http://user:secret@a/b"]}, "urls"),
    ("http", {"urls": ["http:///b"]}, "urls"),
    ("http", {"urls": ["https://a/b c"]}, "urls"),
    ("http", {"urls": [{"path": "x"}]}, "urls"),
    ("http", {"urls": [{"url": "http://a/b", "digest": "md5:1"}]}, "urls"),
    ("http", {"urls": [{"url": "http://a/b", "path": "../b"}]}, "urls"),
    ("http", {"urls": ["http://a/b"], "allow_sources": ["10.0.0.0/8 x"]}, "allow_sources"),
    ("package", {"items": ["/a"]}, "installer"),
    ("package", {"items": ["/a"], "installer": "sh -c"}, "installer"),
    ("package", {"items": ["a"], "installer": ["x", "{item}"]}, "items"),
    ("package", {"items": ["/a"], "installer": ["x", "{item}"], "order": ["b"]}, "order"),
    ("package", {"items": ["/a/x", "/b/x"], "installer": ["x", "{item}"]}, "items"),
    ("package", {"items": ["/a"], "installer": ["x"]}, "installer"),
    ("package", {"items": [{"file": "/a", "port": 21}], "installer": ["{item}"]}, "items"),
    ("package", {"items": ["/a"], "installer": ["{item}"], "requires": {"cpu": "x"}}, "requires"),
    ("package", {"items": ["/a"], "installer": [7]}, "installer"),
    ("package", {"items": 7, "installer": ["{item}"]}, "items"),
    ("policy", {}, "documents"),
    ("policy", {"documents": {"a": 7}}, "documents"),
    ("policy", {"documents": {"../a": {}}}, "documents"),
]


@pytest.mark.parametrize(("kind", "keys", "expected"), WRONG)
def test_what_is_not(kind: str, keys: dict[str, Any], expected: str) -> None:
    assert expected in [key for key, _ in content_faults(kind, keys)]


def test_an_unknown_type_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="file"):
        list(content_faults("flie", {}))


def test_keys_of_others_are_passed_over() -> None:
    assert list(content_faults("file", {"source": "/a", "urls": 7, "target": "x"})) == []
