"""The hand-over of a message to a running daemon, for the front ends.

They reach transports through the runtime only; this module is that way and nothing else, so that
the per-message program stays light.
"""

from horarium.transport.handover import (
    Answer,
    BrokenHandover,
    Handover,
    NoDaemon,
    hand_over,
)

__all__ = ["Answer", "BrokenHandover", "Handover", "NoDaemon", "hand_over"]
