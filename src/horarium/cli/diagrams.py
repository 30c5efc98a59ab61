"""Diagrams as commands print them."""

from horarium.booking.diagram import Diagram
from horarium.booking.diagram_dot import to_dot
from horarium.booking.diagram_svg import to_svg


def drawn_as(form: str, diagram: Diagram) -> str:
    """The text of a diagram: ``form`` is ``svg`` or ``dot``."""
    return to_svg(diagram) if form == "svg" else to_dot(diagram)
