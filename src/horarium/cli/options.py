"""The options that every command takes, before or after its name."""

from typing import NamedTuple

# `--testing` is shown nowhere: it lets tests end the process at chosen places.
_FLAGS = {"--json": "json", "--quiet": "quiet", "--testing": "testing"}
_VALUES = {"--site": "site", "--now": "now"}


class Options(NamedTuple):
    """``site`` and ``now`` as written, None when not given."""

    site: str | None = None
    json: bool = False
    now: str | None = None
    quiet: bool = False
    testing: bool = False


class MissingValue(Exception):
    """An option that needs a value stands last."""


def split_options(arguments: list[str]) -> tuple[Options, list[str]]:
    """The common options among ``arguments``, and everything else in its order. What stands
    after ``--`` is left alone. MissingValue names an option without its value."""
    found: dict[str, str | bool] = {}
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        argument = queue.pop(0)
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *queue]
            break
        if argument in _FLAGS:
            found[_FLAGS[argument]] = True
        elif name in _VALUES and (equals or queue):
            found[_VALUES[name]] = value if equals else queue.pop(0)
        elif name in _VALUES:
            raise MissingValue(f"the option {name} needs a value")
        else:
            rest.append(argument)
    return Options(**found), rest  # type: ignore[arg-type]
