"""The commands: name, the module that holds it (as ``command``, or as named after a colon), and one
line for the help."""

COMMANDS: dict[str, tuple[str, str]] = {
    "open": ("horarium.cli.questions:open_command", "what is open of an object"),
    "next": ("horarium.cli.questions:next_command", "what is next of an object"),
    "why": ("horarium.cli.questions:why_command", "why it is open or not, booked or refused"),
    "agenda": ("horarium.cli.agenda", "everything the timetable knows, in one list"),
    "init": ("horarium.cli.init", "write a new site"),
    "apply": ("horarium.cli.apply", "make declared objects take effect"),
    "serve": ("horarium.cli.serve", "take mail, answer it, keep the timetable"),
    "reload": ("horarium.cli.reload", "let the daemon read its settings anew"),
    "upkeep": ("horarium.cli.upkeep", "the daily pass, by hand or from cron"),
    "doctor": ("horarium.cli.doctor", "how the service is, with remedies"),
    "export": ("horarium.cli.export", "the objects in force, as a file"),
    "import": ("horarium.cli.import_", "take existing bookings over"),
    "resource": ("horarium.cli.resource", "the resources and their preferences"),
    "booking": ("horarium.cli.booking", "the events that resources hold, and why"),
    "approval": ("horarium.cli.approval", "what waits for a person's word"),
    "appointer": ("horarium.cli.appointer", "who gives appointments, and the next slot"),
    "assistant": ("horarium.cli.assistant", "appointers that are used in turn"),
    "freebusy": ("horarium.cli.freebusy", "when resources are busy"),
    "quota": ("horarium.cli.quota", "what organizers may use of resources, and do"),
    "directives": (
        "horarium.cli.directives",
        "the timetable of directives: check, foresee, run, explain",
    ),
    "verify-firings": ("horarium.cli.verify_firings", "whether what ran is what was demanded"),
    "schedule": ("horarium.cli.schedule", "what a schedule will do, and why"),
    "outbox": ("horarium.cli.outbox", "the mails that leave"),
    "deliver": ("horarium.cli.deliver_help", "take one message from standard input"),
    "check": ("horarium.cli.check", "say what is wrong with settings and objects"),
    "mail": ("horarium.cli.mail", "lines for the mail system's configuration"),
}
