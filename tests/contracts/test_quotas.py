"""The journal of quotas: whatever happens in whatever order, the sums are those of the rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from horarium.booking.quota import Charge, Claim, Quota
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.store.embedded import EmbeddedEngine
from horarium.store.queries import load_queries
from horarium.store.quotas import LONG_SECONDS, QuotaRepository, quota_key
from horarium.store.store import Store, Transaction

T0 = 1_800_000_000
HOUR = 3_600
DAY = 86_400
QUOTAS = ("cars", "mailto:resource-car@example.com")
PEOPLE = ("harvey.horse@example.com", "simon.skunk@example.com", "vincent.vole@example.com")
RESOURCES = (1, 2)
UIDS = ("a", "b")


def new_store() -> Store:
    engine = EmbeddedEngine(":memory:")
    engine.migrate(T0)
    store = Store(engine)

    def declare(tx: Transaction) -> None:
        for name in ("cadillac", "pontiac"):
            tx.directory.declare(f"mailto:resource-car-{name}@example.com", "resource", "test")

    store.transact([], declare)
    return store


@pytest.fixture
def store() -> Store:
    return new_store()


def at(hours: float) -> Instant:
    return Instant(T0 + int(hours * HOUR))


def span(start: float, end: float) -> Period:
    return Period(at(start), at(end))


def charge(
    start: float,
    end: float,
    *,
    who: str = PEOPLE[2],
    identity: str = "",
    quota: str = "cars",
    original: float | None = None,
    pending: bool = False,
) -> Charge:
    first = at(start if original is None else original)
    return Charge(quota, identity or who, who, first, span(start, end), pending)


def claim(start: float, end: float, resource: int, uid: str, who: str = PEOPLE[2]) -> Claim:
    return Claim("cars", who, resource, uid, at(start), span(start, end))


def quota(groups: dict[str, str] | None = None, name: str = "cars") -> Quota:
    return Quota(name, {}, groups or {}, ())


def write(store: Store, work: object) -> object:
    keys = [quota_key("default", name) for name in QUOTAS]
    return store.transact(keys, lambda tx: work(tx.quotas))  # type: ignore[operator]


def used(store: Store, identity: str = PEOPLE[2], name: str = "cars") -> int:
    return store.read(lambda tx: tx.quotas.used(name, identity))


# --- one thing after another -------------------------------------------------


def test_an_event_is_charged_and_released(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(0, 6)]))
    write(store, lambda q: q.restate(2, "a", [charge(0, 4)]))
    assert used(store) == 10 * HOUR
    write(store, lambda q: q.restate(1, "a", [charge(0, 5)]))
    assert used(store) == 9 * HOUR
    write(store, lambda q: q.restate(1, "a", []))
    write(store, lambda q: q.restate(2, "a", []))
    assert used(store) == 0
    assert store.read(lambda tx: tx.quotas.usage("cars")) == []


def test_a_pending_charge_counts_beside_the_one_that_stands(store: Store) -> None:
    both = [charge(0, 6), charge(1, 4, original=0, pending=True)]
    write(store, lambda q: q.restate(1, "a", both))
    assert store.read(lambda tx: tx.quotas.of_event(1, "a")) == both
    assert used(store) == 9 * HOUR


def test_what_was_settled_stays_though_nobody_states_it(store: Store) -> None:
    past, later, next_ = charge(0, 1), charge(24, 25), charge(48, 49)
    write(store, lambda q: q.restate(1, "a", [past, later]))
    write(store, lambda q: q.restate(1, "a", [next_], settled=at(1)))
    assert store.read(lambda tx: tx.quotas.of_event(1, "a")) == [past, next_]
    assert used(store) == 2 * HOUR


def test_an_occurrence_that_moved_replaces_its_settled_charge(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(0, 1)]))
    moved = charge(30, 33, original=0)
    write(store, lambda q: q.restate(1, "a", [moved], settled=at(1)))
    assert store.read(lambda tx: tx.quotas.of_event(1, "a")) == [moved]
    assert used(store) == 3 * HOUR


def test_expiry_replenishes_the_quota_and_runs_twice_without_effect(store: Store) -> None:
    series = [charge(24 * day, 24 * day + 2) for day in range(5)]
    write(store, lambda q: q.restate(1, "a", series))
    assert write(store, lambda q: q.expire("cars", at(26))) == 2
    assert used(store) == 3 * 2 * HOUR
    assert write(store, lambda q: q.expire("cars", at(26))) == 0
    assert write(store, lambda q: q.expire("cars", at(3))) == 0
    assert used(store) == 3 * 2 * HOUR
    assert store.read(lambda tx: tx.quotas.mark("cars")) == at(26)
    assert len(store.read(lambda tx: tx.quotas.journal("cars"))) == 5, "the rows are history"


def test_what_ends_before_the_mark_counts_neither_when_it_comes_nor_when_it_goes(
    store: Store,
) -> None:
    write(store, lambda q: q.expire("cars", at(10)))
    write(store, lambda q: q.restate(1, "a", [charge(1, 10), charge(9, 11)]))
    assert used(store) == 2 * HOUR
    write(store, lambda q: q.restate(1, "a", []))
    assert used(store) == 0


def test_groups_take_over_what_their_members_used(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(0, 6)]))
    write(store, lambda q: q.restate(1, "b", [charge(9, 10, who=PEOPLE[0])]))
    write(store, lambda q: q.reattribute(quota({PEOPLE[2]: "developers", "*": "others"})))
    usage = store.read(lambda tx: tx.quotas.usage("cars"))
    assert usage == [("developers", 6 * HOUR), ("others", HOUR)]
    write(store, lambda q: q.reattribute(quota({"*": "all"})))
    assert store.read(lambda tx: tx.quotas.usage("cars")) == [("all", 7 * HOUR)]
    write(store, lambda q: q.reattribute(quota()))
    assert (used(store), used(store, PEOPLE[0])) == (6 * HOUR, HOUR)


def test_the_journal_names_events_and_can_be_narrowed(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(5, 6, identity="developers")]))
    write(store, lambda q: q.restate(2, "b", [charge(1, 2, who=PEOPLE[0])]))
    entries = store.read(lambda tx: tx.quotas.journal("cars"))
    assert [(e.resource.split("-")[2], e.uid) for e in entries] == [
        ("pontiac@example.com", "b"),
        ("cadillac@example.com", "a"),
    ]
    narrowed = store.read(lambda tx: tx.quotas.journal("cars", identity="developers"))
    assert narrowed == entries[1:]


def test_entries_of_a_resource_are_found_by_time(store: Store) -> None:
    long = charge(-24 * 40, 1, original=-1000)
    write(store, lambda q: q.restate(1, "a", [charge(0, 2), charge(5, 6)]))
    write(store, lambda q: q.restate(1, "b", [charge(0, 2, who=PEOPLE[0])]))
    write(store, lambda q: q.restate(1, "c", [long]))
    write(store, lambda q: q.restate(2, "a", [charge(0, 2)]))
    write(store, lambda q: q.restate(1, "d", [charge(0, 2, quota=QUOTAS[1])]))

    def entries(*spans: Period, without: str = "") -> list[Charge]:
        return store.read(lambda tx: tx.quotas.entries("cars", 1, spans, without))

    assert entries(span(2, 5), span(6, 7)) == [], "what only touches does not overlap"
    found = entries(span(0, 1), span(1, 6))
    assert found == [long, charge(0, 2), charge(0, 2, who=PEOPLE[0]), charge(5, 6)]
    assert entries(span(0, 1), span(1, 6), without="a") == [long, charge(0, 2, who=PEOPLE[0])]
    assert entries() == []


def test_claims_are_those_of_one_organizer(store: Store) -> None:
    first, second = claim(9, 11, 1, "a"), claim(20, 22, 1, "a")
    write(store, lambda q: q.restate_claims(1, "a", [first, second]))
    write(store, lambda q: q.restate_claims(2, "b", [claim(10, 12, 2, "b", PEOPLE[0])]))

    def claims(who: str, *spans: Period) -> list[Claim]:
        return store.read(lambda tx: tx.quotas.claims("cars", who, spans))

    assert claims(PEOPLE[2], span(10, 12)) == [first]
    assert claims(PEOPLE[0], span(10, 12)) == [claim(10, 12, 2, "b", PEOPLE[0])]
    assert claims(PEOPLE[2], span(11, 20)) == []
    assert claims(PEOPLE[2], span(8, 10), span(8, 21)) == [first, second]
    write(store, lambda q: q.restate_claims(1, "a", [], settled=at(11)))
    assert store.read(lambda tx: tx.quotas.claims_of_event(1, "a")) == [first]
    write(store, lambda q: q.restate_claims(1, "a", []))
    assert claims(PEOPLE[2], span(0, 100)) == []
    assert store.read(lambda tx: tx.quotas.usage("cars")) == [], "claims are no usage"


def test_a_claim_longer_than_a_month_is_found_everywhere(store: Store) -> None:
    hours = LONG_SECONDS // HOUR + 100
    long = claim(0, hours, 1, "a")
    write(store, lambda q: q.restate_claims(1, "a", [long]))
    for start in (0, hours / 2, hours - 1):
        found = store.read(
            lambda tx, s=start: tx.quotas.claims("cars", PEOPLE[2], [span(s, s + 1)])
        )
        assert found == [long]


def test_every_quota_that_was_used_is_known(store: Store) -> None:
    assert store.read(lambda tx: tx.quotas.names()) == []
    write(store, lambda q: q.restate(1, "a", [charge(0, 1, quota="b")]))
    write(store, lambda q: q.restate_claims(1, "a", [claim(0, 1, 1, "a")]))
    write(store, lambda q: q.expire("a", at(5)))
    assert store.read(lambda tx: tx.quotas.names()) == ["a", "b", "cars"]


def test_retention_drops_in_pieces_and_only_what_counts_no_more(store: Store) -> None:
    series = [charge(24 * day, 24 * day + 2) for day in range(10)]
    write(store, lambda q: q.restate(1, "a", series))
    write(store, lambda q: q.restate_claims(1, "a", [claim(0, 2, 1, "a"), claim(99, 100, 1, "a")]))
    assert write(store, lambda q: q.purge(at(50))) == 1, "only a claim: nothing has expired yet"
    write(store, lambda q: q.expire("cars", at(24 * 6)))
    before = used(store)
    assert [write(store, lambda q: q.purge(at(50), 2)) for _ in range(3)] == [2, 1, 0]
    assert len(store.read(lambda tx: tx.quotas.journal("cars"))) == 7
    assert write(store, lambda q: q.purge(at(24 * 60))) == 3 + 1
    assert used(store) == before == 4 * 2 * HOUR


def test_a_resource_that_goes_takes_its_charges_with_it(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(0, 6)]))
    write(store, lambda q: q.restate(2, "a", [charge(0, 1)]))
    write(store, lambda q: q.restate_claims(1, "a", [claim(0, 6, 1, "a")]))
    cadillac = store.read(lambda tx: tx.directory.users())[0]
    store.transact([], lambda tx: tx.directory.remove(cadillac))
    assert used(store) == HOUR
    assert store.read(lambda tx: tx.quotas.claims("cars", PEOPLE[2], [span(0, 9)])) == []


def test_an_amount_below_nothing_can_not_be_kept(store: Store) -> None:
    write(store, lambda q: q.restate(1, "a", [charge(0, 1)]))
    with pytest.raises(Exception, match="CHECK"):
        write(store, lambda q: q._change("cars", PEOPLE[2], -2 * HOUR))


def test_the_cost_of_a_charge_does_not_grow_with_the_journal(store: Store) -> None:
    """No query on a decision's way looks at more rows than those it answers with."""
    queries = load_queries("sqlite")
    for query in ("quota_used", "charges_of_event", "quota_mark", "claims_of_event"):
        engine = store._engine
        assert isinstance(engine, EmbeddedEngine)
        names = ("tenant", "quota", "identity", "resource", "uid")
        values = {name: 1 for name in names if f":{name}" in queries[query]}
        lines = [
            row[3] for row in engine._writer.execute(f"EXPLAIN QUERY PLAN {queries[query]}", values)
        ]
        searches = [line for line in lines if "TEMP B-TREE" not in line]
        assert len(searches) == 1
        assert "USING PRIMARY KEY" in searches[0]
        assert searches[0].count("=?") == sum(name in values for name in names)


