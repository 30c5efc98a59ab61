"""The commands: name, the module that holds it as ``command``, and one line for the help."""

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("horarium.cli.init", "write a new site"),
    "apply": ("horarium.cli.apply", "make declared objects take effect"),
    "deliver": ("horarium.cli.deliver_help", "take one message from standard input"),
    "check": ("horarium.cli.check", "say what is wrong with settings and objects"),
    "mail": ("horarium.cli.mail", "lines for the mail system's configuration"),
}
