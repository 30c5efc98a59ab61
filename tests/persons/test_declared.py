"""Persons as objects: declared, applied, exported, changed by command, asked about."""

from __future__ import annotations

import json
import mailbox
import os
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.booking.preference_table import PERSON_PREFERENCES, PREFERENCES
from horarium.booking.preferences import Layer, check_preferences, read_preferences
from horarium.kernel.errors import Conflict
from horarium.runtime.applying import apply_objects
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.faults import BadObjects
from horarium.runtime.objects import DeclaredObjects, read_objects
from horarium.runtime.questions import Questions
from tests.office import NOW, ROOM, oslo, request, vevent
from tests.persons.house import PAUL, VINCENT, House, reply

TEN, ELEVEN = "2026-12-01 10:00", "2026-12-01 11:00"


def declare(tmp_path: Path, text: str) -> DeclaredObjects:
    path = tmp_path / "people.toml"
    path.write_text(text)
    path.chmod(0o600)
    return read_objects([path])


class TestPreferences:
    def test_defaults_of_a_person_that_are_not_those_of_a_resource(self) -> None:
        person = read_preferences({}, {}, kind="person")
        resource = read_preferences({}, {})
        assert (person.add_method_response, resource.add_method_response) == ("refresh", "add")
        assert (person.organiser_replacement, resource.organiser_replacement) == (
            "attendee", "never",
        )  # fmt: skip
        assert person.incoming == "summary-wraps-message"
        assert (person.freebusy_sharing, person.freebusy_messages) == ("no", "none")
        assert person.layers["incoming"] is Layer.DEFAULT

    def test_an_event_is_kept_whole_so_that_it_can_be_sent_again(self) -> None:
        person = read_preferences({}, {}, kind="person")
        assert (person.body_kept, person.attachments_kept) == (True, True)

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("acl", "accept", "a person has no such preference"),
            ("scheduling_function", "schedule_in_freebusy", "a person has no such preference"),
            ("incomming", "message-only", 'there is no such preference; did you mean "incoming"?'),
            ("incoming", "message", 'not "message"'),
            ("freebusy_offers", "soon", "expected a duration"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, name: str, value: str, reason: str) -> None:
        (fault,) = check_preferences({name: value}, "person")
        assert reason in fault.reason

    @pytest.mark.parametrize("name", ["incoming", "event_refreshing", "freebusy_messages"])
    def test_a_resource_has_only_the_default_of_what_concerns_persons(self, name: str) -> None:
        default = PREFERENCES[name].default
        assert check_preferences({name: default}) == []
        other = {"incoming": "message-only", "event_refreshing": "always"}.get(name, "notify")
        (fault,) = check_preferences({name: other})
        assert fault.reason == "concerns persons only"

    def test_every_default_of_a_person_can_be_written(self) -> None:
        written = {n: p.default for n, p in PERSON_PREFERENCES.items() if p.default is not None}
        assert check_preferences(written, "person") == []


