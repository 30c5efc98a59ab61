"""``horarium deliver``: one message on standard input, as a mail system's pipe runs it.

It starts once for each message, so it imports next to nothing: a running daemon gets the message
through its socket, and only without one the store is opened here.
"""

import os
import sys
from pathlib import Path

from horarium.cli.options import Options
from horarium.runtime.handover import Answer, BrokenHandover, Handover, NoDaemon, hand_over
from horarium.runtime.site import Site, find_site

_USAGE = 64
_TRY_AGAIN = 75
_KINDS = {_USAGE: "usage", 67: "no_user", _TRY_AGAIN: "unavailable"}
# Larger than any message that a site takes; what is longer is refused there with its reason.
_MOST_OCTETS = 1 << 28


class _Wrong(Exception):
    """The command line can not be understood."""


def main(options: Options, arguments: list[str]) -> int:
    """Hand one message over, or handle it here; the status is the mail system's."""
    try:
        recipients, sender, flags = _parse(arguments)
    except _Wrong as error:
        return _fail(options, _USAGE, str(error))
    data = sys.stdin.buffer.read(_MOST_OCTETS)
    site = find_site(options.site, os.environ, Path.cwd())
    handover = Handover(tuple(recipients), sender, data, "--outgoing" in flags, "--emit" in flags)
    try:
        found = _hand_over(site, handover, options) or _alone(options, handover)
    except BrokenHandover as error:
        return _fail(options, _TRY_AGAIN, str(error))
    return found if isinstance(found, int) else _tell(found, handover, options)


def _tell(answer: Answer, handover: Handover, options: Options) -> int:
    sys.stdout.buffer.write(answer.output)
    sys.stdout.buffer.flush()
    if options.json and answer.status:
        _document(_error(answer.status, answer.text))
    elif options.json and not handover.emit:
        _document({"handled": answer.text.splitlines()})
    elif answer.text and (answer.status or not options.quiet):
        print(answer.text, file=sys.stderr)
    return answer.status


def _fail(options: Options, status: int, message: str) -> int:
    if options.json:
        _document(_error(status, message))
    print(f"horarium: {message}", file=sys.stderr)
    return status


def _error(status: int, message: str) -> dict[str, object]:
    kind = _KINDS.get(status, "internal")
    return {"error": {"kind": kind, "message": message, "file": None, "line": None}}


def _document(document: dict[str, object]) -> None:
    import json

    print(json.dumps(document, ensure_ascii=False), flush=True)


def _parse(arguments: list[str]) -> tuple[list[str], str | None, set[str]]:
    recipients: list[str] = []
    sender: str | None = None
    flags: set[str] = set()
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        if word in ("--outgoing", "--emit"):
            flags.add(word)
        elif name in ("-r", "--recipient", "-s", "--sender"):
            if not equals and not queue:
                raise _Wrong(f"the option {name} needs a value")
            chosen = value if equals else queue.pop(0)
            if name in ("-r", "--recipient"):
                recipients.append(chosen)
            else:
                sender = envelope_sender(chosen)
        else:
            raise _Wrong(f"deliver does not know {word}")
    return recipients, sender, flags


def envelope_sender(text: str) -> str:
    """An envelope's sender, written with its brackets or without; "" for the null one."""
    return text.strip("<>")


def _hand_over(site: Site, handover: Handover, options: Options) -> Answer | None:
    """The daemon's answer; None when there is no daemon, or a present of one's own was named."""
    if options.now is not None:
        return None
    try:
        return hand_over(str(site.handover_socket), handover)
    except NoDaemon:
        return None


def _alone(options: Options, handover: Handover) -> Answer | int:
    from horarium.cli.invocation import Invocation
    from horarium.cli.output import report
    from horarium.kernel.errors import HorariumError
    from horarium.runtime.delivering import deliver_all
    from horarium.runtime.wiring import open_agent

    invocation = Invocation(options)
    try:
        agent = open_agent(invocation.site, invocation.settings, invocation.clock)
        return deliver_all(
            agent,
            handover.sender,
            handover.recipients,
            handover.data,
            invocation.clock.now(),
            emit=handover.emit,
            outgoing=handover.outgoing,
        )
    except (HorariumError, OSError) as error:
        # The mail system must keep the message until the operator has mended this.
        report(options, error)
        return _TRY_AGAIN
