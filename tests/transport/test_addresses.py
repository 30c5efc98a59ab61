"""Which addresses may be fetched from."""

import pytest

from horarium.kernel.errors import InvalidInput
from horarium.transport.addresses import AddressRules, literal

NOT_PUBLIC = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.2.1", "198.18.0.1", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "nonsense", "",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not AddressRules().permits("example.com", address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::808:808"]
)
def test_what_is_public_is_allowed(address: str) -> None:
    assert AddressRules().permits("example.com", address)


def test_what_is_listed_is_allowed() -> None:
    rules = AddressRules(["10.0.0.0/8", "fd00::/8", "mirror.example.com"])
    assert rules.permits("x", "10.9.8.7")
    assert rules.permits("x", "::ffff:10.9.8.7")
    assert rules.permits("x", "fd12::1")
    assert rules.permits("Mirror.example.com.", "127.0.0.1")
    assert not rules.permits("x", "192.168.0.1")
    assert not rules.permits("evil.mirror.example.com", "127.0.0.1")


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(InvalidInput):
        AddressRules(["10.0.0.0/33"])


def test_only_plain_addresses_are_literal() -> None:
    assert literal("[::1]") == "::1"
    assert literal("127.0.0.1") == "127.0.0.1"
    assert literal("localhost") == literal("0x7f000001") == ""
    for host in ("127.1", "2130706433", "0177.0.0.1", "1.2.3.4.5", "::x"):
        with pytest.raises(InvalidInput):
            literal(host)
