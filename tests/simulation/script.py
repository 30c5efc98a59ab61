"""The script of a simulated world: what stands in its timetable, and what befalls it.

One number makes a script; the same number makes the same one. A script is plain data, so that what
is not needed for a failure can be taken out of it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR, DAY = 3_600, 86_400

# Midnights (UTC) two days before a change of the clocks, and two far from any.
STARTS = {
    "Europe/Paris": (1_774_483_200, 1_792_627_200, 1_782_864_000),
    "America/New_York": (1_772_668_800, 1_793_232_000, 1_768_435_200),
    "Australia/Lord_Howe": (1_775_001_600, 1_790_726_400, 1_780_272_000),
}

# Where a daemon may be killed; the first six lie inside or around its transactions.
POINTS = (
    "due-read", "firing-inserted", "advanced", "before-commit", "after-commit",
    "before-finished", "started", "effect-done",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Op:
    """Something that befalls the world `at` so many elapsed seconds after its beginning.

    `kill`: the daemon dies, back after `length`; `crash`: it dies when it next passes `name`, back
    after `length`; `jump`: the wall clock is set by `length` seconds; `lost`: the store can not be
    had for `length`; `edit`: the control file becomes number `length` of the script's files;
    `broken`: it becomes one that can not be read; `spell`: its words are written otherwise.
    """

    at: int
    kind: str
    length: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """A whole world: zone, first instant, length in seconds, control files in their order of
    coming, declared directives, how long each program runs, and what befalls it."""

    seed: int
    zone: str
    start: int
    length: int
    files: tuple[tuple[str, ...], ...]
    declared: Mapping[str, Mapping[str, object]]
    lasting: Mapping[str, tuple[int, ...]]
    ops: tuple[Op, ...] = field(default=())


def script(seed: int) -> Script:
    """The world of a number."""
    dice = random.Random(f"horarium {seed}")
    zone = dice.choice(list(STARTS))
    start = dice.choice(STARTS[zone]) + dice.randrange(DAY)
    length = dice.choice((2, 2, 2, 3)) * DAY
    names = [f"p{number}" for number in range(dice.randint(16, 24))]
    first = tuple(_line(dice, name) for name in names)
    files = [first]
    for _ in range(dice.randint(1, 3)):
        files.append(_edited(dice, files[-1]))
    declared = {f"d{number}": _declared(dice, f"d{number}") for number in range(dice.randint(4, 8))}
    # Some worlds are calm, some are full of one kind of trouble: so rare pairs meet.
    share = {
        kind: dice.choice((0, 1, 1, 4)) for kind in ("kill", "crash", "jump", "lost", "broken")
    }
    return Script(
        seed=seed,
        zone=zone,
        start=start,
        length=length,
        files=tuple(files),
        declared=declared,
        lasting={f"p{n}": _lasting(dice) for n in range(len(names) + 4)}
        | {name: _lasting(dice) for name in declared},
        ops=_ops(dice, length, len(files), share),
    )


def _lasting(dice: random.Random) -> tuple[int, ...]:
    """How long the runs of a program take, in turn."""
    usual = dice.choice(((0, 9), (0, 9), (30, 200), (600, 5_000)))
    return tuple(dice.randint(*usual) for _ in range(5))


def _clock(dice: random.Random) -> str:
    # Many moments at few times: entries meet at one instant, and in the nights of the change.
    hour = dice.choice((1, 2, 2, 3, 6, 8, 12, 17, dice.randrange(24)))
    return f"{hour}:{dice.choice((0, 0, 15, 30, dice.randrange(60))):02}"


def _line(dice: random.Random, name: str) -> str:
    task = dice.choice(("", "", "", "[2]", "[3]"))
    day = dice.choice(("", "", "", f"{dice.randrange(7)}."))
    critical = dice.choice(("", "", "Critical "))
    kind = dice.randrange(12)
    if kind < 4:
        return f"{task}{critical}Exec {name} {day}{_clock(dice)}"
    if kind < 6:
        return f"{task}{critical}Exec {name} {day}{_clock(dice)}-{_clock(dice)}"
    if kind < 10:
        minutes = dice.choice((7, 45, 60, 90, 120, 180, 240, 360, dice.randint(30, 900)))
        return f"{task}Exec {name} P.{minutes // 60:02}:{minutes % 60:02}"
    if kind == 10:
        return f"Poll 5030/{name[1:]} {dice.choice((_clock(dice), 'P.02:00', 'P.07:30'))}"
    return dice.choice((f"Exit {dice.randint(0, 255)} {_clock(dice)}", f"Set V=1 {_clock(dice)}"))


def _edited(dice: random.Random, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines after an edit: one or two gone, changed or new, now and then moved about."""
    found = list(lines)
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(found))
        match dice.randrange(4):
            case 0:
                del found[place]
            case 1:
                found[place] = _line(dice, f"p{place}")
            case 2:
                found.insert(place, _line(dice, f"p{dice.randrange(16)}"))
            case _:
                dice.shuffle(found)
    return tuple(found)


