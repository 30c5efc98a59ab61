"""Addresses: the strict grammar, what is refused and why, and what is the same identity."""

import string
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import passes

from horarium.ical.address import (
    Address,
    InvalidAddress,
    parse_address,
    parse_cal_address,
    parse_mailbox,
)
from horarium.ical.contentline import ContentLine
from horarium.ical.participant import read_participant
from horarium.kernel.errors import InvalidInput

_ATOM = string.ascii_letters + string.digits + "!#$&'*+-/=?^_`{|}~"
_locals = st.lists(st.text(_ATOM, min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)
_label = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12).filter(
    lambda text: text[0] != "-" and text[-1] != "-"
)
_domains = st.lists(_label, min_size=2, max_size=4).map(".".join)


@given(_locals, _domains)
def test_every_address_of_the_grammar_is_read(local, domain):
    found = parse_address(f"{local}@{domain}")
    assert found == Address(local, domain.lower())
    assert found.key == f"{local}@{domain}".lower()
    assert parse_cal_address(found.uri) == found
    assert parse_mailbox(f'"Any, one" <{found.text}>') == found


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(text):
    for parse in (parse_address, parse_mailbox, parse_cal_address):
        try:
            found = parse(text)
        except InvalidAddress:
            continue
        assert parse_address(found.text) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("room", "no_at"),
        ("@example.org", "route"),
        ("@relay.example:room@example.org", "route"),
        ('"room"@example.org', "quoted_local"),
        ('"a@b"@example.org', "quoted_local"),
        ("room(1)@example.org", "comment"),
        ("room@example.org (Room)", "comment"),
        ("a@b)c@d", "comment"),
        ("alice@example.org)bob@evil.example", "comment"),
        ("a@b.example@c.example", "second_at"),
        ("a@b@c", "second_at"),
        ("user%inner.example@relay.example", "percent_hack"),
        ("room@[192.0.2.1]", "address_literal"),
        ("room@localhost", "single_label"),
        ("room@example.org.", "trailing_dot"),
        ("room@example..org", "domain"),
        ("room@-example.org", "domain"),
        ("room@example-.org", "domain"),
        ("room@exa_mple.org", "domain"),
        ("room@" + "a" * 64 + ".org", "domain"),
        ("room@" + "a." * 130 + "org", "domain"),
        ("a" * 65 + "@example.org", "local_part"),
        (".room@example.org", "local_part"),
        ("room.@example.org", "local_part"),
        ("ro..om@example.org", "local_part"),
        ("ro om@example.org", "local_part"),
        (" room@example.org", "local_part"),
        ("room@example.org ", "domain"),
        ("rø@example.org", "non_ascii_local"),
        ("room\n@example.org", "control"),
        ("room@example.org\r\n", "control"),
        ("room\x00@example.org", "control"),
        ("team:a@example.org;", "group"),
        ("room@ex\u2028ample.org", "control"),
        ("a" * 5000, "too_long"),
    ],
)
def test_what_is_refused_and_why(text, reason):
    with pytest.raises(InvalidAddress) as caught:
        parse_address(text)
    assert caught.value.reason == reason


def test_a_listed_local_domain_may_be_a_single_label():
    assert parse_address("room@office", {"office"}).text == "room@office"
    with pytest.raises(InvalidAddress):
        parse_address("room@elsewhere", {"office"})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Room@Example.ORG", "room@example.org", True),
        ("room+tag@example.org", "room@example.org", False),
        ("room@sub.example.org", "room@example.org", False),
        ("room@bücher.example", "room@xn--bcher-kva.example", True),
        ("room@BÜCHER.example", "room@bu\u0308cher.example", True),
        ("room@straße.example", "room@strasse.example", False),
        ("room@example.org", "room@ex\u0430mple.org", False),  # a Cyrillic a
    ],
)
def test_identity(one, other, same):
    assert (parse_address(one).key == parse_address(other).key) is same