class TestObjects:
    TEXT = (
        '[defaults.person]\nzone = "Europe/Oslo"\n'
        '[person."paul.boddie@example.com"]\nname = "Paul Boddie"\nincoming = "message-only"\n'
    )

    def test_applying_twice_changes_nothing_and_leaving_out_a_key_takes_it_back(
        self, tmp_path: Path
    ) -> None:
        house = House()
        declared = declare(tmp_path, self.TEXT)
        first = apply_objects(house.store, declared, NOW, prune=False, dry_run=False)
        assert f'person {PAUL}: incoming = "message-only"' in map(str, first)
        assert apply_objects(house.store, declared, NOW, prune=False, dry_run=False) == []
        less = declare(tmp_path, self.TEXT.replace('incoming = "message-only"\n', ""))
        (change,) = apply_objects(house.store, less, NOW, prune=False, dry_run=False)
        assert "incoming is no longer set" in str(change)

    def test_what_is_exported_is_what_was_declared(self, tmp_path: Path) -> None:
        house = House()
        apply_objects(house.store, declare(tmp_path, self.TEXT), NOW, prune=False, dry_run=False)
        text = as_toml(export_objects(house.store, "person", None))
        again = declare(tmp_path, text)
        assert again.persons == {PAUL: {"CN": "Paul Boddie", "incoming": "message-only"}}
        whole = as_toml(export_objects(house.store, None, None))
        assert '[defaults.person]\nTZID = "Europe/Oslo"' in whole

    def test_faults_stand_where_they_were_written(self, tmp_path: Path) -> None:
        with pytest.raises(BadObjects) as caught:
            declare(
                tmp_path,
                '[person."paul@example.com"]\nincomming = "x"\nacl = "accept"\n'
                '[resource."paul@example.com"]\n[defaults.persons]\n',
            )
        assert [str(fault).partition("people.toml:")[2] for fault in caught.value.faults] == [
            '2:1: person."paul@example.com".incomming: there is no such preference; did you mean '
            '"incoming"?',
            '3:1: person."paul@example.com".acl: a person has no such preference',
            '4:1: resource."paul@example.com": paul@example.com is declared twice',
            "5:1: defaults.persons: only defaults.resource and defaults.person exist",
        ]

    def test_one_address_is_not_two_kinds_of_user(self, tmp_path: Path) -> None:
        house = House()
        declared = declare(tmp_path, f'[resource."{PAUL}"]\n')
        with pytest.raises(Conflict, match="is a person here"):
            apply_objects(house.store, declared, NOW, prune=False, dry_run=False)

    def test_pruning_removes_a_person_with_all_that_was_kept(self, tmp_path: Path) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        declared = declare(tmp_path, f'[resource."{ROOM}"]\n')
        changes = apply_objects(house.store, declared, NOW, prune=True, dry_run=False)
        assert f"person {PAUL}: removed" in map(str, changes)
        for table in ("person_queue", "person_attendance", "known_freebusy", "booking_period"):
            rows = house.engine._writer.execute(f"SELECT COUNT(*) FROM {table}")
            assert next(iter(rows)) == (0,), table


