"""Endpoints, as the settings write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.kernel.errors import InvalidInput
from horarium.transport.endpoint import Endpoint, Maildir, Tcp, UnixSocket, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:8024", Tcp("127.0.0.1", 8024)),
        ("mx.example.com:25", Tcp("mx.example.com", 25)),
        ("[::1]:24", Tcp("::1", 24)),
        ("unix:/run/horarium/lmtp.sock", UnixSocket("/run/horarium/lmtp.sock")),
        ("maildir:state/mail", Maildir("state/mail")),
        ("maildir:/var/mail/x", Maildir("/var/mail/x")),
    ],
)
def test_forms(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert str(endpoint) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8024",
        ":25",
        "host:",
        "host:0",
        "host:65536",
        "host:x",
        "host:9" + "9" * 5000,
        "unix:relative",
        "unix:",
        "maildir:",
        "a b:25",
        "host:\u0662",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert Tcp(host, 25).loopback is loopback


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except InvalidInput:
        return
    assert parse_endpoint(str(endpoint)) == endpoint
