"""The help of ``horarium deliver``; the command itself runs without click (``deliver``)."""

import click


@click.command(
    help="Handle one message on standard input for each recipient.\n\n"
    "\b\nExample:\n  horarium deliver -s paul@example.com -r room@example.com < invitation.eml"
)
@click.option("-r", "--recipient", multiple=True, help="whom the message is for; may be repeated")
@click.option("-s", "--sender", help="the envelope sender; '<>' is the null one")
@click.option("--outgoing", is_flag=True, help="the message is the copy of one that goes out")
@click.option("--emit", is_flag=True, help="print the answers as an mbox instead of queueing them")
def command(**_: object) -> None:
    """Only the help is shown from here."""
