"""Endpoints, as the settings write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.kernel.errors import InvalidInput
from horarium.transport.endpoint import (
    Endpoint,
    Mailboxes,
    Maildir,
    Tcp,
    UnixSocket,
    parse_endpoint,
    parse_mailboxes,
)


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


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("lmtp:127.0.0.1:24", Mailboxes("lmtp", Tcp("127.0.0.1", 24))),
        ("lmtp:unix:/run/dovecot/lmtp", Mailboxes("lmtp", UnixSocket("/run/dovecot/lmtp"))),
        ("smtp:mail.example.com:10025", Mailboxes("smtp", Tcp("mail.example.com", 10025))),
        ("maildir:state/boxes", Mailboxes("", Maildir("state/boxes"))),
    ],
)
def test_ways_into_mailboxes(text: str, way: Mailboxes) -> None:
    assert parse_mailboxes(text) == way
    assert str(way) == text


def test_a_way_without_a_protocol_is_lmtp() -> None:
    assert parse_mailboxes("unix:/run/lmtp") == Mailboxes("lmtp", UnixSocket("/run/lmtp"))


@pytest.mark.parametrize("text", ["", "lmtp:", "smtp:25", "lmtp:maildir:x", "maildir:"])
def test_what_leads_into_no_mailbox(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_mailboxes(text)