# --- in any order ------------------------------------------------------------

hours = st.integers(-40, 40)


@st.composite
def charges(draw: st.DrawFn) -> list[tuple[str, str, int, int, int, bool]]:
    """Quota, organizer, original, start, length and whether it is pending; no name twice."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(QUOTAS), st.sampled_from(PEOPLE), st.integers(0, 3), hours,
                st.one_of(st.integers(1, 9), st.just(24 * 40)), st.booleans(),
            ),
            max_size=4,
        )
    )  # fmt: skip
    return list({(quota, original, pending): (quota, who, original, start, length, pending)
                 for quota, who, original, start, length, pending in drawn}.values())  # fmt: skip


GROUPS = st.dictionaries(
    st.sampled_from((*PEOPLE, "*")), st.sampled_from(("developers", "testers"))
)


class Journal(RuleBasedStateMachine):
    """A journal beside a plain list of rows that is summed up anew for each question."""

    def __init__(self) -> None:
        super().__init__()
        self.store = new_store()
        self.rows: dict[tuple[int, str], list[Charge]] = {}
        self.marks: dict[str, Instant] = {}
        self.quotas = {name: quota(name=name) for name in QUOTAS}

    @initialize(groups=GROUPS)
    def begin(self, groups: dict[str, str]) -> None:
        self.quotas["cars"] = quota(groups)

    @rule(
        resource=st.sampled_from(RESOURCES), uid=st.sampled_from(UIDS), drawn=charges(),
        settled=st.one_of(st.none(), hours),
    )  # fmt: skip
    def restate(
        self,
        resource: int,
        uid: str,
        drawn: list[tuple[str, str, int, int, int, bool]],
        settled: int | None,
    ) -> None:
        stated = [
            charge(
                start, start + length, who=who, quota=name, original=original, pending=pending,
                identity=self.quotas[name].identity(who),
            )
            for name, who, original, start, length, pending in drawn
        ]  # fmt: skip
        line = None if settled is None else at(settled)
        write(self.store, lambda q: q.restate(resource, uid, stated, line))
        names = {(c.quota, c.original, c.pending) for c in stated}
        history = [
            c
            for c in self.rows.get((resource, uid), [])
            if line is not None
            and c.event.end <= line
            and (c.quota, c.original, c.pending) not in names
        ]
        self.rows[resource, uid] = history + stated

    @rule(name=st.sampled_from(QUOTAS), mark=hours)
    def expire(self, name: str, mark: int) -> None:
        before = self.marks.get(name)
        ended = [
            c
            for c in self.all_of(name)
            if c.event.end <= at(mark) and (before is None or c.event.end > before)
        ]
        assert write(self.store, lambda q: q.expire(name, at(mark))) == len(ended)
        self.marks[name] = at(mark) if before is None else max(before, at(mark))

    @rule(name=st.sampled_from(QUOTAS), groups=GROUPS)
    def regroup(self, name: str, groups: dict[str, str]) -> None:
        self.quotas[name] = quota(groups, name)
        write(self.store, lambda q: q.reattribute(self.quotas[name]))
        for event, rows in self.rows.items():
            self.rows[event] = [
                c if c.quota != name else
                Charge(name, self.quotas[name].identity(c.organizer), c.organizer, c.original,
                       c.event, c.pending)
                for c in rows
            ]  # fmt: skip

    @rule(before=hours)
    def purge(self, before: int) -> None:
        while write(self.store, lambda q: q.purge(at(before), 1)):
            pass
        for event, rows in self.rows.items():
            self.rows[event] = [
                c for c in rows
                if c.event.end > min(at(before), self.marks.get(c.quota, Instant(0)))
            ]  # fmt: skip

    @rule(start=hours, length=st.integers(1, 30), resource=st.sampled_from(RESOURCES))
    def look(self, start: int, length: int, resource: int) -> None:
        within = span(start, start + length)
        found = self.store.read(lambda tx: tx.quotas.entries("cars", resource, [within]))
        expected = [
            c
            for (where, _), rows in self.rows.items()
            for c in rows
            if where == resource and c.quota == "cars" and c.event.overlaps(within)
        ]
        assert sorted(found, key=repr) == sorted(expected, key=repr)

    def all_of(self, name: str) -> Iterator[Charge]:
        return (c for rows in self.rows.values() for c in rows if c.quota == name)

    @invariant()
    def sums_are_those_of_the_rows(self) -> None:
        def look(q: QuotaRepository) -> None:
            for name in QUOTAS:
                sums: dict[str, int] = {}
                for c in self.all_of(name):
                    if c.event.end > self.marks.get(name, Instant(-1)):
                        sums[c.identity] = sums.get(c.identity, 0) + c.event.seconds
                assert dict(q.usage(name)) == sums
                assert all(q.used(name, identity) == sums[identity] for identity in sums)
                assert q.used(name, "nobody") == 0
            for (resource, uid), rows in self.rows.items():
                found = q.of_event(resource, uid)
                assert sorted(found, key=repr) == sorted(rows, key=repr)

        self.store.read(lambda tx: look(tx.quotas))


TestJournal = Journal.TestCase
TestJournal.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
