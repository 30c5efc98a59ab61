"""The checker of runs: the tables of the rules, a small daemon of its own, and logs made wrong."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.directives.firing_oracle import MIDNIGHT, World, most_served, random_world
from tests.growth import growth
from tests.kernel.scale import cases
from tests.kernel.schedules import timetable

from horarium.directives.expected import Window
from horarium.directives.verify import Kind, Listing, Ran, Stretch, Verdict, matched, verify
from horarium.kernel.instant import Instant
from horarium.kernel.schedule import CatchUpKind

DAY = 86_400
LONGEST = 20 * 60


def at(clock: str) -> int:
    """The instant of a time of day of 2026-03-02, in UTC."""
    hours, minutes, seconds = (int(part) for part in f"{clock}:00".split(":")[:3])
    return MIDNIGHT + hours * 3_600 + minutes * 60 + seconds


def listing(
    text: str, since: str = "00:00", *, until: str | None = None, entry: str = "e", task: int = 1
) -> Listing:
    """An entry activated, and its grid anchored, at a time of day."""
    found = timetable(text, Instant(at(since)), anchor=Instant(at(since)))
    return Listing(entry, task, found, None if until is None else Instant(at(until)))


def log(*clocks: str, length: float = 0, entry: str = "e", task: int = 1) -> list[Ran]:
    return [
        Ran(f"{entry}{n}", entry, task, at(clock), at(clock) + length)
        for n, clock in enumerate(clocks)
    ]


def judged(
    entry: Listing,
    runs: list[Ran],
    now: str,
    *,
    outages: tuple[Stretch, ...] = (),
    epsilon: float = 1,
    crashes: tuple[str, ...] = (),
) -> list[Verdict]:
    return verify([entry], outages, runs, at(now), epsilon=epsilon, longest=300, crashes=crashes)


def kinds(verdicts: list[Verdict]) -> list[str]:
    return [verdict.kind.value for verdict in verdicts]


# --- the tables --------------------------------------------------------------

HOURLY = "periodic 01:00 overlap queue_one"
NONE = "catch_up none overlap queue_one"


@pytest.mark.parametrize("policy", ["", " catch_up none"])
@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (("10:00:00", "11:00:01"), []),
        (("10:00:00", "10:00:00", "11:00:00"), ["extra"]),
        (("09:59:59", "11:00:00"), ["early"]),
        (("10:07:00", "11:00:00"), ["late"]),
        (("11:00:00",), ["missed"]),
        (("10:00:00", "10:30:00", "11:00:00"), ["extra"]),
        (("10:00:00", "11:00:02"), ["late"]),
        ((), ["missed", "missed"]),
    ],
)
def test_two_targets_with_a_second_of_tolerance(
    starts: tuple[str, ...], expected: list[str], policy: str
) -> None:
    assert kinds(judged(listing(HOURLY + policy, "10:00"), log(*starts), "11:50")) == expected


def test_a_verdict_says_what_and_how_late() -> None:
    late, missed = judged(listing(HOURLY, "10:00"), log("10:07"), "11:50")
    assert (late.at, late.kind, late.run) == (at("10:07"), Kind.LATE, "e0")
    assert late.detail == "late by 420 s, for 2026-03-02T10:00:00Z"
    assert (missed.at, missed.kind, missed.run) == (at("11:00"), Kind.MISSED, "")
    assert missed.detail == "no run for the moment 2026-03-02T11:00:00Z"


def test_a_run_that_never_ended_is_incomplete_unless_its_crash_was_injected() -> None:
    entry = listing(HOURLY, "10:00")
    runs = [Ran("a", "e", 1, at("10:00"), None), *log("11:00")]
    assert kinds(judged(entry, runs, "11:50")) == ["incomplete"]
    assert judged(entry, runs, "11:50", crashes=("a",)) == []
    assert judged(entry, runs[:1], "10:04") == [], "it may still go on"


def test_a_run_repeated_after_a_crash_is_not_extra_and_has_to_be_repeated() -> None:
    entry = listing(f"{HOURLY} on_crash rerun", "10:00")
    down = (Stretch(1, at("10:01"), at("10:20")),)
    begun = Ran("a", "e", 1, at("10:00"), None)
    again = Ran("a", "e", 1, at("10:20"), at("10:21"))
    rest = log("11:00")
    assert judged(entry, [begun, again, *rest], "11:50", outages=down, crashes=("a",)) == []
    assert judged(entry, [begun, again, *rest], "11:50", outages=down) == []
    found = judged(entry, [begun, *rest], "11:50", outages=down, crashes=("a",))
    assert kinds(found) == ["incomplete"]
    skips = listing(HOURLY, "10:00")
    found = judged(skips, [begun, again, *rest], "11:50", outages=down, crashes=("a",))
    assert kinds(found) == ["extra"]


BUSY = [
    pytest.param((Stretch(1, at("16:10"), at("17:30")),), [], id="down"),
    pytest.param((), [Ran("s", "session", 1, at("16:10"), at("17:30"), True)], id="by hand"),
]


@pytest.mark.parametrize(("outages", "work"), BUSY)
@pytest.mark.parametrize("epsilon", [0, 1])
@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("13:15 14:15 15:15 17:30 18:15", []),
        ("13:15 14:15 15:15 18:15", ["missed"]),
        ("13:15 14:15 15:15 17:30 17:30 18:15", ["extra"]),
        ("13:15 14:15 15:15 17:30 18:15 18:30", ["extra"]),
        ("13:15 14:15 15:15 17:30 18:30", ["late"]),
        ("13:15 14:15 17:30 18:15", ["missed"]),
        ("13:15 14:15 15:15 17:31 18:15", ["late"]),
    ],
)
def test_the_periodic_pointer_of_the_seed(
    starts: str, expected: list[str], outages: tuple[Stretch, ...], work: list[Ran], epsilon: float
) -> None:
    entry, runs = listing(HOURLY, "13:15"), work + log(*starts.split())
    assert kinds(judged(entry, runs, "19:00", outages=outages, epsilon=epsilon)) == expected


QUARTERS = [f"{m // 60}:{m % 60:02}" for m in range(13 * 60 + 15, 16 * 60 + 1, 15)]


@pytest.mark.parametrize("epsilon", [0, 1])
@pytest.mark.parametrize(
    ("policy", "until", "after", "expected"),
    [
        ("catch_up once", "17:30", "17:30 17:45", []),
        ("catch_up none", "17:30", "17:30 17:45", []),
        ("catch_up none", "17:32", "17:45", []),
        ("catch_up none", "17:32", "17:32 17:45", ["extra"]),
        ("catch_up all 3", "17:30", "17:30 17:30:30 17:31 17:45", []),
        ("catch_up all 3", "17:30", "17:30 17:30:30 17:45", ["missed"]),
        ("catch_up all 3", "17:30", "17:30 17:30:30 17:31 17:31:30 17:45", ["extra"]),
        ("catch_up once deadline 10m", "17:30", "17:30 17:45", []),
        ("catch_up once deadline 10m", "17:44", "17:45", []),
        ("catch_up once deadline 10m", "17:44", "17:44 17:45", ["extra"]),
        ("catch_up once", "17:44", "17:44 17:45", []),
        ("catch_up once", "17:44", "17:45", ["missed"]),
    ],
)
def test_what_missed_moments_become(
    policy: str, until: str, after: str, expected: list[str], epsilon: float
) -> None:
    entry = listing(f"periodic 00:15 {policy} overlap queue_one", "13:15")
    runs = [*log(*QUARTERS), *log(*after.split(), length=30)]
    runs = [replace(run, run=f"r{n}") for n, run in enumerate(runs)]
    down = (Stretch(None, at("16:10"), at(until)),)
    assert kinds(judged(entry, runs, "17:55", outages=down, epsilon=epsilon)) == expected


# --- single rules ------------------------------------------------------------


def test_what_was_seen_with_other_work_waits_its_turn() -> None:
    entry, other = (
        listing(f"daily start 10:00 {NONE}"),
        listing(f"daily start 10:00 {NONE}", entry="first"),
    )
    first = log("10:00", entry="first", length=600)
    served = log("10:10")
    for runs, expected in (([*first, *served], []), (first, ["missed"])):
        found = verify([other, entry], [], runs, at("12:00"), epsilon=0, longest=900)
        assert kinds(found) == expected


@pytest.mark.parametrize(
    ("starts", "expected"), [("10:00 10:20", []), ("10:00 10:12 10:20", ["extra"])]
)
def test_moments_of_its_own_run_are_not_run_where_overlap_is_skipped(
    starts: str, expected: list[str]
) -> None:
    entry = listing("periodic 00:10 overlap skip", "10:00")
    first, *others = log(*starts.split())
    runs = [replace(first, end=at("10:12")), *others]
    assert kinds(judged(entry, runs, "10:26", epsilon=0)) == expected


def test_a_late_run_waits_for_the_next_opening_of_its_window() -> None:
    entry = listing("daily window 10:00-11:00 overlap queue_one", "09:00")
    down = (Stretch(None, at("09:50"), at("12:00")),)
    tomorrow = at("10:00") + DAY
    now = tomorrow + 3_600
    runs = [Ran("a", "e", 1, tomorrow, tomorrow + 1)]
    assert verify([entry], down, runs, now, epsilon=0, longest=60) == []
    hasty = [*log("12:00"), *runs]
    assert kinds(verify([entry], down, hasty, now, epsilon=0, longest=60)) == ["extra"]
    eager = listing("daily window 10:00-11:00 overlap queue_one late_outside_window", "09:00")
    assert verify([eager], down, hasty, now, epsilon=0, longest=60) == []
    assert kinds(verify([eager], down, runs, now, epsilon=0, longest=60)) == ["missed"]


def test_a_window_that_is_still_open_is_on_time() -> None:
    entry = listing(f"daily window 10:00-11:00 {NONE}", "09:00")
    for until, starts, expected in (
        ("10:40", ("10:40",), []),
        ("10:40", (), ["missed"]),
        ("11:00", (), []),
        ("11:00", ("11:00",), ["extra"]),
    ):
        down = (Stretch(1, at("09:50"), at(until)),)
        found = judged(entry, log(*starts), "12:00", outages=down, epsilon=0)
        assert kinds(found) == expected, until


def test_what_was_taken_out_is_not_missed_after_that() -> None:
    down = (Stretch(1, at("10:30"), at("11:30")),)
    gone = listing(HOURLY, "10:00", until="11:20")
    assert judged(gone, log("10:00"), "13:00", outages=down) == []
    stayed = listing(HOURLY, "10:00", until="11:40")
    assert kinds(judged(stayed, log("10:00"), "13:00", outages=down)) == ["missed"]
    late = log("10:00", "11:30", "12:00")
    assert kinds(judged(stayed, late, "13:00", outages=down)) == ["extra"]


def test_an_entry_that_is_disabled_or_unknown_has_no_runs() -> None:
    disabled = listing(f"{HOURLY} disabled", "10:00")
    assert judged(disabled, [], "12:00") == []
    assert kinds(judged(disabled, log("10:00"), "12:00")) == ["extra"]
    unknown = log("10:30", entry="other")
    assert kinds(judged(listing(HOURLY, "10:00", until="10:10"), log("10:00") + unknown,
                        "12:00")) == ["extra"]  # fmt: skip


def test_two_at_once_on_a_task_or_of_an_entry_overlap() -> None:
    entry = listing(HOURLY, "10:00")
    going = log("10:00", length=100)
    other = [Ran("m", "other", 1, at("10:01"), at("10:02"), True)]
    assert kinds(judged(entry, going + other, "10:50")) == ["overlap"]
    elsewhere = [replace(other[0], task=2)]
    assert judged(entry, going + elsewhere, "10:50") == []
    twin = [Ran("t", "e", 2, at("10:01"), at("10:02"))]
    assert kinds(judged(entry, going + twin, "10:50")) == ["overlap", "wrong_node"]


def test_a_run_by_another_task_is_that_and_nothing_else() -> None:
    found = judged(listing(HOURLY, "10:00"), log("10:00", task=2), "10:50")
    assert kinds(found) == ["wrong_node"]
    assert found[0].detail == "run by task 2, which is for task 1"


def test_a_line_of_every_task_is_each_tasks_own() -> None:
    lines = [listing(HOURLY, "10:00", task=task) for task in (1, 2)]
    runs = log("10:00", length=9) + log("10:00", length=9, task=2)
    assert verify(lines, [], runs, at("10:50"), epsilon=0, longest=60) == []
    found = verify(lines, [], runs[:1], at("10:50"), epsilon=0, longest=60)
    assert kinds(found) == ["missed"]


def test_a_clock_set_back_asks_for_nothing_twice() -> None:
    entry = listing("periodic 00:10 overlap queue_one", "10:00")
    back = (Stretch(None, at("10:15"), at("10:45"), True),)
    outside = log("10:00", "10:10", "10:50", "11:00")
    once = log("10:20", "10:30", "10:40", length=60)
    for inside, expected in (
        (once, []),
        (once[1:], []),
        ([], ["missed"]),
        (once * 2, ["extra"] * 3),
    ):
        runs = [replace(run, run=f"r{n}") for n, run in enumerate(outside + inside)]
        found = judged(entry, runs, "11:06", outages=back, epsilon=0)
        assert kinds(found) == expected


def test_a_run_ends_before_it_begins_only_where_the_clock_was_set_back() -> None:
    entry = listing("periodic 00:10 overlap queue_one", "10:00")
    first, *others = log("10:00", "10:10", "10:20", "10:40")
    turned = replace(others[1], end=at("10:12"))
    ran = [first, others[0], turned, others[2]]
    back = (Stretch(None, at("10:11"), at("10:35"), True),)
    assert judged(entry, ran, "10:46", outages=back, epsilon=0) == []
    late = [replace(run, start=run.start + 7, end=run.start + 1) for run in ran]
    assert kinds(judged(entry, late, "10:29", epsilon=0)) == ["late"] * 3


def test_only_what_is_asked_about_is_judged() -> None:
    entry, runs = listing("periodic 00:10", "00:00"), log("22:00", "22:10", "22:20")
    args = {"epsilon": 1, "longest": 60}
    found = verify([entry], [], runs, at("22:25"), since=at("21:55"), **args)
    assert found == []
    found = verify([entry], [], runs, at("22:35"), since=at("21:45"), **args)
    assert [(v.kind.value, v.at) for v in found] == [
        ("missed", at("21:50")),
        ("missed", at("22:30")),
    ]


def test_a_run_of_what_passed_before_the_time_asked_about_is_no_surprise() -> None:
    entry, down = listing(HOURLY, "00:00"), (Stretch(1, at("09:30"), at("10:40")),)
    found = verify([entry], down, log("10:40"), at("10:50"), epsilon=0, longest=60,
                   since=at("10:30"))  # fmt: skip
    assert found == []
    found = verify([entry], down, [], at("10:50"), epsilon=0, longest=60, since=at("10:30"))
    assert kinds(found) == ["missed"]


# --- the matching ------------------------------------------------------------


def test_no_other_matching_serves_more_windows() -> None:
    rng = Random(4)
    for _ in range(cases(3_000)):
        windows = []
        for _ in range(rng.randrange(8)):
            start = rng.randrange(12)
            end = start + rng.randrange(6)
            windows.append(Window(start, end, Instant(start), rng.random() < 0.7))
        starts = sorted(rng.randrange(15) for _ in range(rng.randrange(8)))
        served = matched(windows, starts)
        pairs = [(w, run) for w, run in enumerate(served) if run is not None]
        assert len({run for _, run in pairs}) == len(pairs)
        assert all(windows[w].start <= starts[run] <= windows[w].end for w, run in pairs)
        assert len(pairs) == most_served([(w.start, w.end) for w in windows], starts)


# --- a daemon of its own -----------------------------------------------------


def verdicts(world: World, runs: list[Ran], epsilon: float) -> list[Verdict]:
    return verify(
        [item.listing for item in world.items],
        world.outages,
        runs,
        world.now,
        epsilon=epsilon,
        longest=LONGEST,
        crashes=world.crashes,
    )


SEEDS = st.integers(0, 2**32)


@settings(max_examples=cases(400), deadline=None)
@given(SEEDS)
def test_what_a_plain_daemon_does_is_right(seed: int) -> None:
    world = random_world(seed)
    assert verdicts(world, world.runs, 0) == []


@settings(max_examples=cases(300), deadline=None)
@given(SEEDS)
def test_what_a_hesitating_daemon_does_is_right_within_a_second(seed: int) -> None:
    world = random_world(seed, noise=0.49)
    assert verdicts(world, world.runs, 1) == []


def on_time(world: World, rng: Random) -> Ran | None:
    """A run that began when it was due, far from all other work, none of several."""
    kinds_of = {
        item.listing.entry: item.schedule.catch_up.kind
        for item in world.items
        if item.listing.until is None
    }
    found = [
        run
        for before, run, after in zip(world.runs, world.runs[1:], world.runs[2:], strict=False)
        if world.served.get(run.run) == int(run.start)
        and (before.end or world.now) < run.start - 300
        and after.start > run.start + 300
        and run.start < world.now - 2 * LONGEST
        and kinds_of.get(run.entry, CatchUpKind.ALL) is not CatchUpKind.ALL
    ]
    return rng.choice(found) if found else None


@pytest.mark.parametrize("epsilon", [0, 1])
@pytest.mark.parametrize("fault", ["drop", "double", "early", "late", "move"])
def test_a_log_made_wrong_is_found_out(fault: str, epsilon: float) -> None:
    expected = {
        "drop": Kind.MISSED,
        "double": Kind.EXTRA,
        "early": Kind.EARLY,
        "late": Kind.LATE,
        "move": Kind.WRONG_NODE,
    }[fault]
    tried = 0
    for seed in range(cases(150)):
        world = random_world(seed, noise=0.49 * epsilon, quiet=True)
        assert verdicts(world, world.runs, epsilon) == []
        chosen = on_time(world, Random(seed))
        if chosen is None:
            continue
        tried += 1
        others = [run for run in world.runs if run is not chosen]
        shift = {"early": -120, "late": 120}.get(fault, 0)
        wrong = replace(chosen, start=chosen.start + shift, end=(chosen.end or 0) + shift)
        if fault == "move":
            wrong = replace(chosen, task=2)
        made = {"drop": others, "double": [*world.runs, replace(wrong, run="twin")]}
        found = verdicts(world, made.get(fault, [*others, wrong]), epsilon)
        about = [v for v in found if v.kind is not Kind.OVERLAP]
        assert [v.kind for v in about] == [expected], (seed, chosen, found)
        assert about[0].entry == chosen.entry
    assert tried > cases(150) // 2


def test_verdicts_do_not_depend_on_the_order_of_what_is_given() -> None:
    rng = Random(1)
    found = 0
    for seed in range(20):
        world = random_world(seed)
        runs = [run for run in world.runs if rng.random() < 0.9]
        first = verdicts(world, runs, 0)
        assert first == sorted(first)
        found += len(first)
        rng.shuffle(runs)
        rng.shuffle(world.items)
        rng.shuffle(world.outages)
        assert verdicts(world, runs, 0) == first
    assert found > 100


def test_the_judgement_grows_with_the_runs_and_not_with_their_square() -> None:
    texts = ["periodic 01:00", "daily start 05:00", "daily window 08:00-12:00", "periodic 01:45"]
    lines = [
        listing(f"{texts[n % 4]} overlap queue_one", f"00:{n:02}", entry=f"e{n}") for n in range(20)
    ]

    def judge(days: int) -> None:
        end = MIDNIGHT + days * DAY
        runs = [
            Ran(f"{one.entry}.{o.due}", one.entry, 1, o.due, o.due)
            for one in lines
            for o in one.timetable.moments(Instant(MIDNIGHT), Instant(end)).openings
        ]
        assert len(runs) > 190 * days
        begin = at("03:00:30")
        down = [Stretch(1, begin + n * 3_600, begin + n * 3_600 + 10) for n in range(20 * days)]
        assert verify(lines, down, runs, end, epsilon=0, longest=60) == []

    assert growth(judge, 2, 16) < 20
