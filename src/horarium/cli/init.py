"""``horarium init``: writes a commented site and says what to do next."""

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from horarium.cli.exits import CannotWrite
from horarium.cli.invocation import Invocation, pass_invocation

SITE = "@SITE@"
"""In a text, the place of the folder of the site."""


@click.command(
    help="Write a new site: commented settings and objects. Never overwrites.\n\n"
    "\b\nExample:\n  horarium init --site ./site --example"
)
@click.option("--example", is_flag=True, help="with rooms, cars and people, ready to serve")
@click.option(
    "--authserv",
    metavar="NAME",
    help="the mail system's name in Authentication-Results; resources then require DMARC",
)
@pass_invocation
def command(invocation: Invocation, example: bool, authserv: str | None) -> None:
    """Write the files of a new site below the site folder."""
    root = invocation.site.root
    if authserv is not None and not authserv.replace("-", "").replace(".", "").isalnum():
        raise click.UsageError(f"--authserv: not a host name: {authserv}")
    source = files("horarium.cli").joinpath("sites", "example" if example else "plain")
    texts = {
        name: _filled(text, authserv).replace(SITE, str(root)) for name, text in _texts(source)
    }
    present = [name for name in texts if (root / name).exists()]
    if present:
        raise CannotWrite(f"{root / present[0]} is there already: nothing was written")
    for name, text in texts.items():
        _write(root / name, text)
    steps = _steps(invocation)
    invocation.emit(
        {"site": str(root), "written": sorted(texts), "next": steps},
        "\n".join(
            [f"wrote {root / name}" for name in sorted(texts)]
            + ["", "next:", *(f"  {step}" for step in steps)]
        ),
    )


def _texts(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".toml", ".ctl", ".sh", ".csv")):
            found.append((prefix + entry.name, entry.read_text("utf-8")))
    return sorted(found)


def _filled(text: str, authserv: str | None) -> str:
    """With the name of the authenticating mail system, the lines about it take effect."""
    if authserv is None:
        return text
    return text.replace(
        '#trusted_authserv = ["mx.example.com"]', f'trusted_authserv = ["{authserv}"]'
    ).replace('#require_auth = "dmarc"', 'require_auth = "dmarc"')


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o700 if path.suffix == ".sh" else 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CannotWrite(f"{path}: {(error.strerror or str(error)).lower()}") from error


def _steps(invocation: Invocation) -> list[str]:
    root = invocation.site.root
    option = f"--site {root} " if invocation.options.site else ""
    return [
        f"horarium {option}apply {root / 'objects'}",
        f"horarium {option}check",
        f"horarium {option}serve",
    ]
