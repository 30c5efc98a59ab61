"""Signing in: who gets in, who waits, and what nobody learns."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.identity.counted import CountedSecrets
from tests.identity.site import HOME, PASSWORD, SETTINGS, T0, Site, header

from horarium.identity.account import Role, Status
from horarium.identity.password import Scrypt
from horarium.identity.record import Kind
from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime import accounts
from horarium.runtime.passwords import BoundedPasswords
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import Signed, Wait
from horarium.runtime.signing_in import Refused, SignedIn, SigningIn, device_of
from horarium.store.store import Transaction


@pytest.fixture
def site() -> Site:
    made = Site()
    made.account("paul", Role.ADMIN)
    return made


def test_the_visitors_session_ends_and_what_hung_on_it_goes_over() -> None:
    handed: list[tuple[str, str]] = []

    def pass_on(_tx: Transaction, old: str, new: str) -> None:
        handed.append((old, new))

    site = Site(pass_on)
    site.account()
    visitor = site.visitor()
    done = site.sign_in(visitor=visitor)
    assert done.session.get_hash_id() != visitor.get_hash_id()
    assert done.session.csrf_secret != visitor.csrf_secret
    assert handed == [(visitor.digest, done.session.digest)]
    assert site.who(visitor.get_cookie("horarium", now=site.now)) is None
    assert site.who(done.cookie) == "paul"
    assert done.session.kind is Kind.STAFF
    assert done.account.last_sign_in == T0 // 86_400


def test_the_name_is_read_without_regard_to_case(site: Site) -> None:
    assert site.sign_in("PAUL").account.name == "paul"


def test_one_answer_for_all_that_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    verify = site.passwords.verify

    def counted(password: str, stored: str) -> bool:
        computed.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(site.passwords, "verify", counted)
    site.account("disabled")
    site.account("bare", password="")
    accounts.set_status(site.keeper, "disabled", Status.DISABLED, "operator", site.now)
    accounts.add_account(
        site.keeper, SETTINGS, "robot", accounts.Wanted(frozenset({Role.PROGRAM})), "op", site.now
    )
    tries = [
        ("paul", "wrong, alas"), ("nobody", PASSWORD), ("disabled", PASSWORD), ("bare", PASSWORD),
        ("bare", ""), ("robot", PASSWORD), ("not a name!", PASSWORD), ("", ""), ("x" * 5000, "x"),
    ]  # fmt: skip
    for name, password in tries:
        assert site.try_in(name, password) == Refused()
    assert len(computed) == len(tries), "one computation each"
    assert all(not stored for stored in computed[1:])


def test_the_log_tells_no_password_and_no_unknown_name(site: Site) -> None:
    site.try_in("nobody.knows@example.com", "secret attempt")
    site.try_in("paul", "secret attempt")
    done = site.sign_in()
    site.keeper.sign_out(done.session, HOME, site.now)
    told = [(h.what, h.account, h.source, h.session, h.detail) for h in site.log()[-4:]]
    assert told == [
        ("failure", "", HOME, "", "unknown name"),
        ("failure", "paul", HOME, "", ""),
        ("sign_in", "paul", HOME, done.session.id8, ""),
        ("sign_out", "paul", HOME, done.session.id8, ""),
    ]
    whole = str(site.log())
    for secret in ("nobody.knows", "secret attempt", PASSWORD, done.session.get_hash_id()):
        assert secret not in whole


def test_the_example_of_ten_failures(site: Site) -> None:
    """Five at seconds 0 to 4; refused at 4, looked at 5; on at 7, 11, 19 and 35; then from 900."""

    def at(second: int, password: str = "wrong, alas") -> object:
        site.now = Instant(T0 + second)
        return site.try_in(password=password)

    for second in range(5):
        assert at(second) == Refused()
    assert at(4) == Wait(Instant(T0 + 5))
    assert at(4, PASSWORD) == Wait(Instant(T0 + 5)), "not even the right one is looked at"
    for second, before in ((5, 4), (7, 6), (11, 10), (19, 18), (35, 34)):
        assert isinstance(at(before), Wait)
        assert at(second) == Refused()
    for second in (36, 51, 899):
        assert at(second, PASSWORD) == Wait(Instant(T0 + 900))
    assert isinstance(at(900, PASSWORD), SignedIn)


def test_a_success_clears_the_counter(site: Site) -> None:
    for _ in range(4):
        assert site.try_in(password="wrong, alas") == Refused()
    site.sign_in()
    for _ in range(4):
        assert site.try_in(password="wrong, alas") == Refused()
    site.sign_in()


def test_an_unknown_name_waits_like_a_known_one(site: Site) -> None:
    for name in ("nobody", "Not A Name"):
        for _ in range(5):
            assert site.try_in(name) == Refused()
        assert isinstance(site.try_in(name), Wait)
        assert isinstance(site.try_in(name.upper()), Wait)


def test_a_known_browser_is_not_locked_out_by_others(site: Site) -> None:
    done = site.sign_in()
    assert done.browser_cookie is not None
    mine = device_of(header(done.cookie, done.browser_cookie), site.keeper)
    for _ in range(5):
        site.try_in(password="wrong, alas", source="192.0.2.66")
    assert isinstance(site.try_in(), Wait)
    assert isinstance(site.try_in(device="x" * 43), Wait), "one that it never was"
    again = site.sign_in(device=mine)
    assert again.browser_cookie is None
    site.account("eva")
    for _ in range(5):
        site.try_in("eva", "wrong, alas", device=mine)
    assert isinstance(site.try_in("eva", device=mine), Wait), "known to another account only"
    for _ in range(5):
        site.try_in(password="wrong, alas", device=mine)
    assert isinstance(site.try_in(device=mine), Wait), "its own counter counts"


def test_a_browser_is_known_for_180_days(site: Site) -> None:
    done = site.sign_in()
    assert done.browser_cookie is not None
    assert done.browser_cookie.max_age == 180 * 86_400
    mine = done.browser_cookie.value
    site.after(180 * 86_400 - 1)
    assert site.sign_in(device=mine).browser_cookie is None
    site.after(1)
    assert site.sign_in(device=mine).browser_cookie is not None


def test_a_source_may_fail_fifty_times_in_a_quarter_of_an_hour(site: Site) -> None:
    network = "2001:db8:1:2::"
    for number in range(50):
        assert site.try_in(f"name-{number}", source=f"{network}{number + 1:x}") == Refused()
    assert site.try_in(source=f"{network}abcd") == Wait(Instant(T0 + 900))
    assert isinstance(site.try_in(source="2001:db8:1:3::1"), SignedIn)
    site.after(900)
    assert isinstance(site.try_in(source=f"{network}abcd"), SignedIn)


def test_a_success_is_not_counted_against_its_source(site: Site) -> None:
    for _ in range(60):
        site.sign_in()


def test_tries_at_the_same_time_can_not_pass_the_throttle_together(site: Site) -> None:
    """Each is counted before its password is looked at."""
    entered: list[object] = []

    class Slow:
        def verify(self, password: str, stored: str) -> bool:
            if len(entered) < 30:
                entered.append(1)
                entered.append(site.try_in(password="wrong, alas"))
            return False

        def outgrown(self, stored: str) -> bool:
            return False

        def hash(self, password: str) -> str:
            raise AssertionError

    site.signing = SigningIn(site.keeper, Slow())
    assert site.try_in(password="wrong, alas") == Refused()
    looked_at = [one for one in entered if one == 1]
    assert len(looked_at) == 5


def test_when_too_many_are_checked_nothing_is_counted(site: Site) -> None:
    class Busy(BoundedPasswords):
        def verify(self, password: str, stored: str) -> bool:
            raise Unavailable("too many passwords are being checked; try again")

    busy = SigningIn(site.keeper, Busy(site.secrets))
    for _ in range(20):
        with pytest.raises(Unavailable, match="too many passwords"):
            busy.sign_in("paul", PASSWORD, None, HOME, None, site.now)
    site.sign_in()


def test_at_most_four_compute_and_sixty_four_wait() -> None:
    go, refused, lock = threading.Event(), threading.Semaphore(0), threading.Lock()
    computing = most = done = 0
    passwords = BoundedPasswords(CountedSecrets(), Scrypt(1, 8, 1))

    def work() -> None:
        nonlocal computing, most, done
        try:
            with passwords._turn():
                with lock:
                    computing += 1
                    most = max(most, computing)
                go.wait(60)
                with lock:
                    computing -= 1
                    done += 1
        except Unavailable:
            refused.release()

    threads = [threading.Thread(target=work) for _ in range(70)]
    for thread in threads:
        thread.start()
    assert all(refused.acquire(timeout=60) for _ in range(2))
    go.set()
    for thread in threads:
        thread.join()
    assert (done, most) == (68, 4)
    assert not refused.acquire(blocking=False)
    assert passwords.verify("a long secret", passwords.hash("a long secret"))


def test_a_password_is_hashed_anew_when_the_parameters_have_risen(site: Site) -> None:
    before = accounts.find_account(site.store, "paul").password
    assert before.startswith("$scrypt$ln=2,")
    site.passwords = BoundedPasswords(site.secrets, Scrypt(3, 8, 1))
    site.signing = SigningIn(site.keeper, site.passwords)
    assert site.try_in(password="wrong, alas") == Refused()
    assert accounts.find_account(site.store, "paul").password == before
    site.sign_in()
    assert accounts.find_account(site.store, "paul").password.startswith("$scrypt$ln=3,")
    site.sign_in()


@pytest.mark.parametrize("change", ["disable", "password", "remove"])
def test_what_changes_while_the_password_is_checked_counts(site: Site, change: str) -> None:
    site.account("eva")

    class Meanwhile(BoundedPasswords):
        def verify(self, password: str, stored: str) -> bool:
            if change == "disable":
                accounts.set_status(site.keeper, "eva", Status.DISABLED, "op", site.now)
            elif change == "password":
                accounts.set_password(
                    site.keeper, site.passwords, "eva", "another secret", "op", site.now
                )
            else:
                accounts.remove_account(site.keeper, "eva", "op", site.now)
            assert super().verify(password, stored)
            return True

    site.signing = SigningIn(site.keeper, Meanwhile(site.secrets, Scrypt(2, 8, 1)))
    assert site.try_in("eva") == Refused()


def test_staying_signed_in_is_off_unless_it_is_offered(site: Site) -> None:
    assert site.sign_in(remember=True).session.kind is Kind.STAFF
    offered = Site(rules=session_rules(replace(SETTINGS.web, remember=True)))
    offered.account()
    assert offered.sign_in().session.kind is Kind.STAFF
    done = offered.sign_in(remember=True)
    assert done.session.kind is Kind.REMEMBERED
    assert done.cookie.max_age == 30 * 86_400
    offered.after(14 * 86_400 - 1)
    found = offered.keeper.authenticate(header(done.cookie), offered.now)
    assert isinstance(found, Signed)
    offered.after(14 * 86_400)
    assert offered.who(done.cookie) is None