@pytest.mark.parametrize(
    ("domain", "label"),
    [
        ("straße.example", "xn--strae-oqa.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("例え.example", "xn--r8jz45g.example"),
        ("آزمایشی.example", "xn--hgbk6aj7f53bba.example"),
    ],
)
def test_unicode_domains_by_idna_2008(domain, label):
    assert parse_address(f"a@{domain}").domain == label


@pytest.mark.parametrize(
    "domain",
    [
        "ex☃mple.org",
        "\uff45xample.org",
        "a\u200db.org",
        "l\u00b7l.org",
        "\u0301a.org",
        "-ü.org",
        "ü-.org",
        "xn-ü.org"[:3] + "-ü.org",
        "א1a.example",
        "ü" * 60 + ".org",
        "exämple。org",
    ],
)
def test_unicode_domains_that_are_refused(domain):
    with pytest.raises(InvalidAddress):
        parse_address(f"a@{domain}")


def test_the_original_spelling_is_kept_for_sending():
    found = parse_address("Paul.Boddie@Example.org")
    assert (found.text, found.uri) == ("Paul.Boddie@example.org", "mailto:Paul.Boddie@example.org")


@pytest.mark.parametrize(
    ("text", "email", "key"),
    [
        ("mailto:room@example.org", None, "room@example.org"),
        ("MAILTO:Room@Example.org", None, "room@example.org"),
        ("Mailto:room@example.org?subject=x", None, "room@example.org"),
        ("room@example.org", None, "room@example.org"),
        ("room@example.org?subject=x", None, "room@example.org"),
        (" mailto:room@example.org ", None, "room@example.org"),
        ("mailto:room%2Bone@example.org", None, "room+one@example.org"),
        ("mailto:room%40example.org", None, "room@example.org"),
        ("mailto:room@b%C3%BCcher.example", None, "room@xn--bcher-kva.example"),
        ("mailto:CN=Room/O=Acme@example.org", None, "cn=room/o=acme@example.org"),
        ("urn:uuid:1234", "room@example.org", "room@example.org"),
        ("http://example.org/principals/room", "room@example.org", "room@example.org"),
        ("mailto:room@example.org", "other@example.org", "room@example.org"),
    ],
)
def test_calendar_addresses(text, email, key):
    assert parse_cal_address(text, email).key == key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mailto:", "empty"),
        ("mailto:?to=a@b.example", "empty"),
        ("mailto:a%0d%0ab@example.com", "control"),
        ("mailto:a%00@example.com", "control"),
        ("mailto:a%2540b@example.com", "percent_hack"),
        ("mailto:a%40b.example@c.example", "second_at"),
        ("mailto:a%zz@example.com", "percent_encoding"),
        ("mailto:a%ff@example.com", "percent_encoding"),
        ("mailto:a@b.example,c@d.example", "second_at"),
        ("mailto: a@b.example", "local_part"),
        ("mailto:<a@b.example>", "local_part"),
        ("mailto:mailto:a@b.example", "local_part"),
        ("urn:uuid:1234", "scheme"),
        ("invalid:nomail", "scheme"),
        ("mailto:Paul <paul@example.org>", "local_part"),
    ],
)
def test_calendar_addresses_refused(text, reason):
    with pytest.raises(InvalidAddress) as caught:
        parse_cal_address(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "paul@example.org",
        " paul@example.org ",
        "<paul@example.org>",
        "Paul <paul@example.org>",
        '"Boddie, Paul (PB) <pb>" <paul@example.org>',
        '"say \\"hi\\"" <paul@example.org>',
        "Paul B. <paul@example.org>",
        "=?UTF-8?Q?J=C3=B8rn?= <paul@example.org>",
        "Jørn <paul@example.org>",
        '"bob@evil.example" <paul@example.org>',
    ],
)
def test_mailboxes(text):
    assert parse_mailbox(text).key == "paul@example.org"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("paul@example.org, eve@example.org", "several_addresses"),
        ("Paul <paul@example.org>, Eve <eve@example.org>", "several_addresses"),
        ("Boddie, Paul <paul@example.org>", "several_addresses"),
        ("<paul@example.org, eve@example.org>", "several_addresses"),
        ("paul@example.org <eve@example.org>", "phrase"),
        ("Paul (x) <paul@example.org>", "comment"),
        ("paul@example.org (Paul)", "comment"),
        ("team: paul@example.org;", "group"),
        ("team: Paul <paul@example.org>", "group"),
        ("Paul <@relay.example,@b.example:paul@example.org>", "route"),
        ("Paul <<paul@example.org>>", "several_addresses"),
        ("Paul <paul@example.org", "phrase"),
        ("Paul paul@example.org>", "phrase"),
        ('"Paul <paul@example.org>', "phrase"),
        ("Paul <paul@example.org> Eve", "phrase"),
        ("<>", "empty"),
        ("", "empty"),
        ("(" * 20_000, "too_long"),
    ],
)
def test_mailboxes_refused(text, reason):
    with pytest.raises(InvalidAddress) as caught:
        parse_mailbox(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a@" * 500_000,
        "mailto:" + "%41" * 333_000,
        "(" * 1_000_000,
        '"' * 1_000_000,
        '"\\' * 500_000 + "<a@b.example>",
        "<" * 1_000_000 + ">",
        "a@" + "b." * 500_000,
        "a@" + "ü" * 500_000,
        "?" * 1_000_000 + "@a.b",
        ":" * 1_000_000,
        '"a" ' * 250_000 + "<a@b.c" + ">",
    ],
)
def test_a_megabyte_is_settled_fast(text):
    for parse in (parse_address, parse_cal_address, parse_mailbox):

        def refuse(parse=parse):
            with pytest.raises(InvalidAddress):
                parse(text)

        assert passes(refuse) < 20


def test_an_address_cannot_be_built_around_the_grammar():
    for local, domain in (("a\nb", "example.org"), ("a", "Example.org"), ("a", "b"), ("", "b.c")):
        with pytest.raises(InvalidInput):
            Address(local, domain)


def test_a_participant_is_read_whole():
    line = ContentLine.of(
        "ATTENDEE",
        "mailto:room@example.org",
        {
            "CN": 'Room "1", ground floor',
            "PARTSTAT": "delegated",
            "ROLE": "opt-participant",
            "CUTYPE": "room",
            "RSVP": "true",
            "DELEGATED-TO": ["mailto:a@example.org", "mailto:b@example.org", "not an address"],
            "SENT-BY": "mailto:desk@example.org",
            "LANGUAGE": "nb",
        },
    )
    found = read_participant(line)
    assert found.cn == 'Room "1", ground floor'
    assert (found.partstat, found.role, found.cutype) == ("DELEGATED", "OPT-PARTICIPANT", "ROOM")
    assert found.rsvp is True
    assert [each.local for each in found.delegated_to] == ["a", "b"]
    assert found.sent_by is not None
    assert found.sent_by.key == "desk@example.org"
    assert found.language == "nb"
    assert found.notes == ("delegated-to_unreadable:no_at",)


def test_an_attendee_without_parameters_has_the_defaults():
    found = read_participant(ContentLine("ATTENDEE", (), "MAILTO:room@example.org"))
    assert (found.partstat, found.role, found.cutype) == (
        "NEEDS-ACTION",
        "REQ-PARTICIPANT",
        "INDIVIDUAL",
    )
    assert (found.rsvp, found.sent_by, found.partstat_sent) == (None, None, False)


def test_importing_the_grammar_does_not_load_the_mail_package():
    program = "import sys, horarium.ical.address; print('email' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
