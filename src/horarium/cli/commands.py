"""The commands: name, the module that holds it as ``command``, and one line for the help."""

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("horarium.cli.init", "write a new site"),
    "check": ("horarium.cli.check", "say what is wrong with settings and objects"),
    "mail": ("horarium.cli.mail", "lines for the mail system's configuration"),
}
