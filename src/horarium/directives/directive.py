"""The directives of a control file: their keywords, their shapes, and one typed entry a line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from horarium.directives.address import AddressList, NodeAddress
from horarium.directives.timespec import TimeSpec


class Kind(Enum):
    """What a keyword is: something done at moments, something that holds during windows, or a
    rule that says where mail or files go."""

    TIMED = "timed"
    STATE = "state"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: its kind, the shape of its arguments, and what may stand beside it.

    `shape` names the arguments in order: `list`, `list?`, `file`, `command`, `number`, `setting`,
    `minutes`, `flavour`, `address`, `route`. `periodic` tells whether the periodic pointer may be
    its time; `master` that only the Master does it, prefix or not.
    """

    name: str
    kind: Kind
    shape: tuple[str, ...]
    periodic: bool = False
    master: bool = False
    most: int = 0


def _timed(
    name: str, *shape: str, periodic: bool = True, master: bool = False, most: int = 0
) -> Keyword:
    return Keyword(name, Kind.TIMED, shape, periodic, master, most)


def _state(name: str, *shape: str, most: int = 0) -> Keyword:
    return Keyword(name, Kind.STATE, (*shape, "list"), most=most)


def _route(name: str) -> Keyword:
    return Keyword(name, Kind.ROUTE, ("route",))


KEYWORDS: dict[str, Keyword] = {
    keyword.name.lower(): keyword
    for keyword in (
        _timed("Poll", "list", master=True),
        _timed("Drop", "list?", master=True),
        _timed("Break", "list?", periodic=False),
        _timed("Send", "file", "list"),
        _timed("Post", "file", "list"),
        _timed("Freq", "file", "list"),
        _timed("UpdFreq", "file", "list"),
        _timed("Exec", "command"),
        _timed("Exit", "number", most=255),
        _timed("Repack", master=True),
        _timed("Set", "setting"),
        *(
            _state(name)
            for name in (
                "Hold", "Freeze", "Direct", "MailOnly", "SendOnly", "NoReq", "Deny",
                "RestoreIn", "RestoreOut", "Boss",
            )
        ),
        _state("LimitIn", "minutes", most=1_440),
        _state("LimitOut", "minutes", most=1_440),
        _state("Priority", "number", most=255),
        _state("Flavor", "flavour"),
        _state("Share", "address"),
        *(_route(name) for name in ("Mail-For", "Files-For", "Mail-From", "Files-From")),
    )
}  # fmt: skip
ALIASES = {"mail": "mail-for", "files": "files-for", "pack": "repack"}
FLAVOURS = ("immediate", "crash", "direct", "normal", "hold")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a directive; those its shape has not are None or empty."""

    addresses: AddressList | None = None
    file: str | None = None
    command: tuple[str, ...] = ()
    shell: bool = False
    number: int | None = None
    setting: str | None = None
    flavour: str | None = None
    address: NodeAddress | None = None
    destination: NodeAddress | None = None
    to_hub: bool = False


@dataclass(frozen=True, slots=True)
class Directive:
    """One line of a control file.

    `text` is the line as written without its comment; `task` the number of its prefix. `key` is
    its identity over restarts and edits: two lines that differ only in case, blanks or comments
    have one key, told apart by their order.
    """

    line: int
    text: str
    keyword: Keyword
    arguments: Arguments
    when: TimeSpec | None
    key: str
    task: int | None = None
    critical: bool = False
    warnings: tuple[str, ...] = field(default=(), compare=False)