def _declared(dice: random.Random, name: str) -> dict[str, object]:
    schedule = dice.choice(
        (
            {"type": "interval", "every": f"{dice.randint(40, 700)}m"},
            {"type": "daily", "start": _clock(dice).rjust(5, "0")},
            {
                "type": "daily",
                "start": "06:00",
                "end": "11:00",
                "repeat": f"{dice.randint(31, 90)}m",
            },
            {"type": "cron", "cron": f"{dice.randrange(60)} */{dice.randint(2, 7)} * * *"},
            {"type": "daily", "start": "01:00", "end": "05:00", "random": True},
            {"type": "weekly", "day": "sun", "start": "02:30", "end_day": "mon", "end": "02:15"},
        )
    )
    found: dict[str, object] = {
        "run": [name],
        "schedule": schedule,
        "task": dice.choice((1, 1, 2)),
        "catch_up": dice.choice(("once", "once", "none")),
        "overlap": dice.choice(("skip", "queue_one")),
        "on_crash": dice.choice(("skip", "rerun")),
    }
    if "end" not in schedule and dice.random() < 0.3:
        found["catch_up"] = {"all": 3, "within": "1d"}
    if dice.random() < 0.2:
        found["deadline"] = f"{dice.randint(5, 90)}m"
    return found


def _ops(dice: random.Random, length: int, files: int, share: Mapping[str, int]) -> tuple[Op, ...]:
    found = [Op(dice.randrange(length), "edit", number) for number in range(1, files)]
    found.append(Op(dice.randrange(length), "spell"))
    for _ in range(share["kill"] * dice.randint(1, 3)):
        found.append(Op(dice.randrange(length), "kill", _away(dice)))
    for _ in range(share["crash"] * dice.randint(1, 3)):
        found.append(Op(dice.randrange(length), "crash", _away(dice), dice.choice(POINTS)))
    for _ in range(share["jump"]):
        step = dice.choice((HOUR, DAY, -HOUR, -DAY, 90, -90, dice.randint(-3 * HOUR, 3 * HOUR)))
        found.append(Op(dice.randrange(length), "jump", step))
    for _ in range(share["lost"]):
        found.append(Op(dice.randrange(length), "lost", dice.choice((60, 900, 2 * HOUR))))
    for _ in range(share["broken"]):
        found.append(Op(dice.randrange(length), "broken"))
    # What edits bring comes in its order, whatever the dice said of their times.
    edits = sorted(op.at for op in found if op.kind == "edit")
    ordered = iter(edits)
    return tuple(sorted(
        Op(next(ordered), "edit", op.length) if op.kind == "edit" else op
        for op in sorted(found, key=lambda op: (op.kind != "edit", op.length))
    ))  # fmt: skip


def _away(dice: random.Random) -> int:
    return dice.choice((0, 1, 5, 30, 600, 2 * HOUR, dice.randint(0, 10 * HOUR)))
