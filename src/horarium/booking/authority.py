"""Who may speak: whether the sender of a message is the organizer it speaks for.

A program that decides without a human is stricter than one that asks: a message of anybody else
changes nothing and is answered to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.authentication import is_authenticated, trusted_results
from horarium.booking.event_state import EventState
from horarium.booking.resource import Resource
from horarium.ical.address import Address
from horarium.ical.participant import Participant


@dataclass(frozen=True, slots=True)
class Voice:
    """The sender of a message: the From address, the Reply-To address, and the
    Authentication-Results fields, top first. `vouched` tells that the operator has looked at the
    message and lets it speak for its organizer."""

    sender: Address | None
    reply_to: Address | None
    authentication_results: tuple[str, ...] = ()
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a voice is heard. `made_by` is the address key that acted: the organizer's or that
    of its SENT-BY; `reason` is a stable code when it is not heard; `alarm` calls the operator."""

    heard: bool
    made_by: str = ""
    reason: str = ""
    alarm: bool = False


def judge_organizer(
    voice: Voice,
    organizer: Participant,
    state: EventState,
    resource: Resource,
    known_attendees: frozenset[str] = frozenset(),
) -> Standing:
    """Decides whether `voice` may invite, change or cancel in the name of `organizer`.

    The sender must be the ORGANIZER or a SENT-BY that the resource admits; a known event answers
    to the organizer that made it, unless the resource lets one of its `known_attendees` (address
    keys) or anybody take it over (RFC 5546 6.1.1; RFC 6047 2.2).
    """
    if voice.vouched:
        return Standing(True, made_by=organizer.address.key)
    if voice.sender is None:
        return Standing(False, reason="no_sender")
    standing = _speaks_for(_identity(voice, organizer, resource), organizer, state, resource)
    if not standing.heard:
        return standing
    preferences = resource.preferences
    if not _is_proven(voice, resource):
        return Standing(False, reason="auth_missing")
    if state.organizer not in (None, "", organizer.address.key):
        replacement = preferences.organiser_replacement
        invited = replacement == "attendee" and organizer.address.key in known_attendees
        if replacement != "any" and not invited:
            return Standing(False, reason="organizer_changed", alarm=True)
    return standing


def judge_attendee(voice: Voice, attendee: Participant, resource: Resource) -> Standing:
    """Decides whether `voice` is the attendee that a REPLY, COUNTER or REFRESH speaks for, or a
    SENT-BY of that attendee which is admitted as an organizer's would be."""
    if voice.vouched:
        return Standing(True, made_by=attendee.address.key)
    if voice.sender is None:
        return Standing(False, reason="no_sender")
    identity = _identity(voice, attendee, resource)
    standing = _speaks_for(identity, attendee, EventState(""), resource)
    if not standing.heard:
        mismatch = standing.reason == "organizer_mismatch"
        return Standing(False, reason="attendee_mismatch" if mismatch else standing.reason)
    return standing if _is_proven(voice, resource) else Standing(False, reason="auth_missing")


def _is_proven(voice: Voice, resource: Resource) -> bool:
    """Whether the sender has the proof that the calendar user asks for."""
    assert voice.sender is not None
    ways = resource.ways
    results = trusted_results(
        voice.authentication_results, ways.trusted_authserv, ways.trusted_headers
    )
    return is_authenticated(results, resource.preferences.require_auth, voice.sender.domain)


def _identity(voice: Voice, organizer: Participant, resource: Resource) -> str:
    """The sender's address key; behind a gateway it is the Reply-To that counts."""
    assert voice.sender is not None
    key = voice.sender.key
    sent_by = organizer.sent_by.key if organizer.sent_by else None
    if key in (organizer.address.key, sent_by) or key not in resource.ways.gateways:
        return key
    return voice.reply_to.key if voice.reply_to else key


def _speaks_for(
    sender: str, organizer: Participant, state: EventState, resource: Resource
) -> Standing:
    principal = organizer.address.key
    if sender == principal:
        return Standing(True, made_by=sender)
    if organizer.sent_by is None or sender != organizer.sent_by.key:
        return Standing(False, reason="organizer_mismatch")
    preferences = resource.preferences
    listed = any(pair.admits(sender, principal) for pair in preferences.sent_by_pairs or ())
    if listed and preferences.sent_by != "none":
        return Standing(True, made_by=sender)
    same_domain = sender.rpartition("@")[2] == organizer.address.domain
    admitted = preferences.sent_by == "any" or (
        preferences.sent_by == "same_domain" and same_domain
    )
    if not admitted:
        return Standing(False, reason="sent_by_not_admitted")
    makers = {entry.made_by for entry in state.entries}
    if makers and not makers & {principal, sender}:
        return Standing(False, reason="sent_by_not_maker")
    return Standing(True, made_by=sender)