class TestQuestions:
    def test_what_is_open_and_next_and_why(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        questions = Questions(house.store, house.settings)
        start, end = oslo("2026-12-01 09:00"), oslo("2026-12-01 12:00")
        found = questions.open(PAUL, start, end, house.now)
        assert found.kind == "person"
        assert [(p.start, p.end) for p in found.periods] == [
            (start, oslo(TEN)), (oslo(ELEVEN), end),
        ]  # fmt: skip
        id_, kind, (item,) = questions.next(PAUL, 5, house.now)
        assert (id_, kind, item.at) == (PAUL, "person", oslo(TEN))
        assert questions.why_event(PAUL, "e1").verdict == "RECORDED"
        assert questions.why_at(PAUL, oslo(TEN), house.now).verdict == "closed"

    def test_a_dry_run_says_what_would_be_recorded_and_records_nothing(self) -> None:
        house = House()
        data = house.mail(request(vevent("e1", TEN, ELEVEN, to=(PAUL,))), by=VINCENT, to=PAUL)
        (outcome,) = house.agent.dry_run(VINCENT, PAUL, data, house.now).outcomes
        assert (outcome.result.value, outcome.mails) == ("RECORDED", ())
        assert house.waiting() == []


def horarium(
    site: Path, *arguments: str, stdin: bytes = b"", status: int = 0
) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "horarium.cli.entry", *arguments, "--site", str(site)]
    program += ["--now", "2026-11-21T08:00:00Z"]
    done = subprocess.run(
        program, input=stdin, capture_output=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == status, done
    return done


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with Paul, whose mailbox is a folder."""
    (tmp_path / "objects").mkdir()
    settings = 'zone = "Europe/Oslo"\n[mail]\nlocal_delivery = "maildir:boxes"\n'
    settings += 'smtp = "maildir:out"\n'
    (tmp_path / "horarium.toml").write_text(settings)
    objects = f'[person."{PAUL}"]\nfreebusy_sharing = "share"\nfreebusy_publishing = "publish"\n'
    (tmp_path / "objects" / "people.toml").write_text(objects)
    for path in (tmp_path / "horarium.toml", tmp_path / "objects" / "people.toml"):
        path.chmod(0o600)
    horarium(tmp_path, "apply", str(tmp_path / "objects"))
    return tmp_path


class TestCommands:
    house = House()
    invitation = house.mail(request(vevent("e1", TEN, ELEVEN, to=(PAUL,))), by=VINCENT, to=PAUL)
    answer = house.mail(reply("e1", TEN, ELEVEN), by=PAUL, to=VINCENT)

    def test_mail_is_queued_and_flushed_into_the_mailbox(self, site: Path) -> None:
        horarium(site, "deliver", "-s", VINCENT, "-r", PAUL, stdin=self.invitation)
        assert not (site / "boxes").exists()
        horarium(site, "outbox", "flush")
        (message,) = mailbox.Maildir(site / "boxes", create=False)
        assert message["X-Envelope-To"] == PAUL
        assert self.invitation in message.as_bytes().replace(b"\n", b"\r\n")
        assert not (site / "out").exists()

    def test_emit_says_where_a_message_goes(self, site: Path) -> None:
        done = horarium(site, "deliver", "--emit", "-s", VINCENT, "-r", PAUL, stdin=self.invitation)
        assert b"\nX-Envelope-To: paul.boddie@example.com\n" in done.stdout
        assert b"\nX-Horarium-Delivery: local\n" in done.stdout
        assert b"X-Horarium-Delivery: send" not in done.stdout

    def test_from_the_invitation_to_the_published_document(self, site: Path) -> None:
        horarium(site, "deliver", "-s", VINCENT, "-r", PAUL, stdin=self.invitation)
        show = ("freebusy", "show", PAUL, "--from", "2026-12-01T00:00:00Z", "--to")
        span = ("2026-12-02T00:00:00Z", "--json")
        assert json.loads(horarium(site, *show, *span).stdout)["busy"] == []
        (other,) = json.loads(horarium(site, *show, *span, "--other").stdout)["other"]
        assert (other["party"], other["type"], other["uid"]) == (VINCENT, "BUSY", "e1")
        done = horarium(site, "deliver", "--outgoing", "-s", PAUL, "-r", PAUL, stdin=self.answer)
        assert done.stdout == b""
        (busy,) = json.loads(horarium(site, *show, *span).stdout)["busy"]
        assert (busy["start"], busy["type"]) == ("2026-12-01T09:00:00Z", "BUSY")
        document = site / "state" / "freebusy" / f"{PAUL}.ifb"
        before = document.read_bytes()
        assert b"20261201T090000Z/20261201T100000Z" in before
        document.unlink()
        said = horarium(site, "freebusy", "publish", PAUL).stdout.decode().strip()
        assert (said, document.read_bytes()) == (str(document), before)
        horarium(site, "freebusy", "rebuild", "--other", PAUL)

    def test_publishing_what_is_not_shared_is_not_permitted(self, site: Path) -> None:
        horarium(site, "resource", "set", PAUL, "freebusy_sharing", "no")
        done = horarium(site, "freebusy", "publish", PAUL, status=77)
        assert b"does not share its free/busy" in done.stderr

    def test_a_command_changes_a_preference_and_check_knows_the_kind(self, site: Path) -> None:
        horarium(site, "resource", "set", PAUL, "incoming", "summary-only")
        done = horarium(site, "resource", "show", PAUL, "--json")
        document = json.loads(done.stdout)
        assert document["kind"] == "person"
        assert document["preferences"]["incoming"] == {"value": "summary-only", "layer": "own"}
        assert "acl" not in document["preferences"]
        done = horarium(site, "resource", "set", PAUL, "acl", "accept", status=64)
        assert b"a person has no such preference" in done.stderr
        horarium(site, "check")
